"""The leaderboard in Discord."""
