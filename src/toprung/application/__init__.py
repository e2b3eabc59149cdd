"""Use cases, the ports they need, and the in-memory read store."""
