"""Work that has to be done once, and what becomes of it."""
