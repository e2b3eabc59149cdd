"""Accounts and drafts in the database."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from toprung.adapters.storage.tables import schema
from toprung.application.ports.accounts import Account, SetupDraft
from toprung.domain.players.player import PlayerId

ROWS_AT_ONCE: Final = 500

_account, _draft = schema.account, schema.setup_draft


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
