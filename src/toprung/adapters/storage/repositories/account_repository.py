"""Accounts, drafts, and those who left, in the database."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from toprung.adapters.storage.tables import schema
from toprung.adapters.storage.tables.account_schema import account as _account
from toprung.adapters.storage.tables.account_schema import setup_draft as _draft
from toprung.adapters.storage.tables.departure_schema import departure as _departure
from toprung.application.ports.players import Account, SetupDraft
from toprung.domain.players.departure import Departure
from toprung.domain.players.player import PlayerId

ROWS_AT_ONCE: Final = 500

_player = schema.player


class SqlAccountRepository:
    """Implements `AccountRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_player_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Account]:
        """See `AccountRepository`."""
        wanted, found = list(ids), {}
        for first in range(0, len(wanted), ROWS_AT_ONCE):
            query = select(_account).where(_account.c.player_id.in_(wanted[first : first + ROWS_AT_ONCE]))
            for row in self._connection.execute(query):
                values = {**row._mapping, "player_id": PlayerId(row.player_id)}
                found[PlayerId(row.player_id)] = Account(**values)
        return found

    def save(self, account: Account) -> None:
        """See `AccountRepository`."""
        self.remove(account.player_id)
        self._connection.execute(insert(_account), asdict(account))

    def remove(self, player_id: PlayerId) -> None:
        """See `AccountRepository`."""
        self._connection.execute(delete(_account).where(_account.c.player_id == player_id))

    def draft(self, discord_id: int) -> SetupDraft | None:
        """See `AccountRepository`."""
        row = self._connection.execute(select(_draft).where(_draft.c.discord_id == discord_id)).one_or_none()
        return None if row is None else SetupDraft(**row._mapping)

    def save_draft(self, draft: SetupDraft) -> None:
        """See `AccountRepository`."""
        self.remove_draft(draft.discord_id)
        self._connection.execute(insert(_draft), asdict(draft))

    def remove_draft(self, discord_id: int) -> None:
        """See `AccountRepository`."""
        self._connection.execute(delete(_draft).where(_draft.c.discord_id == discord_id))


class SqlDepartureRepository:
    """Implements `DepartureRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, player_id: PlayerId) -> Departure | None:
        """See `DepartureRepository`."""
        found = self._found(_departure.c.player_id == player_id)
        return found[0] if found else None

    def all(self) -> list[Departure]:
        """See `DepartureRepository`."""
        rows = self._connection.execute(select(_departure).order_by(_departure.c.player_id))
        return [_to_departure(row) for row in rows]

    def of_accounts(self, account_hashes: Collection[str]) -> list[Departure]:
        """See `DepartureRepository`."""
        wanted, found = list(account_hashes), []
        for first in range(0, len(wanted), ROWS_AT_ONCE):
            found += self._found(_departure.c.account_hash.in_(wanted[first : first + ROWS_AT_ONCE]))
        return sorted(found, key=lambda one: (one.left_at_us, one.player_id))

    def returned_as(self, player_id: PlayerId) -> list[Departure]:
        """See `DepartureRepository`."""
        return self._found(_departure.c.returned_as == player_id)

    def returned(self, limit: int) -> list[Departure]:
        """See `DepartureRepository`."""
        query = select(_departure).where(_departure.c.returned_as.is_not(None))
        latest = query.order_by(_departure.c.left_at_us.desc(), _departure.c.player_id.desc()).limit(limit)
        return [_to_departure(row) for row in self._connection.execute(latest)]

    def _found(self, condition: Any) -> list[Departure]:
        query = select(_departure).where(condition).order_by(_departure.c.left_at_us, _departure.c.player_id)
        return [_to_departure(row) for row in self._connection.execute(query)]

    def save(self, departure: Departure) -> None:
        """See `DepartureRepository`."""
        self.remove(departure.player_id)
        self._connection.execute(insert(_departure), asdict(departure))

    def remove(self, player_id: PlayerId) -> None:
        """See `DepartureRepository`."""
        self._connection.execute(delete(_departure).where(_departure.c.player_id == player_id))

    def set_returned(self, account_hash: str, player_id: PlayerId | None) -> None:
        """See `DepartureRepository`."""
        theirs = update(_departure).where(_departure.c.account_hash == account_hash)
        self._connection.execute(theirs.values(returned_as=player_id))

    def same_person(self, player_id: PlayerId) -> list[PlayerId]:
        """See `DepartureRepository`."""
        known = (_departure.c.player_id == player_id) | (_departure.c.returned_as == player_id)
        accounts = select(_departure.c.account_hash).where(known)
        query = select(_departure.c.player_id, _departure.c.returned_as).where(_departure.c.account_hash.in_(accounts))
        found = {one for row in self._connection.execute(query) for one in row if one is not None}
        return [PlayerId(one) for one in sorted(found | {player_id})]

    def prune(self, left_before_us: int) -> int:
        """See `DepartureRepository`."""
        banned = select(_player.c.id).where(_player.c.is_banned)
        lapsed = (_departure.c.left_at_us < left_before_us) & _departure.c.player_id.not_in(banned)
        return self._connection.execute(delete(_departure).where(lapsed)).rowcount


def _to_departure(row: Row[Any]) -> Departure:
    return Departure(
        player_id=PlayerId(row.player_id),
        account_hash=row.account_hash,
        name_hash=row.name_hash,
        left_at_us=row.left_at_us,
        renamed_at_us=row.renamed_at_us,
        returned_as=None if row.returned_as is None else PlayerId(row.returned_as),
    )
