"""Matches in Discord."""
