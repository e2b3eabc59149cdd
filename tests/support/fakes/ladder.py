"""The world in memory: a clock that is set by hand, a database of dicts, and a whole ladder on top of them.

They keep the promises of `application/ports/storage.py`, where their methods are described, and can be told to fail or
to wait at a chosen moment: a test says by these what happens when, and never sleeps.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar, get_args

from tests.domain.leaderboard.strategies import entry_columns, player_columns
from tests.support.fakes.challenges import FakeChallengeRepository
from tests.support.fakes.departures import FakeDepartureRepository
from tests.support.fakes.jobs import FakeJobRepository, FakeReplayRepository
from tests.support.fakes.matches import FakeMatches, FakeMatchRepository, FakeNoticeRepository, FakePenaltyRepository
from toprung.application.players.departures import Departures
from toprung.application.ports.accounts import Account, SetupDraft
from toprung.application.ports.intents import Intent, IntentId, StoredIntent
from toprung.application.ports.storage import (
    AuditRow,
    Committed,
    EntryKey,
    NewEntry,
    NewPlayer,
    StoredEntry,
    Transaction,
)
from toprung.domain.errors import Conflict, OutcomeUnknown, StorageUnavailable
from toprung.domain.events import (
    Change,
    EntriesImported,
    Event,
    LadderReloaded,
    MatchAborted,
    MatchMoved,
    MatchRatingCorrected,
    PlayerEvent,
    RatingChanged,
    RatingCreated,
    RatingSet,
)
from toprung.domain.game.catalog import Catalog
from toprung.domain.jobs.job import Job, JobId
from toprung.domain.leaderboard.board_table import EntryColumns, PlayerColumns
from toprung.domain.matches.challenge import Challenge, ChallengeId
from toprung.domain.matches.match import MatchId
from toprung.domain.matches.served_time import Heartbeat
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.players.departure import Departure
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry, EntryId, RatingChange
from toprung.domain.ratings.season import LadderSeason, SeasonId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_upload import ReplayFile, ReplayUpload, UploadId

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


@dataclass
class FakeDatabase:
    """What a `FakeStorage` holds, open to a test's eyes. Every value in it is frozen, so that copying it is shallow."""

    players: dict[PlayerId, Player] = field(default_factory=dict)
    name_keys: dict[PlayerId, str] = field(default_factory=dict)
    entries: dict[EntryId, Entry] = field(default_factory=dict)
    played: FakeMatches = field(default_factory=FakeMatches)
    journal: list[RatingChange] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    seasons: dict[SeasonId, LadderSeason] = field(default_factory=dict)
    seq: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    jobs_allotted: int = 0
    replay_files: dict[str, ReplayFile] = field(default_factory=dict)
    replay_uploads: dict[UploadId, ReplayUpload] = field(default_factory=dict)
    accounts: dict[PlayerId, Account] = field(default_factory=dict)
    drafts: dict[int, SetupDraft] = field(default_factory=dict)
    intents: "dict[IntentId, FakeIntent]" = field(default_factory=dict)
    intents_allotted: int = 0
    nonces_drawn: int = 0
    mod_versions: list[ModVersion] = field(default_factory=list)
    challenges: dict[ChallengeId, Challenge] = field(default_factory=dict)
    departures: dict[PlayerId, Departure] = field(default_factory=dict)
    heartbeats: dict[str, Heartbeat] = field(default_factory=dict)

    def copied(self) -> "FakeDatabase":
        """A copy that can be changed without changing this one."""
        parts = {name: copy(value) for name, value in vars(self).items()}
        return FakeDatabase(**{**parts, "played": self.played.copied()})


