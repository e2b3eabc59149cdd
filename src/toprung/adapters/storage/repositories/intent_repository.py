"""Intents in the database."""

import json
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, tuple_, update

from toprung.adapters.storage.tables import schema
from toprung.application.ports.intents import Intent, IntentId, NewNonce, Priority, StoredIntent

ROWS_AT_ONCE: Final = 500

_intent = schema.intent
_is_waiting = (_intent.c.delivered_revision < _intent.c.revision) & _intent.c.given_up_for.is_(None)


class SqlIntentRepository:
    """Implements `IntentRepository`."""

    def __init__(self, connection: Connection, new_nonce: NewNonce) -> None:
        self._connection = connection
        self._new_nonce = new_nonce

    def want(self, intents: Sequence[Intent], *, now_us: int) -> None:
        """See `IntentRepository`."""
        by_key = {intent.key: intent for intent in intents}
        keys = list(by_key)
        for first in range(0, len(keys), ROWS_AT_ONCE):
            part = keys[first : first + ROWS_AT_ONCE]
            query = select(_intent).where(_intent.c.key.in_(part)).with_for_update()
            known = {row.key: row for row in self._connection.execute(query)}
            new = [_to_values(by_key[key]) for key in part if key not in known]
            if new:
                beginning = {"revision": 1, "delivered_revision": 0, "attempts": 0, "due_at_us": now_us}
                rows = [values | beginning | {"nonce": self._new_nonce()} for values in new]
                self._connection.execute(insert(_intent), rows)
            for key, row in known.items():
                self._change(row, _to_values(by_key[key]), now_us)

    def _change(self, row: Row[Any], values: dict[str, Any], now_us: int) -> None:
        if all(row._mapping[name] == value for name, value in values.items()):
            return
        again = {
            "revision": row.revision + 1,
            "nonce": self._new_nonce(),
            "attempts": 0,
            "due_at_us": now_us,
            "given_up_for": None,
        }
        if row.recipient != values["recipient"]:
            again |= {"channel_id": None, "message_id": None}
        self._connection.execute(update(_intent).where(_intent.c.id == row.id).values(values | again))

    def due(
        self,
        *,
        now_us: int,
        limit: int,
        passed_over: Collection[int] = (),
        resting: Collection[tuple[str, int | None]] = (),
    ) -> list[StoredIntent]:
        """See `IntentRepository`."""
        kinds = [kind for kind, recipient in resting if recipient is None]
        corners = [(kind, recipient) for kind, recipient in resting if recipient is not None]
        query = (
            select(_intent)
            .where(_is_waiting, _intent.c.due_at_us <= now_us, _intent.c.recipient.not_in(list(passed_over)))
            .where(_intent.c.kind.not_in(kinds))
            .order_by(_intent.c.priority, _intent.c.due_at_us, _intent.c.id)
            .limit(limit)
        )
        if corners:
            query = query.where(tuple_(_intent.c.kind, _intent.c.recipient).not_in(corners))
        return [_to_stored(row) for row in self._connection.execute(query)]

    def due_of(
        self, kinds: Collection[str], recipients: Collection[int], *, now_us: int, limit: int
    ) -> list[StoredIntent]:
        """See `IntentRepository`."""
        wanted = _intent.c.is_direct & _intent.c.kind.in_(list(kinds)) & _intent.c.recipient.in_(list(recipients))
        query = select(_intent).where(_is_waiting, _intent.c.due_at_us <= now_us, wanted)
        ordered = query.order_by(_intent.c.due_at_us, _intent.c.id).limit(limit)
        return [_to_stored(row) for row in self._connection.execute(ordered)]

    def next_due_us(self) -> int | None:
        """See `IntentRepository`."""
        return self._connection.execute(select(func.min(_intent.c.due_at_us)).where(_is_waiting)).scalar()

    def delivered(self, intent_id: IntentId, *, revision: int, message: tuple[int, int] | None) -> None:
        """See `IntentRepository`."""
        channel_id, message_id = message or (None, None)
        said_by = {"channel_id": channel_id, "message_id": message_id}
        self._set(intent_id, delivered_revision=revision, attempts=0, hindrance=None, **said_by)

    def put_off(self, intent_id: IntentId, *, until_us: int, attempts: int, hindrance: str | None = None) -> None:
        """See `IntentRepository`."""
        why = {} if hindrance is None else {"hindrance": hindrance}
        self._set(intent_id, due_at_us=until_us, attempts=attempts, **why)

    def hindered(self) -> list[StoredIntent]:
        """See `IntentRepository`."""
        query = select(_intent).where(_is_waiting, _intent.c.hindrance.is_not(None)).order_by(_intent.c.id)
        return [_to_stored(row) for row in self._connection.execute(query)]

    def move_due(self, by_us: int, *, due_after_us: int) -> None:
        """See `IntentRepository`."""
        moved = update(_intent).where(_is_waiting, _intent.c.due_at_us > due_after_us)
        self._connection.execute(moved.values(due_at_us=_intent.c.due_at_us + by_us))

    def give_up(self, intent_id: IntentId, *, reason: str) -> None:
        """See `IntentRepository`."""
        self._set(intent_id, given_up_for=reason)

    def lost_message(self, intent_id: IntentId) -> None:
        """See `IntentRepository`."""
        nonce, revision = self._new_nonce(), _intent.c.revision + 1
        self._set(intent_id, channel_id=None, message_id=None, revision=revision, nonce=nonce)

    def remove(self, intent_id: IntentId, *, revision: int) -> None:
        """See `IntentRepository`."""
        self._connection.execute(delete(_intent).where(_intent.c.id == intent_id, _intent.c.revision == revision))

    def remove_of_recipient(self, discord_id: int) -> None:
        """See `IntentRepository`."""
        mine = _intent.c.is_direct & (_intent.c.recipient == discord_id)
        self._connection.execute(delete(_intent).where(mine))

    def find(self, key: str) -> StoredIntent | None:
        """See `IntentRepository`."""
        row = self._connection.execute(select(_intent).where(_intent.c.key == key)).first()
        return None if row is None else _to_stored(row)

    def of_kind(self, kind: str) -> list[StoredIntent]:
        """See `IntentRepository`."""
        query = select(_intent).where(_intent.c.kind == kind).order_by(_intent.c.id)
        return [_to_stored(row) for row in self._connection.execute(query)]

    def waiting(self) -> int:
        """See `IntentRepository`."""
        return int(self._connection.execute(select(func.count()).where(_is_waiting)).scalar_one())

    def _set(self, intent_id: IntentId, **values: Any) -> None:
        self._connection.execute(update(_intent).where(_intent.c.id == intent_id).values(values))


def _to_values(intent: Intent) -> dict[str, Any]:
    return {
        "key": intent.key,
        "kind": intent.kind,
        "recipient": intent.recipient,
        "is_direct": intent.is_direct,
        "priority": int(intent.priority),
        "parameters": json.dumps(dict(intent.parameters), sort_keys=True),
    }


def _to_stored(row: Row[Any]) -> StoredIntent:
    intent = Intent(
        key=row.key,
        kind=row.kind,
        recipient=row.recipient,
        is_direct=row.is_direct,
        priority=Priority(row.priority),
        parameters=json.loads(row.parameters),
    )
    return StoredIntent(
        id=IntentId(row.id),
        intent=intent,
        revision=row.revision,
        nonce=row.nonce,
        attempts=row.attempts,
        message=None if row.message_id is None else (row.channel_id, row.message_id),
        hindrance=row.hindrance,
    )
