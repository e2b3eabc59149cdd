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


class TurnedClock:
    """Implements `Clock` for a made-up past: it stands where it was turned to, and else says the system's time."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self._turned_us: int | None = None

    def turn(self, moment_us: int | None) -> None:
        """Makes it another moment; None lets the clock run again."""
        self._turned_us = moment_us

    def now_us(self) -> int:
        """See `Clock`."""
        return self._system.now_us() if self._turned_us is None else self._turned_us
