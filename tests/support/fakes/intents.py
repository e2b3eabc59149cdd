"""What is to be sent, in memory: see `application/ports/intents.py`."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from tests.support.fakes.database import FakeDatabase, FakeIntent
from toprung.application.ports.intents import Intent, IntentId, StoredIntent


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
