"""One language's sentences, numbers and times, for whoever is spoken to."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from babel.dates import format_date

from toprung.domain.errors import ToprungError, shown
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, to_datetime
from toprung.interfaces.texts.texts import Texts

DATES_KEPT: Final = 1_000

_MINUTE_US: Final = 60 * MICROSECONDS_PER_SECOND
_HOUR_US: Final = 60 * _MINUTE_US
_RELATIVE_MAX_DAYS: Final = 60


class Wording:
    """What a front end says in one language. `front` is the front end whose own sentences go before the common ones."""

    def __init__(self, texts: Texts, language: str, front: str) -> None:
        self.language: Final = language
        self._texts = texts
        self._front = front
        self._date = lru_cache(DATES_KEPT)(self._date_of)

    def say(self, code: str, /, **parameters: object) -> str:
        """The sentence that a code and its parameters mean. Raises KeyError for a code or parameter that is missing."""
        return self._texts.text(code, self.language, **parameters)

    def error(self, error: ToprungError) -> str:
        """What was refused, and what to do."""
        return self._texts.error(error, self.language, self._front)

    def forms(self, code: str) -> Mapping[str, str]:
        """See `Texts.forms`."""
        return self._texts.forms(code, self.language)

    def number(self, value: int) -> str:
        """A count with its thousands apart."""
        return shown(value)

    def days(self, value: float) -> str:
        """A number of days."""
        return self.say("time.days", count=value)

    def ago(self, moment_us: int, now_us: int) -> str:
        """How long ago a moment was; its date where that is long. `board.js` says it while the page stays open."""
        passed_us = now_us - moment_us
        if passed_us < _MINUTE_US:
            return self.say("time.just_now")
        if passed_us < _HOUR_US:
            return self.say("time.minutes_ago", minutes=passed_us // _MINUTE_US)
        if passed_us < MICROSECONDS_PER_DAY:
            return self.say("time.hours_ago", hours=passed_us // _HOUR_US)
        days = passed_us // MICROSECONDS_PER_DAY
        return self.say("time.days_ago", days=days) if days <= _RELATIVE_MAX_DAYS else self.date(moment_us)

    def date(self, moment_us: int) -> str:
        """The day of a moment, in UTC."""
        return self._date(moment_us // MICROSECONDS_PER_DAY)

    def date_and_time(self, moment_us: int) -> str:
        """The minute of a moment, in UTC."""
        time = f"{to_datetime(moment_us):%H:%M}"
        return self.say("time.date_and_time", date=self.date(moment_us), time=time)

    def _date_of(self, day: int) -> str:
        moment = to_datetime(day * MICROSECONDS_PER_DAY)
        return format_date(moment.date(), self.say("time.date_pattern"), locale=self.language.replace("-", "_"))
