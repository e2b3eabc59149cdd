"""Who reads: the player and language of a Discord account, from memory wherever it has been asked before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import Change
from toprung.domain.players.player import PlayerId

READERS_KEPT_MAX: Final = 10_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReader:
    """What is known of a Discord account."""

    player_id: PlayerId | None = None
    language: str | None = None


class ReaderDirectory:
    """Keeps the readers who came last. All are forgotten when any player changes: that is rare, and always right."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work
        self._readers: dict[int, KnownReader] = {}
        self._generation = 0

    async def reader(self, discord_id: int) -> KnownReader:
        """What is known of a Discord account; a database that cannot be asked just now knows nobody."""
        known = self._readers.get(discord_id)
        if known is not None:
            return known
        generation = self._generation
        try:
            known = await self._unit_of_work.read(lambda tx: _read(tx, discord_id))
        except StorageUnavailable as error:
            _log.warning("reader_unknown", reason=str(error))
            return KnownReader()
        if generation == self._generation:
            if len(self._readers) >= READERS_KEPT_MAX:
                self._readers.pop(next(iter(self._readers)))
            self._readers[discord_id] = known
        return known

    async def discord_ids(self) -> Mapping[PlayerId, int]:
        """The Discord accounts of all players who have one."""
        return await self._unit_of_work.read(lambda tx: tx.players.discord_ids())

    def forget(self) -> None:
        """Asks the database again for whoever reads next."""
        self._generation += 1
        self._readers.clear()

    async def on_changes(self, _: Sequence[Change]) -> None:
        """Asks the database again after changes that affect readers."""
        self.forget()


def _read(tx: Transaction, discord_id: int) -> KnownReader:
    player = tx.players.by_discord_ids([discord_id]).get(discord_id)
    draft = tx.accounts.draft(discord_id)
    account = None if player is None else tx.accounts.by_player_ids([player.id]).get(player.id)
    language = draft.language if draft is not None and draft.language else None
    return KnownReader(
        player_id=None if player is None else player.id,
        language=language or (account.language if account is not None else None),
    )
