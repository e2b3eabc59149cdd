"""What every page has: files, live events, and answers that are drawn once."""
