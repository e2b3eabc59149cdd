"""One transaction on a database connection: notes, the journal, the change sequence, and the repositories."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final, cast, get_args

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from toprung.adapters.storage import journal
from toprung.adapters.storage.repositories.account_repository import SqlAccountRepository
from toprung.adapters.storage.repositories.challenge_repository import SqlChallengeRepository
from toprung.adapters.storage.repositories.departure_repository import SqlDepartureRepository
from toprung.adapters.storage.repositories.entry_repository import SqlEntryRepository
from toprung.adapters.storage.repositories.heartbeat_repository import SqlHeartbeatRepository
from toprung.adapters.storage.repositories.intent_repository import SqlIntentRepository
from toprung.adapters.storage.repositories.job_repository import SqlJobRepository
from toprung.adapters.storage.repositories.match_repository import SqlMatchRepository
from toprung.adapters.storage.repositories.notice_repository import SqlNoticeRepository, SqlPenaltyRepository
from toprung.adapters.storage.repositories.player_repository import SqlPlayerRepository
from toprung.adapters.storage.repositories.replay_repository import SqlReplayRepository
from toprung.adapters.storage.repositories.season_repository import SqlSeasonRepository
from toprung.adapters.storage.tables import schema
from toprung.adapters.storage.tables.event_codec import decode_event, encode_event
from toprung.application.ports.intents import NewNonce
from toprung.application.ports.storage import AuditRow
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import Change, Event, PlayerEvent
from toprung.domain.leaderboard.board_table import EntryColumns
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import Player
from toprung.domain.ratings.rating import EntryId, RatingChange

CHANGES_KEPT_MIN: Final = 100_000
_PRUNE_EVERY: Final = 10_000
_JOURNAL_LOCK: Final = 0x6A6F75726E616C  # the advisory lock of whoever appends to the journal: "journal"

# Built once: building a statement costs more than running it.
_counter = schema.change_counter
_TAKE_PLACES: Final = update(_counter).values(seq=_counter.c.seq + bindparam("places")).returning(_counter.c.seq)
_ADD_CHANGES: Final = insert(schema.change)
_LOCK_JOURNAL: Final = text("select pg_advisory_xact_lock(:lock)")
_ALLOW_LONG_THOUGHT: Final = text("set local idle_in_transaction_session_timeout = '1h'")  # a recomputation's


def no_nonce() -> str:
    """What a transaction that only reads has in the place of a `NewNonce`: it wants nothing sent."""
    raise StorageUnavailable("The database was opened for reading only.")


class SqlTransaction:
    """Implements the `Transaction` port on a connection whose transaction somebody else begins and ends."""

    def __init__(self, connection: Connection, *, is_writing: bool, new_nonce: NewNonce = no_nonce) -> None:
        self._connection = connection
        self._events: list[Event] = []
        self.players = SqlPlayerRepository(connection, is_locking=is_writing)
        self.entries = SqlEntryRepository(connection, is_locking=is_writing)
        self.matches = SqlMatchRepository(connection, is_locking=is_writing)
        self.penalties = SqlPenaltyRepository(connection)
        self.notices = SqlNoticeRepository(connection, is_locking=is_writing)
        self.jobs = SqlJobRepository(connection, is_locking=is_writing)
        self.replays = SqlReplayRepository(connection)
        self.seasons = SqlSeasonRepository(connection)
        self.accounts = SqlAccountRepository(connection)
        self.intents = SqlIntentRepository(connection, new_nonce)
        self.challenges = SqlChallengeRepository(connection, is_locking=is_writing)
        self.departures = SqlDepartureRepository(connection)
        self.heartbeats = SqlHeartbeatRepository(connection)

    def exclude_other_ratings(self) -> None:
        """See `Transaction`. On SQLite a writing transaction is alone anyway."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_ALLOW_LONG_THOUGHT)
            self._connection.execute(text("lock table entry in exclusive mode"))

    def append_to_journal(self, changes: Sequence[RatingChange]) -> None:
        """See `Transaction`. The rows of one call stand next to each other in the log, whoever else appends."""
        if changes and self._connection.dialect.name == "postgresql":
            self._connection.execute(_LOCK_JOURNAL, {"lock": _JOURNAL_LOCK})
        journal.append(self._connection, changes)

    def journal(self, from_position: int = 0) -> list[RatingChange]:
        """See `Transaction`."""
        return journal.from_position(self._connection, from_position)

    def journal_of_match(self, match_id: MatchId) -> list[RatingChange]:
        """See `Transaction`."""
        return journal.of_match(self._connection, match_id)

    def journal_history(self) -> list[RatingChange]:
        """See `Transaction`."""
        return journal.history(self._connection)

    def entries_as_of(self, at_us: int, *, is_corrected: bool) -> EntryColumns:
        """See `Transaction`."""
        return journal.entries_as_of(self._connection, at_us, is_corrected=is_corrected)

    def mmr_history(self, entry_id: EntryId, *, limit: int) -> list[tuple[int, int]]:
        """See `Transaction`."""
        changes = journal.of_entry(self._connection, entry_id)[-limit:]
        return [(change.after.last_played_us or change.at_us, change.mmr_after) for change in changes]

    def append_to_audit(self, row: AuditRow) -> None:
        """See `Transaction`."""
        self._connection.execute(insert(schema.audit), asdict(row))

    def audit_rows(self, limit: int) -> list[AuditRow]:
        """See `Transaction`."""
        table = schema.audit
        columns = [column for column in table.c if column.name != "id"]
        rows = self._connection.execute(select(*columns).order_by(table.c.id.desc()).limit(limit))
        return [AuditRow(**row._mapping) for row in rows]

    def replace_audit_details(self, *, action: str, subject: str, details: str) -> None:
        """See `Transaction`."""
        table = schema.audit
        chosen = update(table).where(table.c.action == action, table.c.subject == subject)
        self._connection.execute(chosen.values(details=details))

    def record(self, *events: Event) -> None:
        """See `Transaction`."""
        self._events.extend(events)

    def last_seq(self) -> int:
        """See `Transaction`."""
        return int(self._connection.execute(select(schema.change_counter.c.seq)).scalar_one())

    def change_seqs(self) -> list[int]:
        """See `Transaction`."""
        return list(self._connection.execute(select(schema.change.c.seq).order_by(schema.change.c.seq)).scalars())

    def changes_since(self, seq: int) -> list[Change] | None:
        """See `Transaction`."""
        query = select(schema.change).where(schema.change.c.seq > seq).order_by(schema.change.c.seq)
        changes = [
            Change(seq=row.seq, event=decode_event(row.kind, row.payload)) for row in self._connection.execute(query)
        ]
        if self.last_seq() > seq and (not changes or changes[0].seq != seq + 1):
            return None
        return changes

    def replace_in_changes(self, player: Player) -> None:
        """See `Transaction`."""
        change = schema.change
        kinds = [kind.__name__ for kind in get_args(PlayerEvent)]
        rows = self._connection.execute(select(change).where(change.c.kind.in_(kinds))).all()
        for row in rows:
            event = cast("PlayerEvent", decode_event(row.kind, row.payload))
            if event.player.id == player.id:
                _, payload = encode_event(replace(event, player=player))
                self._connection.execute(update(change).where(change.c.seq == row.seq).values(payload=payload))

    def note(self, name: str) -> str | None:
        """See `Transaction`."""
        return self._connection.execute(select(schema.note.c.value).where(schema.note.c.name == name)).scalar()

    def set_note(self, name: str, value: str) -> None:
        """See `Transaction`."""
        self._connection.execute(delete(schema.note).where(schema.note.c.name == name))
        self._connection.execute(insert(schema.note), {"name": name, "value": value})

    def keep_note(self, name: str, value: str) -> str:
        """See `Transaction`. Who loses the race for it is run again by the storage, and finds the winner's."""
        kept = self.note(name)
        if kept is None:
            self._connection.execute(insert(schema.note), {"name": name, "value": value})
        return value if kept is None else kept

    def finish(self) -> tuple[Change, ...]:
        """Gives what was recorded its places in the change sequence and stores it: the last thing before the commit.

        The counter's row stays locked until the commit, so that places are allotted in the order of commits and a
        reader who has seen one place has seen all before it.
        """
        if not self._events:
            return ()
        last = int(self._connection.execute(_TAKE_PLACES, {"places": len(self._events)}).scalar_one())
        first = last - len(self._events) + 1
        changes = tuple(Change(seq=first + place, event=event) for place, event in enumerate(self._events))
        rows = []
        for change in changes:
            kind, payload = encode_event(change.event)
            rows.append({"seq": change.seq, "kind": kind, "payload": payload})
        self._connection.execute(_ADD_CHANGES, rows)
        if last // _PRUNE_EVERY != (first - 1) // _PRUNE_EVERY:
            self._connection.execute(delete(schema.change).where(schema.change.c.seq <= last - CHANGES_KEPT_MIN))
        return changes
