"""A ladder in PostgreSQL."""
