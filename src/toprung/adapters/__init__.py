"""The back ends: what the application's ports are in the real world."""
