"""Taking matches further when their deadlines pass, and saying that somebody is there to do so."""

import asyncio
from collections.abc import Sequence

import structlog

from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.matches.served_time import ServedTime
from toprung.application.ports.clock import SteadyTime
from toprung.domain.events import Change, MatchMoved
from toprung.domain.matches.served_time import BEAT_SECONDS
from toprung.domain.moment import MICROSECONDS_PER_SECOND

_log = structlog.get_logger(__name__)


class DeadlineLoop:
    """Waits for the next deadline that the database holds, and takes the matches further that are due.

    It keeps nothing itself: what it waits for are rows, and a restart finds them again. It beats first, so that no
    deadline passes in a time that nobody was served in.
    """

    def __init__(self, lifecycle: MatchLifecycle, served: ServedTime, clock: SteadyTime) -> None:
        self._lifecycle = lifecycle
        self._served = served
        self._clock = clock
        self._has_news = asyncio.Event()

    async def on_changes(self, changes: Sequence[Change]) -> None:
        """Looks again where a match got a deadline, which may be the next one."""
        if any(isinstance(one.event, MatchMoved) and one.event.deadline_us is not None for one in changes):
            self._has_news.set()

    async def on_gap(self) -> None:
        """Looks again, since there may be a deadline that nobody told it of."""
        self._has_news.set()

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            self._has_news.clear()
            seconds = float(BEAT_SECONDS)
            try:
                await self._served.follow(self._clock)
                await self._served.beat()
                next_us = await self._lifecycle.pass_deadlines()
            except Exception:  # noqa: BLE001 - the one catch-all of this loop: the rows stay, and it looks again
                _log.exception("deadlines_failed")
            else:
                if next_us is not None:
                    until_next_seconds = (next_us - self._clock.now_us()) / MICROSECONDS_PER_SECOND
                    seconds = min(seconds, max(0.0, until_next_seconds))
            await self._sleep(seconds)

    async def _sleep(self, seconds: float) -> None:
        """Returns after so long, or when there is news."""
        try:
            async with asyncio.timeout(seconds):
                await self._has_news.wait()
        except TimeoutError:
            return
