"""The SQL behind each repository, the same on both databases."""
