"""Working at the jobs of the queue."""