class FakePlayerRepository:
    """Implements `PlayerRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def get(self, player_id: PlayerId) -> Player | None:
        return self._database.players.get(player_id)

    def by_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        return {
            player_id: self._database.players[player_id] for player_id in ids if player_id in self._database.players
        }

    def by_name_keys(self, keys: Collection[str]) -> dict[str, Player]:
        ids = {key: player_id for player_id, key in self._database.name_keys.items()}
        return {key: self._database.players[ids[key]] for key in keys if key in ids}

    def by_discord_ids(self, discord_ids: Collection[int]) -> dict[int, Player]:
        players = self._database.players.values()
        known = {player.discord_id: player for player in players if player.discord_id is not None}
        return {discord_id: known[discord_id] for discord_id in discord_ids if discord_id in known}

    def add(self, players: Sequence[NewPlayer]) -> list[Player]:
        added = {}
        for new in sorted(players, key=lambda one: one.id is None):  # those with an id of their own first
            if new.id in self._database.players:
                raise Conflict("this player id belongs to another player")
            player = Player(
                id=new.id or PlayerId(max(self._database.players, default=0) + 1),
                name=new.name,
                country=new.country,
                region=new.region,
                discord_id=new.discord_id,
                in_game_names=new.in_game_names,
                handles=new.handles,
            )
            self.save(player, new.name_key)
            added[new.name_key] = player
        return [added[new.name_key] for new in players]

    def save(self, player: Player, name_key: str) -> None:
        database = self._database
        for other in database.players.values():
            if other.id == player.id:
                continue
            same_discord = player.discord_id is not None and player.discord_id == other.discord_id
            if database.name_keys[other.id] == name_key or same_discord or set(player.handles) & set(other.handles):
                raise Conflict(f"{player.name}: the name, Discord account or a handle belongs to {other.name}.")
        database.players[player.id] = player
        database.name_keys[player.id] = name_key

    def discord_ids(self) -> dict[PlayerId, int]:
        players = self._database.players.values()
        return {player.id: player.discord_id for player in players if player.discord_id is not None}

    def bind_handle(self, player_id: PlayerId, handle: str) -> bool:
        players = self._database.players
        if players[player_id].handles or any(handle in player.handles for player in players.values()):
            return False
        players[player_id] = replace(players[player_id], handles=(handle,))
        return True

    def columns(self) -> PlayerColumns:
        return player_columns(list(self._database.players.values()))


class FakeEntryRepository:
    """Implements `EntryRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def by_ids(self, ids: Collection[EntryId]) -> dict[EntryId, Entry]:
        return {entry_id: self._database.entries[entry_id] for entry_id in ids if entry_id in self._database.entries}

    def by_keys(self, keys: Collection[EntryKey]) -> dict[EntryKey, Entry]:
        found = {(entry.player_id, entry.race): entry for entry in self._database.entries.values()}
        return {key: found[key] for key in keys if key in found}

    def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        first = max(self._database.entries, default=0) + 1
        added = [
            Entry(
                id=EntryId(entry_id),
                player_id=new.player_id,
                race=new.race,
                mmr=new.mmr,
                games_played=new.games_played,
                games_won=new.games_won,
                games_lost=new.games_lost,
                games_drawn=new.games_drawn,
                last_played_us=new.last_played_us,
                skill=new.skill,
            )
            for entry_id, new in enumerate(entries, first)
        ]
        if self.by_keys([(entry.player_id, entry.race) for entry in added]):
            raise AssertionError("a player has one entry with each race")
        self.save(added)
        return added

    def save(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.player_id not in self._database.players:
                raise AssertionError("an entry belongs to a player who exists")
            self._database.entries[entry.id] = entry

    def columns(self) -> EntryColumns:
        return entry_columns(list(self._database.entries.values()))

    def count(self) -> int:
        return len(self._database.entries)

    def stored(self) -> Iterator[StoredEntry]:
        for entry in self._database.entries.values():
            yield StoredEntry(entry=entry, player=self._database.players[entry.player_id])


class FakeSeasonRepository:
    """Implements `SeasonRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def all(self) -> list[LadderSeason]:
        return list(self._database.seasons.values())

    def add(self, code: str, name: str, *, started_at_us: int, reset_deviation: float | None) -> LadderSeason:
        season = LadderSeason(
            id=SeasonId(len(self._database.seasons) + 1),
            code=code,
            name=name,
            started_at_us=started_at_us,
            ended_at_us=None,
            reset_deviation=reset_deviation,
        )
        self._database.seasons[season.id] = season
        return season

    def end(self, season_id: SeasonId, ended_at_us: int) -> None:
        self._database.seasons[season_id] = replace(self._database.seasons[season_id], ended_at_us=ended_at_us)


