"""What comes in from elsewhere and what is taken out: files of entries and games, the demonstration."""
