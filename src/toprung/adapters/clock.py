"""The system's clock, and one that stands still."""

import time


class SystemClock:
    """Implements `Clock`."""

    def now_us(self) -> int:
        """See `Clock`."""
        return time.time_ns() // 1_000


class FixedClock:
    """Implements `Clock` for a look at the ladder as if it were another moment."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """See `Clock`."""
        return self._now_us
