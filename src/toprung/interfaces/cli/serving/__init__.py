"""Commands that serve a ladder."""
