"""What the application needs of the world, as protocols. A unit of work is a plain function of a `Transaction`."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from toprung.application.ports.accounts import AccountRepository
from toprung.application.ports.challenges import ChallengeRepository
from toprung.application.ports.departures import DepartureRepository
from toprung.application.ports.heartbeats import HeartbeatRepository
from toprung.application.ports.intents import IntentRepository
from toprung.application.ports.jobs import JobRepository
from toprung.application.ports.matches import MatchRepository, NoticeRepository, PenaltyRepository
from toprung.application.ports.replays import ReplayRepository
from toprung.domain.events import Change, Event
from toprung.domain.leaderboard.board_table import EntryColumns, PlayerColumns
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.rating import Entry, EntryId, RatingChange
from toprung.domain.ratings.season import LadderSeason, SeasonId

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

EntryKey = tuple[PlayerId, str]
"""A player and a race: what an entry is unique by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlayer:
    """A player who is not on the ladder yet. `name_key` is what the name is unique by.

    `id` is one that nobody has, for a player who brings it along from a file; else the storage allots one.
    """

    name: str
    name_key: str
    id: PlayerId | None = None
    country: str | None = None
    region: str | None = None
    discord_id: int | None = None
    in_game_names: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry that has no id yet."""

    player_id: PlayerId
    race: str
    mmr: int
    games_played: int = 0
    games_won: int = 0
    games_lost: int = 0
    games_drawn: int = 0
    last_played_us: int | None = None
    skill: SkillEstimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """What an organiser did: to what, why, and what it changed."""

    at_us: int
    actor: str
    action: str
    subject: str
    reason: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with what an export says of its player."""

    entry: Entry
    player: Player


class PlayerRepository(Protocol):
    """The players."""

    def get(self, player_id: PlayerId) -> Player | None:
        """The player with this id, locked against other writers until the transaction ends."""
        ...

    def by_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        """The players with these ids."""
        ...

    def by_name_keys(self, keys: Collection[str]) -> dict[str, Player]:
        """The players with these name keys."""
        ...

    def by_discord_ids(self, discord_ids: Collection[int]) -> dict[int, Player]:
        """The players with these Discord ids."""
        ...

    def add(self, players: Sequence[NewPlayer]) -> list[Player]:
        """Adds players and gives them, in order, with ids. Raises `Conflict` for a taken name, Discord id or handle."""
        ...

    def save(self, player: Player, name_key: str) -> None:
        """Stores a player as given. Raises `Conflict` if the name, Discord id or a handle is another's."""
        ...

    def discord_ids(self) -> dict[PlayerId, int]:
        """The Discord ids of all players who have one."""
        ...

    def bind_handle(self, player_id: PlayerId, handle: str) -> bool:
        """Gives a player who has no handle this one, unless it is another's; whether it did."""
        ...

    def columns(self) -> PlayerColumns:
        """All players, for the board."""
        ...


class EntryRepository(Protocol):
    """The entries."""

    def by_ids(self, ids: Collection[EntryId]) -> dict[EntryId, Entry]:
        """The entries with these ids, locked against other writers until the transaction ends."""
        ...

    def by_keys(self, keys: Collection[EntryKey]) -> dict[EntryKey, Entry]:
        """The entries of these players and races, locked against other writers until the transaction ends."""
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


