"""How well rating systems foretell results, and which constants foretell best."""
