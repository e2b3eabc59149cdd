"""Ratings: the systems, the log of every change, and why one happened."""
