"""The time, from outside."""

from typing import Protocol

from toprung.domain.jobs.job import BootMoment


class Clock(Protocol):
    """The time, for people and rules."""

    def now_us(self) -> int:
        """The moment it is."""
        ...


class SteadyTime(Clock, Protocol):
    """A time that goes on evenly while the machine's clock is set, until it is told to follow."""

    def step_us(self) -> int:
        """By how much the machine's clock was set since this one followed it last; ahead is more than nothing."""
        ...

    def follow(self, step_us: int) -> None:
        """Is so much later from now on, or earlier for less than nothing."""
        ...


class BootClock(Protocol):
    """The time that no change of the machine's clock moves, for leases and waiting."""

    def now(self) -> BootMoment:
        """The moment it is."""
        ...
