"""What a replay says, and whether it is of a match."""
