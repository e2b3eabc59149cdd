"""Ratings once they are given: corrected, set by hand, played again, judged and verified; seasons."""
