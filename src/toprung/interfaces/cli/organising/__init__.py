"""Commands for organisers alone."""
