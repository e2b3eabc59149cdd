"""Commands about the queue of work."""