class Transaction(Protocol):
    """One transaction on the database; all of it is committed or none."""

    @property
    def players(self) -> PlayerRepository:
        """The players."""
        ...

    @property
    def entries(self) -> EntryRepository:
        """The entries."""
        ...

    @property
    def matches(self) -> MatchRepository:
        """The matches."""
        ...

    @property
    def penalties(self) -> PenaltyRepository:
        """The penalties."""
        ...

    @property
    def notices(self) -> NoticeRepository:
        """What players are to be told."""
        ...

    @property
    def jobs(self) -> JobRepository:
        """The jobs."""
        ...

    @property
    def replays(self) -> ReplayRepository:
        """The replay files and their uploads."""
        ...

    @property
    def seasons(self) -> SeasonRepository:
        """The seasons."""
        ...

    @property
    def accounts(self) -> AccountRepository:
        """The accounts."""
        ...

    @property
    def intents(self) -> IntentRepository:
        """What is to be sent."""
        ...

    @property
    def challenges(self) -> ChallengeRepository:
        """The challenges."""
        ...

    @property
    def departures(self) -> DepartureRepository:
        """Those who left."""
        ...

    @property
    def heartbeats(self) -> HeartbeatRepository:
        """The heartbeats."""
        ...

    def exclude_other_ratings(self) -> None:
        """Keeps other writers from rating anything until the transaction ends; asked for before anything is read."""
        ...

    def append_to_journal(self, changes: Sequence[RatingChange]) -> None:
        """Adds rows to the rating journal; one without a position begins its own."""
        ...

    def journal(self, from_position: int = 0) -> list[RatingChange]:
        """The journal's rows that count, each the last revision of its position, in the order of positions."""
        ...

    def journal_of_match(self, match_id: MatchId) -> list[RatingChange]:
        """The rows that count of one match: its first side's, then its second's."""
        ...

    def journal_history(self) -> list[RatingChange]:
        """Every row of the journal with every revision, in the order in which they were written."""
        ...

    def entries_as_of(self, at_us: int, *, is_corrected: bool) -> EntryColumns:
        """The entries at a moment, by the rows of the journal that were written by then and as they were.

        Corrected, by the last revisions of the positions that there were by then.
        """
        ...

    def mmr_history(self, entry_id: EntryId, *, limit: int) -> list[tuple[int, int]]:
        """When an entry's MMR became what, as it counts now: the last `limit` steps, the oldest first."""
        ...

    def append_to_audit(self, row: AuditRow) -> None:
        """Keeps what an organiser did."""
        ...

    def audit_rows(self, limit: int) -> list[AuditRow]:
        """The last `limit` things that organisers did, the newest first."""
        ...

    def replace_audit_details(self, *, action: str, subject: str, details: str) -> None:
        """Puts these details in the place of what every row with this action and this subject has."""
        ...

    def record(self, *events: Event) -> None:
        """Says what happens with this transaction: stored with it, and told to whoever listens after the commit."""
        ...

    def last_seq(self) -> int:
        """The last place in the change sequence that is committed."""
        ...

    def change_seqs(self) -> list[int]:
        """The places in the change sequence that are kept, in order."""
        ...

    def changes_since(self, seq: int) -> list[Change] | None:
        """The changes after place `seq`, or None where they are not all kept any more."""
        ...

    def replace_in_changes(self, player: Player) -> None:
        """Puts the player as given in the place of what the kept changes say of the same player."""
        ...

    def note(self, name: str) -> str | None:
        """A note that the database keeps about itself (its game, say)."""
        ...

    def set_note(self, name: str, value: str) -> None:
        """Writes such a note."""
        ...

    def keep_note(self, name: str, value: str) -> str:
        """Writes such a note unless there is one, and gives the one that there then is: the same one for everybody."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Generic[T_co]):
    """What a unit of work gave, and the changes that were committed with it."""

    value: T_co
    changes: tuple[Change, ...]


class Storage(Protocol):
    """The database. Its methods raise `StorageUnavailable` when it cannot do what it is asked, with nothing kept."""

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """Runs a unit of work and commits it durably. It may run again after a lost race, so it must not remember.

        Where the database's answer to the commit is lost, it finds out what became of it; raises `OutcomeUnknown`
        where it cannot, and then, unlike after any other error, the work may be kept.
        """
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Runs a unit of work that only reads, on one version of the data, without waiting for writers."""
        ...

    @property
    def is_in_touch(self) -> bool:
        """Whether the database said less than two seconds ago that nobody else writes to it."""
        ...

    async def get_in_touch(self) -> None:
        """Returns at once where it is in touch, else when it is. Raises `StorageUnavailable` if that takes too long."""
        ...

    async def close(self) -> None:
        """Finishes what was accepted and lets go of the database."""
        ...


class Backups(Protocol):
    """Copies of the database, made before something large happens to it."""

    async def make(self, reason: str) -> str | None:
        """Makes a copy and says where it is; None where the database has its own way of keeping copies."""
        ...
