"""How far long work has come."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told how many rows of how many are done; may be called from another thread."""
