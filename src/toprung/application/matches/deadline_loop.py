"""Taking matches further when their deadlines pass."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.ports.clock import Clock
from toprung.domain.events import Change, MatchMoved
from toprung.domain.moment import MICROSECONDS_PER_SECOND

LOOK_AGAIN_SECONDS_MAX: Final = 60.0
"""How long it waits at most before it looks at the deadlines again, even where none is known: clocks are set, too."""

_log = structlog.get_logger(__name__)


class DeadlineLoop:
    """Waits for the next deadline that the database holds, and takes the matches further that are due.

    It keeps nothing itself: what it waits for are rows, and a restart finds them again.
    """

    def __init__(self, lifecycle: MatchLifecycle, clock: Clock) -> None:
        self._lifecycle = lifecycle
        self._clock = clock
        self._has_news = asyncio.Event()

    async def on_changes(self, changes: Sequence[Change]) -> None:
        """Looks again where a match got a deadline, which may be the next one."""
        if any(isinstance(one.event, MatchMoved) and one.event.deadline_us is not None for one in changes):
            self._has_news.set()

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            self._has_news.clear()
            seconds = LOOK_AGAIN_SECONDS_MAX
            try:
                next_us = await self._lifecycle.pass_deadlines()
            except Exception:  # noqa: BLE001 - the one catch-all of this loop: the rows stay, and it looks again
                _log.exception("deadlines_failed")
            else:
                if next_us is not None:
                    seconds = max(0.0, (next_us - self._clock.now_us()) / MICROSECONDS_PER_SECOND)
            await self._sleep(min(seconds, LOOK_AGAIN_SECONDS_MAX))

    async def _sleep(self, seconds: float) -> None:
        """Returns after so long, or when there is news."""
        try:
            async with asyncio.timeout(seconds):
                await self._has_news.wait()
        except TimeoutError:
            return
