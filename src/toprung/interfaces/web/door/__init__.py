"""What every request passes: connections, limits, tokens, errors."""
