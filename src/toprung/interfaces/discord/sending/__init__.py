"""How messages get to Discord, and what it may refuse."""
