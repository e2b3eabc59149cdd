"""The right to be the one writer, and what becomes of work while it is in doubt."""
