"""Values and rules: no I/O, no clock, no chance but what is passed in."""
