"""A look at a season's games for what is unusual. It accuses nobody: honest players come to look so by chance."""
