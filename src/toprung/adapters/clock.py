"""The system's clock, and one that stands still."""

import time

from toprung.application.ports.clock import BootClock, Clock


class SystemClock:
    """Implements `Clock`."""

    def now_us(self) -> int:
        """See `Clock`."""
        return time.time_ns() // 1_000


class SteadyClock:
    """Implements `SteadyTime`: the machine's clock as it was at the start, and what passed since by one nobody can set.

    So nothing happens to anybody in the instant in which the clock is set (by an operator, by NTP, when a virtual
    machine goes on); what that means for deadlines is settled first.
    """

    def __init__(self, wall: Clock, boot: BootClock) -> None:
        self._wall = wall
        self._boot = boot
        self._ahead_us = wall.now_us() - boot.now().us

    def now_us(self) -> int:
        """See `Clock`."""
        return self._boot.now().us + self._ahead_us

    def step_us(self) -> int:
        """See `SteadyTime`."""
        return self._wall.now_us() - self.now_us()

    def follow(self, step_us: int) -> None:
        """See `SteadyTime`."""
        self._ahead_us += step_us


class FixedClock:
    """Implements `Clock` for a look at the ladder as if it were another moment."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """See `Clock`."""
        return self._now_us


class TurnedClock:
    """Implements `Clock` for a made-up past: it stands where it was turned to, and else says the system's time."""

    def __init__(self, system: Clock) -> None:
        self._system = system
        self._turned_us: int | None = None

    def turn(self, moment_us: int | None) -> None:
        """Makes it another moment; None lets the clock run again."""
        self._turned_us = moment_us

    def now_us(self) -> int:
        """See `Clock`."""
        return self._system.now_us() if self._turned_us is None else self._turned_us
