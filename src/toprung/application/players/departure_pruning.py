"""Forgetting those who left long ago, while the ladder is served."""

import asyncio
from typing import Final

import structlog

from toprung.application.players.player_service import PlayerService

PRUNE_EVERY_SECONDS: Final = 24 * 60 * 60.0

_log = structlog.get_logger(__name__)


class DeparturePruning:
    """Looks once a day, and at every start, for what has been kept of those who left for long enough."""

    def __init__(self, players: PlayerService) -> None:
        self._players = players

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            try:
                pruned = await self._players.prune_departures()
            except Exception:  # noqa: BLE001 - the one catch-all of this loop: the rows stay, and it looks again
                _log.exception("departures_not_pruned")
            else:
                if pruned:
                    _log.info("departures_pruned", count=pruned)
            await asyncio.sleep(PRUNE_EVERY_SECONDS)
