"""Lives with seasons, and the boards of their past."""
