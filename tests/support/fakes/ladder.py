"""The world in memory: a clock that is set by hand, a database of dicts, and a whole ladder on top of them.

They keep the promises of `application/ports`, where their methods are described, and can be told to fail or
to wait at a chosen moment: a test says by these what happens when, and never sleeps.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from tests.support.fakes.challenges import FakeChallengeRepository
from tests.support.fakes.database import FakeDatabase
from tests.support.fakes.departures import FakeDepartureRepository
from tests.support.fakes.intents import FakeIntentRepository
from tests.support.fakes.jobs import FakeJobRepository, FakeReplayRepository
from tests.support.fakes.lookups import FakeLookups
from tests.support.fakes.matches import FakeMatchRepository, FakeNoticeRepository, FakePenaltyRepository
from tests.support.fakes.players import FakeAccountRepository, FakePlayerRepository
from tests.support.fakes.ratings import (
    FakeEntryRepository,
    FakeJournalRepository,
    FakeRatingSystemRepository,
    FakeSeasonRepository,
)
from tests.support.fakes.records import (
    FakeAuditRepository,
    FakeChangeRepository,
    FakeHeartbeatRepository,
    FakeNoteRepository,
)
from toprung.application.players.departures import Departures
from toprung.application.ports.storage import Committed, Transaction
from toprung.domain.errors import OutcomeUnknown, StorageUnavailable
from toprung.domain.events import (
    Change,
    EntriesImported,
    Event,
    LadderReloaded,
    MatchAborted,
    MatchMoved,
    MatchRatingCorrected,
    RatingChanged,
    RatingCreated,
    RatingSet,
)
from toprung.domain.game.catalog import Catalog
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player
from toprung.domain.ratings.rating import Entry

T = TypeVar("T")

NOON_US: Final = 1_790_251_200_000_000
"""2026-09-24T12:00:00Z: when a fake clock starts if nothing else is said."""


class FakeClock:
    """Implements `Clock`: the time is what the test says it is. Set `moment_us`, or move it with `advance`."""

    def __init__(self, now_us: int = NOON_US) -> None:
        self.moment_us = now_us

    def now_us(self) -> int:
        """The moment it was set to."""
        return self.moment_us

    def advance(self, *, days: int = 0, seconds: int = 0, us: int = 0) -> int:
        """Moves the clock, backwards for negative values, and gives the moment that it now is."""
        self.moment_us += days * MICROSECONDS_PER_DAY + seconds * MICROSECONDS_PER_SECOND + us
        return self.moment_us


class FakeTransaction:
    """Implements `Transaction` on a database that belongs to it alone until the storage takes it over."""

    def __init__(self, database: FakeDatabase) -> None:
        self.players = FakePlayerRepository(database)
        self.entries = FakeEntryRepository(database)
        self.matches = FakeMatchRepository(database.played)
        self.penalties = FakePenaltyRepository(database.played)
        self.notices = FakeNoticeRepository(database.played)
        self.jobs = FakeJobRepository(database)
        self.replays = FakeReplayRepository(database)
        self.seasons = FakeSeasonRepository(database)
        self.systems = FakeRatingSystemRepository(database)
        self.accounts = FakeAccountRepository(database)
        self.intents = FakeIntentRepository(database)
        self.challenges = FakeChallengeRepository(database.challenges)
        self.departures = FakeDepartureRepository(database)
        self.heartbeats = FakeHeartbeatRepository(database.heartbeats)
        self.journal = FakeJournalRepository(database)
        self.audit = FakeAuditRepository(database)
        self.changes = FakeChangeRepository(database)
        self.notes = FakeNoteRepository(database.notes)
        self.lookups = FakeLookups(database)

    def finish(self) -> tuple[Change, ...]:
        """Stores what was recorded, at its places in the change sequence: the last thing before the commit."""
        return self.changes.finish()


class Gate:
    """Where reads wait until the test lets them go on. `await gate.reached()` returns once one stands there."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._open = asyncio.Event()

    async def reached(self) -> None:
        """Returns when a read has come to the gate."""
        await self._reached.wait()

    def open(self) -> None:
        """Lets through who waits and who comes."""
        self._open.set()

    async def wait(self) -> None:
        """What a read does here."""
        self._reached.set()
        await self._open.wait()


