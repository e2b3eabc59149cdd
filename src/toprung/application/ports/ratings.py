"""What the application needs of the database for ratings: the entries, the journal of their changes, and seasons."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from toprung.domain.leaderboard.board_table import EntryColumns
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, RatingChange
from toprung.domain.ratings.rating_system import RatingSystem
from toprung.domain.ratings.season import LadderSeason, SeasonId

EntryKey = tuple[PlayerId, str]
"""A player and a race: what an entry is unique by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry that has no id yet."""

    player_id: PlayerId
    race: str
    state: EntryState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with what an export says of its player."""

    entry: Entry
    player: Player


class EntryRepository(Protocol):
    """The entries."""

    def by_ids(self, ids: Collection[EntryId]) -> dict[EntryId, Entry]:
        """The entries with these ids, locked against other writers until the transaction ends."""
        ...

    def by_keys(self, keys: Collection[EntryKey]) -> dict[EntryKey, Entry]:
        """The entries of these players and races, locked against other writers until the transaction ends."""
        ...

    def of_players(self, ids: Collection[PlayerId]) -> list[Entry]:
        """All entries of these players, locked against other writers until the transaction ends."""
        ...

    def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        """Adds entries and gives them, in order, with their ids."""
        ...

    def save(self, entries: Sequence[Entry]) -> None:
        """Stores entries as given."""
        ...

    def columns(self) -> EntryColumns:
        """All entries, in the order of their ids, for the board."""
        ...

    def count(self) -> int:
        """How many there are."""
        ...

    def stored(self) -> Iterator[StoredEntry]:
        """All entries with their players, in the order of their ids, for an export."""
        ...


class JournalRepository(Protocol):
    """The rating journal, which is only ever added to. A row counts if it is the last revision of its position."""

    def exclude_other_ratings(self) -> None:
        """Keeps other writers from rating anything until the transaction ends; asked for before anything is read."""
        ...

    def append(self, changes: Sequence[RatingChange]) -> None:
        """Adds rows; one without a position begins its own."""
        ...

    def current(self, from_position: int = 0) -> list[RatingChange]:
        """The rows that count, in the order of positions."""
        ...

    def of_match(self, match_id: MatchId) -> list[RatingChange]:
        """The rows that count of one match: its first side's, then its second's."""
        ...

    def history(self) -> list[RatingChange]:
        """Every row with every revision, in the order in which they were written."""
        ...

    def entries_as_of(self, at_us: int, *, is_corrected: bool) -> EntryColumns:
        """The entries at a moment, by the rows that were written by then and as they were.

        Corrected, by the last revisions of the positions that there were by then.
        """
        ...


class SeasonRepository(Protocol):
    """The seasons."""

    def all(self) -> list[LadderSeason]:
        """All of them, in the order in which they were started."""
        ...

    def add(self, code: str, name: str, *, started_at_us: int, reset_deviation: float | None) -> LadderSeason:
        """Adds a season that runs."""
        ...

    def end(self, season_id: SeasonId, ended_at_us: int) -> None:
        """Ends a season."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRatingSystem:
    """What a ladder is or was rated by, from when on. Versions count from 1; the last one counts."""

    version: int
    system: RatingSystem
    at_us: int


class RatingSystemRepository(Protocol):
    """What the ladder was rated by so far. Rows are only ever added."""

    def version(self) -> int:
        """The version that counts; 0 for a ladder that has none yet."""
        ...

    def all(self) -> list[StoredRatingSystem]:
        """Every version, the first one first."""
        ...

    def add(self, system: RatingSystem, at_us: int) -> StoredRatingSystem:
        """Adds a version, which counts from now on."""
        ...
