"""Storage on SQLite and PostgreSQL through one set of SQLAlchemy Core statements."""
