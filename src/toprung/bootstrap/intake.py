"""The intake of replays with the workers behind it, put together."""

import asyncio
import random
from functools import partial
from typing import Final
from uuid import uuid4

from toprung.adapters.boot_clock import SystemBootClock
from toprung.adapters.jobs.workers import JobWorkers
from toprung.adapters.replays.reading import decode_reading
from toprung.adapters.replays.replay_archive import ReplayFolder
from toprung.application.jobs.job_endings import JobEndings
from toprung.application.jobs.job_queue import JobQueue
from toprung.application.ports.clock import Clock
from toprung.application.replays.intake import IntakeService
from toprung.application.replays.replay_claims import ReplayClaims
from toprung.application.replays.replay_job import ReplayJobHandler
from toprung.application.replays.replay_parsing import ReplayParser
from toprung.application.replays.replay_service import ReplayService
from toprung.bootstrap.wiring import Ladder
from toprung.domain.jobs.job import JobKind, JobStats
from toprung.domain.moment import MICROSECONDS_PER_SECOND

DEAD_LETTERS_ALARM: Final = 10
"""So many dead letters within a day say that something other than a few bad files is wrong."""

BACKLOG_SECONDS_ALARM: Final = 30.0


class SiteIntake:
    """The intake of a site: takes replays in from the beginning, and works at them from `start` to `close`."""

    def __init__(
        self,
        *,
        service: IntakeService,
        workers: JobWorkers,
        archive: ReplayFolder,
        clock: Clock,
        endings: JobEndings,
    ) -> None:
        self.service = service
        self.endings = endings
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


def make_intake(ladder: Ladder, parser: ReplayParser) -> SiteIntake:
    """The intake of a ladder, with as many jobs at a time as its settings let replays be read."""
    endings = JobEndings()
    archive, catalog = ReplayFolder(ladder.settings.replay_archive), ladder.services.catalog
    handler = ReplayJobHandler(
        unit_of_work=ladder.unit_of_work,
        archive=archive,
        parser=parser,
        decode=partial(decode_reading, catalog=catalog),
        judge=ReplayClaims(
            steps=ladder.steps,
            catalog=catalog,
            policy=ladder.settings.replay_policy,
            clock=ladder.clock,
        ),
        clock=ladder.clock,
    )
    handlers = {JobKind.REPLAY: handler}
    queue = JobQueue(
        unit_of_work=ladder.unit_of_work,
        clock=ladder.clock,
        boot_clock=SystemBootClock(),
        instance_id=uuid4().hex,
        chance=random.random,
        handlers=handlers,
        endings=endings,
    )
    workers = JobWorkers(
        queue=queue,
        history=ladder.services.jobs,
        handlers=handlers,
        workers=max(1, ladder.settings.replay_workers),
    )
    replays = ReplayService(
        unit_of_work=ladder.unit_of_work,
        archive=archive,
        clock=ladder.clock,
        announce=workers.wake,
        replay_bytes_max=ladder.settings.replay_bytes_max,
    )
    service = IntakeService(players=ladder.players, replays=replays, queue=queue, announce=workers.wake)
    return SiteIntake(service=service, workers=workers, archive=archive, clock=ladder.clock, endings=endings)
