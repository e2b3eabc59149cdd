"""The durable queue of work."""
