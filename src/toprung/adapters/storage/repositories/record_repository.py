"""The ladder's own records in the database: the audit, the change sequence, notes and heartbeats."""

from dataclasses import asdict, replace
from typing import Final, cast, get_args

from sqlalchemy import BigInteger, Column, Connection, String, Table, bindparam, delete, insert, select, update

from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.adapters.storage.tables import schema
from toprung.adapters.storage.tables.event_codec import decode_event, encode_event
from toprung.application.ports.records import AuditRow
from toprung.domain.events import Change, Event, PlayerEvent
from toprung.domain.matches.served_time import Heartbeat
from toprung.domain.players.player import Player

loop_heartbeat = Table(
    "loop_heartbeat",
    schema.metadata,
    Column("name", String(32), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("owed_us", BigInteger, nullable=False),
)

# Built once: building a statement costs more than running it.
_counter = schema.change_counter
_TAKE_PLACES: Final = update(_counter).values(seq=_counter.c.seq + bindparam("places")).returning(_counter.c.seq)
_ADD_CHANGES: Final = insert(schema.change)
_of_name = loop_heartbeat.c.name == bindparam("of_name")
_GET: Final = select(loop_heartbeat).where(_of_name)
_PUT: Final = update(loop_heartbeat).where(_of_name).values(at_us=bindparam("new_at"), owed_us=bindparam("new_owed"))


class SqlAuditRepository:
    """Implements `AuditRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, row: AuditRow) -> None:
        """See `AuditRepository`."""
        self._connection.execute(insert(schema.audit), asdict(row))

    def replace_details(self, *, action: str, subject: str, details: str) -> None:
        """See `AuditRepository`."""
        table = schema.audit
        chosen = update(table).where(table.c.action == action, table.c.subject == subject)
        self._connection.execute(chosen.values(details=details))


class SqlChangeRepository:
    """Implements `ChangeRepository`."""

    def __init__(self, connection: Connection, limits: StorageLimits = LIMITS) -> None:
        self._connection = connection
        self._limits = limits
        self._events: list[Event] = []

    def record(self, *events: Event) -> None:
        """See `ChangeRepository`."""
        self._events.extend(events)

    def last_seq(self) -> int:
        """See `ChangeRepository`."""
        return int(self._connection.execute(select(schema.change_counter.c.seq)).scalar_one())

    def seqs(self) -> list[int]:
        """See `ChangeRepository`."""
        return list(self._connection.execute(select(schema.change.c.seq).order_by(schema.change.c.seq)).scalars())

    def since(self, seq: int) -> list[Change] | None:
        """See `ChangeRepository`."""
        query = select(schema.change).where(schema.change.c.seq > seq).order_by(schema.change.c.seq)
        changes = [
            Change(seq=row.seq, event=decode_event(row.kind, row.payload)) for row in self._connection.execute(query)
        ]
        if self.last_seq() > seq and (not changes or changes[0].seq != seq + 1):
            return None
        return changes

    def replace_player(self, player: Player) -> None:
        """See `ChangeRepository`."""
        change = schema.change
        kinds = [kind.__name__ for kind in get_args(PlayerEvent)]
        rows = self._connection.execute(select(change).where(change.c.kind.in_(kinds))).all()
        for row in rows:
            event = cast("PlayerEvent", decode_event(row.kind, row.payload))
            if event.player.id == player.id:
                _, payload = encode_event(replace(event, player=player))
                self._connection.execute(update(change).where(change.c.seq == row.seq).values(payload=payload))

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
        every, kept = self._limits.prune_every_changes, self._limits.changes_kept_min
        if last // every != (first - 1) // every:
            self._connection.execute(delete(schema.change).where(schema.change.c.seq <= last - kept))
        return changes


class SqlNoteRepository:
    """Implements `NoteRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """See `NoteRepository`."""
        return self._connection.execute(select(schema.note.c.value).where(schema.note.c.name == name)).scalar()

    def put(self, name: str, value: str) -> None:
        """See `NoteRepository`."""
        self._connection.execute(delete(schema.note).where(schema.note.c.name == name))
        self._connection.execute(insert(schema.note), {"name": name, "value": value})

    def keep(self, name: str, value: str) -> str:
        """See `NoteRepository`. Who loses the race for it is run again by the storage, and finds the winner's."""
        kept = self.get(name)
        if kept is None:
            self._connection.execute(insert(schema.note), {"name": name, "value": value})
        return value if kept is None else kept


class SqlHeartbeatRepository:
    """Implements `HeartbeatRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Heartbeat | None:
        """See `HeartbeatRepository`."""
        row = self._connection.execute(_GET, {"of_name": name}).one_or_none()
        return None if row is None else Heartbeat(at_us=row.at_us, owed_us=row.owed_us)

    def put(self, name: str, heartbeat: Heartbeat) -> None:
        """See `HeartbeatRepository`."""
        values = {"of_name": name, "new_at": heartbeat.at_us, "new_owed": heartbeat.owed_us}
        if self._connection.execute(_PUT, values).rowcount == 0:
            new = {"name": name, "at_us": heartbeat.at_us, "owed_us": heartbeat.owed_us}
            self._connection.execute(insert(loop_heartbeat), new)