class FakeStorage:
    """Implements `Storage` in memory: one write at a time, all of it or nothing; reads see what is committed.

    `database` is what is committed. `reads` and `writes` count what was asked, refused or not. `fail_reads` and
    `fail_writes` make the next ones raise `StorageUnavailable`; `hold_reads` makes them wait at a gate before they look
    at the data, and `hold_commits` makes writes wait before they commit.
    """

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.reads = 0
        self.writes = 0
        self.is_closed = False
        self.is_out_of_touch = False
        self._answer_lost: bool | None = None
        self._failing_reads = 0
        self._failing_writes = 0
        self._read_gate: Gate | None = None
        self._commit_gate: Gate | None = None
        self._is_racing = False
        self._writing = asyncio.Lock()

    def fail_reads(self, times: int = 1) -> None:
        """Makes the next `times` reads fail."""
        self._failing_reads = times

    def fail_writes(self, times: int = 1) -> None:
        """Makes the next `times` writes fail at their commit."""
        self._failing_writes = times

    def hold_reads(self) -> Gate:
        """Makes reads wait at the gate that it gives; the next call puts up another one."""
        self._read_gate = Gate()
        return self._read_gate

    def hold_commits(self) -> Gate:
        """Makes writes wait at the gate that it gives, after their work and before their commit."""
        self._commit_gate = Gate()
        return self._commit_gate

    def lose_next_race(self) -> None:
        """Makes the next unit of work run twice, the first time for nothing."""
        self._is_racing = True

    def prune_changes(self, *, up_to_seq: int) -> None:
        """Forgets the changes up to this place, as a database does with old ones."""
        self.database.changes = [change for change in self.database.changes if change.seq > up_to_seq]

    def lose_next_answer(self, *, is_kept: bool) -> None:
        """Makes the outcome of the next write unknown to whoever asked for it."""
        self._answer_lost = is_kept

    @property
    def is_in_touch(self) -> bool:
        return not self.is_out_of_touch

    async def get_in_touch(self) -> None:
        if self.is_out_of_touch:
            raise StorageUnavailable("The database does not answer.")

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        self.writes += 1
        async with self._writing:
            await asyncio.sleep(0)
            if self._is_racing:
                self._is_racing = False
                work(FakeTransaction(self.database.copied()))
            database = self.database.copied()
            tx = FakeTransaction(database)
            committed = Committed(value=work(tx), changes=tx.finish())
            if self._commit_gate is not None:
                await self._commit_gate.wait()
            if self._failing_writes:
                self._failing_writes -= 1
                raise StorageUnavailable("The database cannot be written to just now.")
            is_kept, self._answer_lost = self._answer_lost, None
            if is_kept is not False:
                self.database = database
            if is_kept is not None:
                raise OutcomeUnknown("The database has not answered.")
            return committed

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See `Storage`. What the work writes all the same is lost."""
        self.reads += 1
        await asyncio.sleep(0)
        if self._read_gate is not None:
            await self._read_gate.wait()
        if self._failing_reads:
            self._failing_reads -= 1
            raise StorageUnavailable("The database cannot be read just now.")
        return work(FakeTransaction(self.database.copied()))

    async def close(self) -> None:
        async with self._writing:
            self.is_closed = True


@dataclass
class FakeBackups:
    """Implements `Backups`: remembers the reasons it was given, and says where a copy would lie."""

    where: str | None = "ladder.db.backup"
    reasons: list[str] = field(default_factory=list)

    async def make(self, reason: str) -> str | None:
        self.reasons.append(reason)
        return self.where


@dataclass
class Listener:
    """A handler for the event bus that keeps what it hears; while `failures` is above zero it hears and then fails."""

    heard: list[Change] = field(default_factory=list)
    failures: int = 0

    async def hear(self, changes: Sequence[Change]) -> None:
        """The handler."""
        self.heard.extend(changes)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("this listener fails")


def departures(name_keys: NameKeys, catalog: Catalog) -> Departures:
    """Leaving and coming back, with a key that is the same every time."""
    return Departures(name_keys=name_keys, catalog=catalog, new_key=lambda size: bytes(range(size)))


def stored(storage: FakeStorage, *items: Player | Entry) -> None:
    """Puts players and entries into the storage as they are, as if they had always been there."""
    for item in items:
        if isinstance(item, Player):
            storage.database.players[item.id] = item
            storage.database.name_keys[item.id] = item.name.casefold()
        else:
            storage.database.entries[item.id] = item


def recording(*events: Event) -> Callable[[Transaction], None]:
    """A unit of work that stores what these events say and records them."""

    def work(tx: Transaction) -> None:
        for event in events:
            match event:
                case RatingCreated(entry=entry) | RatingChanged(entry=entry) | RatingSet(entry=entry):
                    tx.entries.save([entry])
                case MatchRatingCorrected(entries=entries):
                    tx.entries.save(entries)
                case MatchAborted() | MatchMoved() | EntriesImported() | LadderReloaded():
                    pass
                case _:
                    tx.players.save(event.player, event.player.name.casefold())
        tx.changes.record(*events)

    return work
