"""Ratings that know the player: one strength, and a leaning for each race."""
