"""The child process that reads replays: the one place where a byte of a replay is parsed."""
