"""Replays in Discord."""
