"""The rating systems that a ladder may be rated by, behind one interface."""
