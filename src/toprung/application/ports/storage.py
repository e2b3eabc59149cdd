"""The database, as a protocol. A unit of work is a plain function of a `Transaction`, which holds the repositories."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from toprung.application.ports.intents import IntentRepository
from toprung.application.ports.jobs import JobRepository
from toprung.application.ports.lookups import Lookups
from toprung.application.ports.matches import ChallengeRepository, MatchRepository, NoticeRepository, PenaltyRepository
from toprung.application.ports.players import AccountRepository, DepartureRepository, PlayerRepository
from toprung.application.ports.ratings import (
    EntryRepository,
    JournalRepository,
    RatingSystemRepository,
    SeasonRepository,
)
from toprung.application.ports.records import AuditRepository, ChangeRepository, HeartbeatRepository, NoteRepository
from toprung.application.ports.replays import ReplayRepository
from toprung.domain.events import Change

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


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
    def systems(self) -> RatingSystemRepository:
        """What the ladder is rated by."""
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

    @property
    def journal(self) -> JournalRepository:
        """The rating journal."""
        ...

    @property
    def audit(self) -> AuditRepository:
        """What organisers did."""
        ...

    @property
    def changes(self) -> ChangeRepository:
        """The change sequence."""
        ...

    @property
    def notes(self) -> NoteRepository:
        """What the database notes about itself."""
        ...

    @property
    def lookups(self) -> Lookups:
        """What lists, histories and statistics ask."""
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
