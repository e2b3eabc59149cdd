"""Matches: their life, as data and pure functions."""
