"""Toprung: the ladder for competitive 1v1 communities."""

__version__ = "0.1.0"
