"""Commands about ratings and seasons."""
