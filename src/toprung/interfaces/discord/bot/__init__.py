"""The bot: its connection, its commands, and what it keeps up to date."""
