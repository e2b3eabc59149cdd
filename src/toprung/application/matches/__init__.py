"""Matches: how they begin, what takes them further, and what a step brings with it."""
