"""The match log: finished, corrected and voided matches, a few lines a message, each said once."""

from collections.abc import Sequence
from typing import Final

import structlog

from toprung.application.ports.clock import Clock
from toprung.application.ports.intents import Intent, Priority
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.events import Change, MatchMoved, MatchRatingCorrected
from toprung.domain.matches.match import MatchId, MatchState

KIND: Final = "match_log"
NOTE: Final = "discord_match_log_seq"
MESSAGE_LINES_MAX: Final = 10
LOOK_LINES_MAX: Final = 60
CORRECTED: Final = "c"
"""Marks a match whose result was corrected."""

_log = structlog.get_logger(__name__)


class MatchLog:
    """Wants each match that ended to be said once. How far it got is kept with what is wanted, in one transaction."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def look(self, channel_id: int) -> bool:
        """Wants what ended since the last look to be said in a channel, and whether there may be anything.

        The first look of all only notes where the log begins.
        """
        noted, last = await self._unit_of_work.read(lambda tx: (tx.notes.get(NOTE), tx.changes.last_seq()))
        if noted == str(last):
            return False
        await self._unit_of_work.run(lambda tx: self._advance(tx, channel_id))
        return True

    def _advance(self, tx: Transaction, channel_id: int) -> None:
        noted, last = tx.notes.get(NOTE), tx.changes.last_seq()
        changes = None if noted is None else tx.changes.since(int(noted))
        if noted is not None and changes is None:
            _log.warning("match_log_skipped", since=noted, to=last)
        ended = ended_matches(changes or ())
        if len(ended) > LOOK_LINES_MAX:
            _log.warning("match_log_shortened", left_out=len(ended) - LOOK_LINES_MAX)
            ended = ended[-LOOK_LINES_MAX:]
        parts = [ended[first : first + MESSAGE_LINES_MAX] for first in range(0, len(ended), MESSAGE_LINES_MAX)]
        intents = [
            Intent(
                key=f"{KIND} {last}.{place}",
                kind=KIND,
                recipient=channel_id,
                priority=Priority.LEADERBOARD,
                parameters={"matches": " ".join(part)},
            )
            for place, part in enumerate(parts)
        ]
        tx.intents.want(intents, now_us=self._clock.now_us())
        tx.notes.put(NOTE, str(last))


def ended_matches(changes: Sequence[Change]) -> list[str]:
    """The matches that came to a result or became void, in order, each once; a mark after those that were corrected."""
    corrected = {one.event.match_id for one in changes if isinstance(one.event, MatchRatingCorrected)}
    ended: dict[MatchId, None] = {}
    for one in changes:
        if isinstance(one.event, MatchMoved) and one.event.state in {MatchState.COMPLETED, MatchState.VOIDED}:
            ended.pop(one.event.match_id, None)
            ended[one.event.match_id] = None
    return [f"{match_id}{CORRECTED if match_id in corrected else ''}" for match_id in ended]
