"""Replays: taken in, read by somebody who can be killed, judged, and made claims of."""
