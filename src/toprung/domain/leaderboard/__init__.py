"""The board: who stands where, by definition and in microseconds."""
