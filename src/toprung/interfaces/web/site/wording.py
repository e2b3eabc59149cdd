"""Numbers and times as the page says them."""

from typing import Final

from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, to_datetime
from toprung.domain.ratings.certainty import PROVISIONAL_GAMES_MAX

_MINUTE_US: Final = 60 * MICROSECONDS_PER_SECOND
_HOUR_US: Final = 60 * _MINUTE_US
_RELATIVE_MAX_DAYS: Final = 60


def number(value: int) -> str:
    """A count with its thousands apart."""
    return f"{value:,}"


def counted(value: int, singular: str, plural: str) -> str:
    """A count with its noun."""
    return f"{number(value)} {singular if value == 1 else plural}"


def ago(moment_us: int, now_us: int) -> str:
    """How long ago a moment was; its date where that is long. `board.js` says the same while the page stays open."""
    passed_us = now_us - moment_us
    if passed_us < _MINUTE_US:
        return "just now"
    if passed_us < _HOUR_US:
        return f"{passed_us // _MINUTE_US} min ago"
    if passed_us < MICROSECONDS_PER_DAY:
        return f"{passed_us // _HOUR_US} h ago"
    days = passed_us // MICROSECONDS_PER_DAY
    return f"{days} d ago" if days <= _RELATIVE_MAX_DAYS else date(moment_us)


def date(moment_us: int) -> str:
    """The day of a moment, in UTC."""
    day = to_datetime(moment_us)
    return f"{day.day} {day:%b %Y}"


def date_and_time(moment_us: int) -> str:
    """The minute of a moment, in UTC."""
    return f"{date(moment_us)}, {to_datetime(moment_us):%H:%M} UTC"


def days(value: float) -> str:
    """A number of days."""
    return "1 day" if value == 1 else f"{value:g} days"


def inactivity_rule(inactivity_days: float | None) -> str:
    """Who is on the leaderboard, in a sentence."""
    if inactivity_days is None:
        return "Everybody with at least one game is ranked, however long ago it was."
    return f"Ranked is who has played within the last {days(inactivity_days)}."


def unsure(deviation: int | None) -> str:
    """Why a rating is provisional."""
    if deviation is None:
        return f"Provisional: fewer than {PROVISIONAL_GAMES_MAX} games so far"
    return f"Provisional: known to within {deviation} only, by few games or a long absence"