class FakeAccountRepository:
    """Implements `AccountRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def by_player_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Account]:
        accounts = self._database.accounts
        return {player_id: accounts[player_id] for player_id in ids if player_id in accounts}

    def save(self, account: Account) -> None:
        self._database.accounts[account.player_id] = account

    def remove(self, player_id: PlayerId) -> None:
        self._database.accounts.pop(player_id, None)

    def draft(self, discord_id: int) -> SetupDraft | None:
        return self._database.drafts.get(discord_id)

    def save_draft(self, draft: SetupDraft) -> None:
        self._database.drafts[draft.discord_id] = draft

    def remove_draft(self, discord_id: int) -> None:
        self._database.drafts.pop(discord_id, None)


@dataclass(frozen=True, kw_only=True)
class FakeIntent:
    """A row of the fake's intents."""

    stored: StoredIntent
    delivered_revision: int
    due_at_us: int
    given_up_for: str | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it is due or will be."""
        return self.delivered_revision < self.stored.revision and self.given_up_for is None


class FakeIntentRepository:
    """Implements `IntentRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def want(self, intents: Sequence[Intent], *, now_us: int) -> None:
        rows = self._database.intents
        for intent in intents:
            known = next((row for row in rows.values() if row.stored.intent.key == intent.key), None)
            if known is not None and known.stored.intent == intent:
                continue
            if known is None:
                self._database.intents_allotted += 1
                intent_id = IntentId(self._database.intents_allotted)
                nonce = self._new_nonce()
                stored = StoredIntent(id=intent_id, intent=intent, revision=1, nonce=nonce, attempts=0, message=None)
                rows[intent_id] = FakeIntent(stored=stored, delivered_revision=0, due_at_us=now_us)
                continue
            is_elsewhere = known.stored.intent.recipient != intent.recipient
            stored = replace(
                known.stored,
                intent=intent,
                revision=known.stored.revision + 1,
                nonce=self._new_nonce(),
                attempts=0,
                message=None if is_elsewhere else known.stored.message,
            )
            rows[stored.id] = replace(known, stored=stored, due_at_us=now_us, given_up_for=None)

    def due(
        self,
        *,
        now_us: int,
        limit: int,
        passed_over: Collection[int] = (),
        resting: Collection[tuple[str, int | None]] = (),
    ) -> list[StoredIntent]:
        found = [
            row
            for row in self._database.intents.values()
            if row.is_waiting and row.due_at_us <= now_us and row.stored.intent.recipient not in passed_over
            if not {(row.stored.intent.kind, row.stored.intent.recipient), (row.stored.intent.kind, None)} & {*resting}
        ]
        found.sort(key=lambda row: (row.stored.intent.priority, row.due_at_us, row.stored.id))
        return [row.stored for row in found[:limit]]

    def due_of(
        self, kinds: Collection[str], recipients: Collection[int], *, now_us: int, limit: int
    ) -> list[StoredIntent]:
        found = [
            row
            for row in self._database.intents.values()
            if row.is_waiting and row.due_at_us <= now_us and row.stored.intent.is_direct
            if row.stored.intent.kind in kinds and row.stored.intent.recipient in recipients
        ]
        found.sort(key=lambda row: (row.due_at_us, row.stored.id))
        return [row.stored for row in found[:limit]]

    def next_due_us(self) -> int | None:
        return min((row.due_at_us for row in self._database.intents.values() if row.is_waiting), default=None)

    def delivered(self, intent_id: IntentId, *, revision: int, message: tuple[int, int] | None) -> None:
        row = self._database.intents.get(intent_id)
        if row is not None:
            stored = replace(row.stored, attempts=0, message=message, hindrance=None)
            self._database.intents[intent_id] = replace(row, stored=stored, delivered_revision=revision)

    def put_off(self, intent_id: IntentId, *, until_us: int, attempts: int, hindrance: str | None = None) -> None:
        row = self._database.intents[intent_id]
        stored = replace(row.stored, attempts=attempts, hindrance=hindrance or row.stored.hindrance)
        self._database.intents[intent_id] = replace(row, stored=stored, due_at_us=until_us)

    def move_due(self, by_us: int, *, due_after_us: int) -> None:
        for intent_id, row in self._database.intents.items():
            if row.is_waiting and row.due_at_us > due_after_us:
                self._database.intents[intent_id] = replace(row, due_at_us=row.due_at_us + by_us)

    def hindered(self) -> list[StoredIntent]:
        return [row.stored for row in self._database.intents.values() if row.is_waiting and row.stored.hindrance]

    def give_up(self, intent_id: IntentId, *, reason: str) -> None:
        self._database.intents[intent_id] = replace(self._database.intents[intent_id], given_up_for=reason)

    def lost_message(self, intent_id: IntentId) -> None:
        row = self._database.intents[intent_id]
        revision, nonce = row.stored.revision + 1, self._new_nonce()
        stored = replace(row.stored, message=None, revision=revision, nonce=nonce)
        self._database.intents[intent_id] = replace(row, stored=stored)

    def remove(self, intent_id: IntentId, *, revision: int) -> None:
        row = self._database.intents.get(intent_id)
        if row is not None and row.stored.revision == revision:
            del self._database.intents[intent_id]

    def find(self, key: str) -> StoredIntent | None:
        return next((row.stored for row in self._database.intents.values() if row.stored.intent.key == key), None)

    def of_kind(self, kind: str) -> list[StoredIntent]:
        return [row.stored for row in self._database.intents.values() if row.stored.intent.kind == kind]

    def remove_of_recipient(self, discord_id: int) -> None:
        for intent_id, row in list(self._database.intents.items()):
            if row.stored.intent.is_direct and row.stored.intent.recipient == discord_id:
                del self._database.intents[intent_id]

    def waiting(self) -> int:
        return sum(row.is_waiting for row in self._database.intents.values())

    def _new_nonce(self) -> str:
        self._database.nonces_drawn += 1
        return f"nonce {self._database.nonces_drawn}"


class FakeHeartbeatRepository:
    """Implements `HeartbeatRepository`."""

    def __init__(self, kept: dict[str, Heartbeat]) -> None:
        self._kept = kept

    def get(self, name: str) -> Heartbeat | None:
        return self._kept.get(name)

    def put(self, name: str, heartbeat: Heartbeat) -> None:
        self._kept[name] = heartbeat


class FakeTransaction:
    """Implements `Transaction` on a database that belongs to it alone until the storage takes it over."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database
        self._events: list[Event] = []
        self.players = FakePlayerRepository(database)
        self.entries = FakeEntryRepository(database)
        self.matches = FakeMatchRepository(database.played)
        self.penalties = FakePenaltyRepository(database.played)
        self.notices = FakeNoticeRepository(database.played)
        self.jobs = FakeJobRepository(database)
        self.replays = FakeReplayRepository(database)
        self.seasons = FakeSeasonRepository(database)
        self.accounts = FakeAccountRepository(database)
        self.intents = FakeIntentRepository(database)
        self.challenges = FakeChallengeRepository(database.challenges)
        self.departures = FakeDepartureRepository(database)
        self.heartbeats = FakeHeartbeatRepository(database.heartbeats)

    def exclude_other_ratings(self) -> None:
        """One transaction runs at a time."""

    def append_to_journal(self, changes: Sequence[RatingChange]) -> None:
        rows = self._database.journal
        for change in changes:
            rows.append(replace(change, position=len(rows) + 1) if change.position is None else change)

    def journal(self, from_position: int = 0) -> list[RatingChange]:
        latest: dict[int, RatingChange] = {}
        for row in self._database.journal:
            latest[row.position or 0] = row
        return [latest[position] for position in sorted(latest) if position >= from_position]

    def journal_of_match(self, match_id: MatchId) -> list[RatingChange]:
        return [row for row in self.journal() if row.match_id == match_id]

    def journal_history(self) -> list[RatingChange]:
        return list(self._database.journal)

    def entries_as_of(self, at_us: int, *, is_corrected: bool) -> EntryColumns:
        rows = self._database.journal
        written = {row.position for row in rows if row.revision == 1 and row.at_us <= at_us}
        known = [row for row in rows if (row.position in written if is_corrected else row.at_us <= at_us)]
        latest = {row.entry_id: row for row in sorted(known, key=lambda row: (row.position or 0, row.revision))}
        entries = self._database.entries
        return entry_columns([entries[entry_id].with_state(latest[entry_id].after) for entry_id in sorted(latest)])

    def mmr_history(self, entry_id: EntryId, *, limit: int) -> list[tuple[int, int]]:
        rows = [row for row in self.journal() if row.entry_id == entry_id][-limit:]
        return [(row.after.last_played_us or row.at_us, row.mmr_after) for row in rows]

    def replace_in_changes(self, player: Player) -> None:
        for place, change in enumerate(self._database.changes):
            event = change.event
            if isinstance(event, get_args(PlayerEvent)) and event.player.id == player.id:
                self._database.changes[place] = replace(change, event=replace(event, player=player))

    def append_to_audit(self, row: AuditRow) -> None:
        self._database.audit.append(row)

    def replace_audit_details(self, *, action: str, subject: str, details: str) -> None:
        for place, row in enumerate(self._database.audit):
            if (row.action, row.subject) == (action, subject):
                self._database.audit[place] = replace(row, details=details)

    def audit_rows(self, limit: int) -> list[AuditRow]:
        return self._database.audit[::-1][:limit]

    def record(self, *events: Event) -> None:
        self._events.extend(events)

    def last_seq(self) -> int:
        return self._database.seq

    def change_seqs(self) -> list[int]:
        return [change.seq for change in self._database.changes]

    def changes_since(self, seq: int) -> list[Change] | None:
        changes = [change for change in self._database.changes if change.seq > seq]
        return changes if len(changes) == self._database.seq - seq else None

    def note(self, name: str) -> str | None:
        return self._database.notes.get(name)

    def set_note(self, name: str, value: str) -> None:
        self._database.notes[name] = value

    def keep_note(self, name: str, value: str) -> str:
        return self._database.notes.setdefault(name, value)

    def finish(self) -> tuple[Change, ...]:
        """Gives what was recorded its places in the change sequence: the last thing before the commit."""
        first = self._database.seq + 1
        changes = tuple(Change(seq=first + place, event=event) for place, event in enumerate(self._events))
        self._database.changes.extend(changes)
        self._database.seq += len(changes)
        return changes


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
        tx.record(*events)

    return work
