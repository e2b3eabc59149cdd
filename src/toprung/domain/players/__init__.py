"""Players: names, countries, and what is kept of those who left."""
