"""What a player pays for a match that did not come about: a while without matches, longer for who does it again.

A strike is added by each offence. One is taken off by every few matches that are played to their end, and one by every
week without an offence, so that a bad evening is forgotten and a habit is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final, NewType

from toprung.domain.matches.match import MatchId
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.players.player import PlayerId

PenaltyId = NewType("PenaltyId", int)

MATCHES_PER_STRIKE: Final = 5
DAYS_PER_STRIKE: Final = 7
STRIKES_MAX: Final = 8
REMEMBERED_US: Final = (STRIKES_MAX + 1) * DAYS_PER_STRIKE * MICROSECONDS_PER_DAY
"""Offences older than this have no weight any more."""


class Offence(StrEnum):
    """How a player kept a match from being played."""

    ABORT = "abort"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyRules:
    """How long a first offence costs, in microseconds, and the longest that any may cost."""

    abort_us: int = 5 * 60 * MICROSECONDS_PER_SECOND
    abandon_us: int = 10 * 60 * MICROSECONDS_PER_SECOND
    longest_us: int = MICROSECONDS_PER_DAY

    def duration_us(self, offence: Offence, strikes_before: int) -> int:
        """What an offence costs a player with so many strikes: twice as much for each."""
        first = self.abort_us if offence is Offence.ABORT else self.abandon_us
        return min(first << min(strikes_before, STRIKES_MAX), self.longest_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """A while without matches. A pardoned one counts for nothing, now and later."""

    player_id: PlayerId
    match_id: MatchId
    offence: Offence
    at_us: int
    until_us: int
    pardoned_at_us: int | None = None

    def holds(self, now_us: int) -> bool:
        """Whether it keeps the player from matches at this moment."""
        return self.pardoned_at_us is None and self.at_us <= now_us < self.until_us


def strikes(offences_us: Iterable[int], completed_us: Iterable[int], now_us: int) -> int:
    """The strikes that a player has now, from the moments of the offences and of the matches played to their end."""
    is_offence = True
    moments = sorted(chain(((at, is_offence) for at in offences_us), ((at, not is_offence) for at in completed_us)))
    count, played, clean_since = 0, 0, 0
    for at_us, offended in moments:
        if at_us > now_us:
            break
        count, clean_since = _faded(count, clean_since, at_us)
        if offended:
            count, played, clean_since = min(count + 1, STRIKES_MAX), 0, at_us
        elif count:
            played += 1
            if played == MATCHES_PER_STRIKE:
                count, played = count - 1, 0
    return _faded(count, clean_since, now_us)[0]


def _faded(count: int, clean_since_us: int, now_us: int) -> tuple[int, int]:
    """What is left of so many strikes after a while without an offence, and from when the next week counts."""
    week_us = DAYS_PER_STRIKE * MICROSECONDS_PER_DAY
    weeks = min(count, (now_us - clean_since_us) // week_us) if count else 0
    return count - weeks, clean_since_us + weeks * week_us
