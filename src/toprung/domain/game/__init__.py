"""One game: its static data, its places and its maps."""
