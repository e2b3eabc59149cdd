"""The leaderboard: the read store in memory, the one way to a page, and boards of the past."""
