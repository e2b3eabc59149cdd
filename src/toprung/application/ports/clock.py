"""The time, from outside."""

from typing import Protocol


class Clock(Protocol):
    """The time, for people and rules."""

    def now_us(self) -> int:
        """The moment it is."""
        ...
