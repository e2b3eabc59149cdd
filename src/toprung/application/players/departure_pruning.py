"""Forgetting those who left long ago, while the ladder is served."""

from typing import Final

import structlog

from toprung.application.jobs.loop import Loop
from toprung.application.players.player_service import PlayerService

PRUNE_EVERY_SECONDS: Final = 24 * 60 * 60.0

_log = structlog.get_logger(__name__)


class DeparturePruning:
    """Looks once a day, and at every start, for what has been kept of those who left for long enough."""

    def __init__(self, players: PlayerService) -> None:
        self._players = players

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await Loop(self._prune, every_seconds=PRUNE_EVERY_SECONDS, failed="departures_not_pruned").run()

    async def _prune(self) -> None:
        pruned = await self._players.prune_departures()
        if pruned:
            _log.info("departures_pruned", count=pruned)
