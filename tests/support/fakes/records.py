"""The audit, the change sequence, notes and heartbeats in memory: see `application/ports/records.py`."""

from dataclasses import replace
from typing import get_args

from tests.support.fakes.database import FakeDatabase
from toprung.application.ports.records import AuditRow
from toprung.domain.events import (
    Change,
    Event,
    PlayerEvent,
)
from toprung.domain.matches.served_time import Heartbeat
from toprung.domain.players.player import Player


class FakeAuditRepository:
    """Implements `AuditRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def append(self, row: AuditRow) -> None:
        self._database.audit.append(row)

    def replace_details(self, *, action: str, subject: str, details: str) -> None:
        for place, row in enumerate(self._database.audit):
            if (row.action, row.subject) == (action, subject):
                self._database.audit[place] = replace(row, details=details)


class FakeChangeRepository:
    """Implements `ChangeRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database
        self._events: list[Event] = []

    def record(self, *events: Event) -> None:
        self._events.extend(events)

    def last_seq(self) -> int:
        return self._database.seq

    def seqs(self) -> list[int]:
        return [change.seq for change in self._database.changes]

    def since(self, seq: int) -> list[Change] | None:
        changes = [change for change in self._database.changes if change.seq > seq]
        return changes if len(changes) == self._database.seq - seq else None

    def replace_player(self, player: Player) -> None:
        for place, change in enumerate(self._database.changes):
            event = change.event
            if isinstance(event, get_args(PlayerEvent)) and event.player.id == player.id:
                self._database.changes[place] = replace(change, event=replace(event, player=player))

    def finish(self) -> tuple[Change, ...]:
        """Gives what was recorded its places in the change sequence: the last thing before the commit."""
        first = self._database.seq + 1
        changes = tuple(Change(seq=first + place, event=event) for place, event in enumerate(self._events))
        self._database.changes.extend(changes)
        self._database.seq += len(changes)
        return changes


class FakeNoteRepository:
    """Implements `NoteRepository`."""

    def __init__(self, kept: dict[str, str]) -> None:
        self._kept = kept

    def get(self, name: str) -> str | None:
        return self._kept.get(name)

    def put(self, name: str, value: str) -> None:
        self._kept[name] = value

    def keep(self, name: str, value: str) -> str:
        return self._kept.setdefault(name, value)


class FakeHeartbeatRepository:
    """Implements `HeartbeatRepository`."""

    def __init__(self, kept: dict[str, Heartbeat]) -> None:
        self._kept = kept

    def get(self, name: str) -> Heartbeat | None:
        return self._kept.get(name)

    def put(self, name: str, heartbeat: Heartbeat) -> None:
        self._kept[name] = heartbeat
