"""The command line, on a ladder in memory."""
