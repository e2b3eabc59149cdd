"""What happened, said after it was committed.

An event carries the values as they now are, so that hearing it twice is harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, get_args

from toprung.domain.matches.match import MatchId, MatchState
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRegistered:
    """A player joined the ladder."""

    player: Player


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRenamed:
    """A player's name changed."""

    player: Player


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerCountryChanged:
    """A player's country changed."""

    player: Player


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerBanned:
    """A player was banned, and leaves the leaderboard with every entry; what was played stays."""

    player: Player


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerUnbanned:
    """A ban was lifted."""

    player: Player


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingCreated:
    """A player has a first entry with a race."""

    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingChanged:
    """A match changed an entry; `others` are the same player's other ones, where they are now known better or worse."""

    entry: Entry
    match_id: MatchId
    others: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchAborted:
    """A match ended without a result. No rating changes by it."""

    match_id: MatchId
    player_ids: tuple[PlayerId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchMoved:
    """A match was opened or went a step further; `deadline_us` is when it moves on by itself, if it does."""

    match_id: MatchId
    state: MatchState
    deadline_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRatingCorrected:
    """A finished match was judged anew; these entries are what the correction left behind."""

    match_id: MatchId
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingSet:
    """An organiser set an entry's rating by hand; `others` as for a match."""

    entry: Entry
    others: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesImported:
    """So many entries came in at once that whoever follows does better to read everything again."""

    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderReloaded:
    """So many entries were rated anew or begun anew at once that whoever follows does better to read all again."""

    entries: int


PlayerEvent = PlayerRegistered | PlayerRenamed | PlayerCountryChanged | PlayerBanned | PlayerUnbanned
Event = (
    PlayerEvent
    | RatingCreated
    | RatingChanged
    | MatchAborted
    | MatchMoved
    | MatchRatingCorrected
    | RatingSet
    | EntriesImported
    | LadderReloaded
)


class Affected(Enum):
    """What may be otherwise after an event."""

    BOARD = auto()
    PAST = auto()
    """Boards of the past."""
    READERS = auto()
    """Who somebody is, and how they are spoken to."""
    MATCHES = auto()
    """The matches under way: what is due, and what is to be sent."""


AFFECTS: Final[Mapping[type[Event], frozenset[Affected]]] = {
    **dict.fromkeys(get_args(PlayerEvent), frozenset({Affected.BOARD, Affected.PAST, Affected.READERS})),
    RatingCreated: frozenset({Affected.BOARD}),
    RatingChanged: frozenset({Affected.BOARD}),
    RatingSet: frozenset({Affected.BOARD}),
    MatchAborted: frozenset(),
    MatchMoved: frozenset({Affected.MATCHES}),
    MatchRatingCorrected: frozenset({Affected.BOARD, Affected.PAST}),
    EntriesImported: frozenset({Affected.BOARD, Affected.PAST, Affected.READERS}),
    LadderReloaded: frozenset({Affected.BOARD, Affected.PAST}),
}
"""What each event affects: whoever shows or keeps something hears of the events that affect it."""

EVERYTHING: Final = frozenset(AFFECTS)


def affecting(*what: Affected) -> frozenset[type[Event]]:
    """The kinds of events that affect any of this."""
    return frozenset(kind for kind, affected in AFFECTS.items() if not affected.isdisjoint(what))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An event with its place in the change sequence, which is dense and in the order of commits."""

    seq: int
    event: Event
