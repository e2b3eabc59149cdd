"""From where on something is unusual enough to be shown."""

from dataclasses import dataclass
from typing import Final

DAYS_DEFAULT: Final = 90
"""Where no season runs, so many days are looked at."""

DAYS_MAX: Final = 3_650


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """How strong a signal has to be, and below how many seconds a game is a short one.

    What the signals' limits cost in honest players who are shown is in `by_chance`.
    """

    pair_signal: float = 3.8
    player_signal: float = 3.5
    short_seconds: float = 120.0
