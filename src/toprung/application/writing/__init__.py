"""The way every write takes: one transaction, its audit row, then its events."""
