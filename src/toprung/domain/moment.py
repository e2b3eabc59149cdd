"""Moments: whole microseconds since 1970-01-01T00:00:00Z, so that storage, arithmetic and columns agree exactly."""

from datetime import UTC, datetime, timedelta
from typing import Final

MICROSECONDS_PER_SECOND: Final = 1_000_000
MICROSECONDS_PER_DAY: Final = 86_400 * MICROSECONDS_PER_SECOND

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)


def to_datetime(moment_us: int) -> datetime:
    """The aware UTC datetime of a moment."""
    return _EPOCH + timedelta(microseconds=moment_us)


def from_datetime(value: datetime) -> int:
    """The moment of an aware datetime. Raises ValueError for a naive one and outside the years 1970 to 9998."""
    if value.tzinfo is None:
        raise ValueError("a time needs a time zone, for example 2026-01-31T18:00:00Z")
    if not _EPOCH <= value < _LATEST:
        raise ValueError("a time must lie between the years 1970 and 9998")
    return (value - _EPOCH) // timedelta(microseconds=1)


def to_iso(moment_us: int) -> str:
    """ISO 8601 in UTC, ending in Z; a fraction is written only where there is one, so that nothing is lost."""
    return to_datetime(moment_us).isoformat().replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """The moment that an ISO 8601 text names; one without a zone is taken as UTC. Raises ValueError."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time like 2026-01-31T18:00:00Z") from None
    return from_datetime(value if value.tzinfo is not None else value.replace(tzinfo=UTC))
