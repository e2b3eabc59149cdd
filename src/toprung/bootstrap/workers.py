"""The workers behind the intake of a site."""

import asyncio
from typing import Final

from toprung.adapters.jobs.workers import JobWorkers
from toprung.adapters.replays.replay_archive import ReplayFolder
from toprung.application.ports.clock import Clock
from toprung.bootstrap.wiring import Wired
from toprung.domain.jobs.job import JobStats
from toprung.domain.moment import MICROSECONDS_PER_SECOND

DEAD_LETTERS_ALARM: Final = 10
"""So many dead letters within a day say that something other than a few bad files is wrong."""

BACKLOG_SECONDS_ALARM: Final = 30.0


class SiteWorkers:
    """The workers of a site: they work at what was taken in from `start` to `close`."""

    def __init__(
        self,
        *,
        workers: JobWorkers,
        archive: ReplayFolder,
        clock: Clock,
    ) -> None:
        self._workers = workers
        self._archive = archive
        self._clock = clock
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to work at jobs and returns at once."""
        self._running = asyncio.create_task(self._run(), name="job-workers")

    async def _run(self) -> None:
        await self._archive.sweep()
        await self._workers.run()

    async def close(self) -> None:
        """Returns when what is worked at is done or has gone back to the queue."""
        self._workers.stop()
        if self._running is not None:
            await self._running

    @property
    def stats(self) -> JobStats:
        """The queue's numbers as they were a moment ago."""
        return self._workers.stats

    @property
    def oldest_ready_seconds(self) -> float:
        """For how long the oldest ready job waits; 0 if none does."""
        oldest_us = self.stats.oldest_ready_at_us
        return 0.0 if oldest_us is None else max(0, self._clock.now_us() - oldest_us) / MICROSECONDS_PER_SECOND

    @property
    def is_degraded(self) -> bool:
        """Whether replays wait too long or are given up too often."""
        return self.stats.dead_since_yesterday >= DEAD_LETTERS_ALARM or (
            self.oldest_ready_seconds > BACKLOG_SECONDS_ALARM
        )

    def health(self) -> dict[str, object]:
        """The particulars."""
        return {
            "ready": self.stats.ready,
            "leased": self.stats.leased,
            "dead": self.stats.dead,
            "oldest_ready_seconds": round(self.oldest_ready_seconds, 1),
        }


def site_workers(wired: Wired) -> SiteWorkers:
    """The intake of a ladder, with as many jobs at a time as its settings let replays be read."""
    ladder = wired.ladder
    workers = JobWorkers(
        queue=ladder.queue,
        history=ladder.jobs,
        handlers=ladder.handlers,
        workers=max(1, wired.settings.replay_workers),
    )
    ladder.job_bell.answered_by(workers.wake)
    return SiteWorkers(workers=workers, archive=wired.archive, clock=ladder.clock)
