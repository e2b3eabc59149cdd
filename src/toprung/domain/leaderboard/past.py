"""Looking back: which moment of the ladder is meant, and how far back movements reach."""

import re
from dataclasses import dataclass
from typing import Final

from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, from_iso, to_iso

_MINUTE_US: Final = 60 * MICROSECONDS_PER_SECOND
_UNITS_US: Final = {"h": 60 * _MINUTE_US, "d": MICROSECONDS_PER_DAY, "w": 7 * MICROSECONDS_PER_DAY}
_AGO: Final = re.compile(r"([1-9][0-9]{0,3})([hdw])")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMoment:
    """A moment of the ladder: as it stood then or, corrected, with what is known of it since."""

    at_us: int
    is_corrected: bool = False


@dataclass(frozen=True, slots=True)
class Since:
    """The start of a stretch of time: a moment, or so many microseconds before whatever is looked at.

    `text` is the one way to write it.
    """

    text: str
    at_us: int | None = None
    ago_us: int = 0

    def before(self, moment_us: int) -> int:
        """The moment that is meant by who looks at `moment_us`. One that moves along does so by whole minutes."""
        return (moment_us - self.ago_us) // _MINUTE_US * _MINUTE_US if self.at_us is None else self.at_us


def parse_since(text: str) -> Since:
    """What `7d`, `24h`, `2w` or an ISO 8601 time says. Raises ValueError."""
    match = _AGO.fullmatch(text.strip().casefold())
    if match is not None:
        return Since(match[0], ago_us=int(match[1]) * _UNITS_US[match[2]])
    try:
        at_us = from_iso(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a stretch such as 7d, 24h or 2w nor a time like 2026-01-31T18:00:00Z"
        ) from None
    return Since(to_iso(at_us), at_us=at_us)
