"""Players: who they are, what they set up, and what is shown of them."""
