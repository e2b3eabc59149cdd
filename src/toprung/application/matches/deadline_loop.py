"""Taking matches further when their deadlines pass, and saying that somebody is there to do so."""

from collections.abc import Sequence

from toprung.application.jobs.loop import Loop
from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.matches.served_time import ServedTime
from toprung.application.ports.clock import SteadyTime
from toprung.application.writing.event_bus import EventBus
from toprung.domain.events import Affected, Change, MatchMoved, affecting
from toprung.domain.matches.served_time import BEAT_SECONDS
from toprung.domain.moment import MICROSECONDS_PER_SECOND


class DeadlineLoop:
    """Waits for the next deadline that the database holds, and takes the matches further that are due.

    It keeps nothing itself: what it waits for are rows, and a restart finds them again. It beats first, so that no
    deadline passes in a time that nobody was served in.
    """

    def __init__(self, lifecycle: MatchLifecycle, served: ServedTime, clock: SteadyTime) -> None:
        self._lifecycle = lifecycle
        self._served = served
        self._clock = clock
        self._loop = Loop(self._look, every_seconds=BEAT_SECONDS, failed="deadlines_failed")

    def follow(self, bus: EventBus) -> None:
        """From now on looks again where a match got a deadline, which may be the next one."""
        bus.subscribe(self._on_changes, affecting(Affected.MATCHES), on_gap=self.on_gap)

    async def _on_changes(self, changes: Sequence[Change]) -> None:
        if any(isinstance(one.event, MatchMoved) and one.event.deadline_us is not None for one in changes):
            self._loop.wake()

    async def on_gap(self) -> None:
        """Looks again, since there may be a deadline that nobody told it of."""
        self._loop.wake()

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await self._loop.run()

    async def _look(self) -> float | None:
        await self._served.follow(self._clock)
        await self._served.beat()
        next_us = await self._lifecycle.pass_deadlines()
        return None if next_us is None else max(0.0, (next_us - self._clock.now_us()) / MICROSECONDS_PER_SECOND)
