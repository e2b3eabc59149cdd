"""A ladder in one SQLite file."""
