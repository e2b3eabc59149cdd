"""The loop that works at the queue's jobs: one task that claims, and one for each job that is worked at."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from toprung.application.jobs.job_queue import Handled, JobHandler, JobHistory, JobQueue
from toprung.domain.errors import OutcomeUnknown, StorageUnavailable
from toprung.domain.jobs.job import LEASE_SECONDS, Failed, Job, JobId, JobKind, JobState, JobStats, Released

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """How often the workers look, and how long they wait."""

    beat_seconds: float = LEASE_SECONDS / 3
    """How often leases are extended, and lost jobs and old ones looked for."""

    breath_seconds: float = 1.0
    """How long to wait where the database refuses."""

    stop_seconds_max: float = 3.0
    """How long jobs may go on once the workers are to stop; what is not done by then goes back to the queue."""


LIMITS: Final = WorkerLimits()


class JobWorkers:
    """Works at jobs, so many at a time. `run` goes on until `stop`; `wake` says that there may be a new job."""

    def __init__(
        self,
        *,
        queue: JobQueue,
        history: JobHistory,
        handlers: Mapping[JobKind, JobHandler],
        workers: int,
        limits: WorkerLimits = LIMITS,
    ) -> None:
        self._queue = queue
        self._history = history
        self._handlers = handlers
        self._workers = workers
        self._limits = limits
        self._stats = JobStats()
        self._news = asyncio.Event()
        self._is_stopping = False
        self._running: dict[JobId, tuple[Job, asyncio.Task[None]]] = {}
        self._next_beat = 0.0
        self._paused_until = 0.0

    @property
    def stats(self) -> JobStats:
        """The numbers as they were at the last beat."""
        return self._stats

    @property
    def running(self) -> int:
        """How many jobs are worked at."""
        return len(self._running)

    def wake(self) -> None:
        """Says that there may be a job to claim."""
        self._news.set()

    def stop(self) -> None:
        """Lets no further job begin."""
        self._is_stopping = True
        self._news.set()

    async def run(self) -> None:
        """Works until it is told to stop; then what is worked at finishes, or goes back to the queue uncharged."""
        while not self._is_stopping:
            self._news.clear()
            try:
                wait_seconds = await self._step()
            except StorageUnavailable as error:
                _log.warning("job_step_refused", reason=str(error))
                wait_seconds = self._limits.breath_seconds
            except Exception:  # noqa: BLE001 - the one catch-all of this loop: the queue must not stand still
                _log.exception("job_step_failed")
                wait_seconds = self._limits.breath_seconds
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait_seconds)
        await self._wind_up()

    async def _step(self) -> float:
        """Beats if it is time, claims what can be worked at, and gives how long there is nothing else to do."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_beat:
            await self._beat()
            self._next_beat = now + self._limits.beat_seconds
        wait_seconds = self._next_beat - now
        free = self._workers - len(self._running)
        if self._is_stopping or not free:
            return wait_seconds  # a job's end wakes
        if self._paused_until > now:
            return min(wait_seconds, self._paused_until - now)
        claimed = await self._queue.claim(free, workers=self._workers)
        for job in claimed:
            task = asyncio.create_task(self._work(job), name=f"job-{job.id}")
            self._running[job.id] = (job, task)
            task.add_done_callback(lambda _, job_id=job.id: self._ended(job_id))  # type: ignore[misc]
        if len(claimed) < free:
            due_seconds = await self._queue.seconds_until_due()
            wait_seconds = wait_seconds if due_seconds is None else min(wait_seconds, max(0.0, due_seconds))
        return wait_seconds

    async def _beat(self) -> None:
        jobs = [job for job, _ in self._running.values()]
        if jobs:
            await self._queue.extend(jobs)  # one that is lost is told so at its end
        for job in await self._queue.rescue():
            _log.warning("job_rescued", job=job.id, attempt=job.attempt, state=job.state.value)
        pruned = await self._queue.prune()
        if pruned:
            _log.info("jobs_pruned", jobs=pruned)
        self._stats = await self._history.stats()

    async def _work(self, job: Job) -> None:
        try:
            handled = await self._handlers[job.kind].handle(job)
        except asyncio.CancelledError:
            handled = Handled(Released())  # only `_wind_up` cancels
        except Exception as error:  # noqa: BLE001 - whatever a handler stumbles over is this attempt's failure
            _log.exception("job_handler_failed", job=job.id, kind=job.kind.value)
            handled = Handled(Failed(f"{type(error).__name__}: {error}"))
        if handled.pause_seconds:
            self._paused_until = asyncio.get_running_loop().time() + handled.pause_seconds
        try:
            after = await self._end(job, handled)
        except (StorageUnavailable, OutcomeUnknown) as error:
            # The job stays leased, and comes back when that has run out.
            _log.warning("job_end_refused", job=job.id, reason=str(error))
            return
        if after is None:
            _log.warning("job_end_too_late", job=job.id, attempt=job.attempt)
        elif after.state is JobState.DEAD:
            _log.error("job_dead", job=job.id, kind=job.kind.value, reason=after.last_error)

    async def _end(self, job: Job, handled: Handled) -> Job | None:
        try:
            return await self._queue.end(job, handled)
        except (StorageUnavailable, OutcomeUnknown):
            raise
        except Exception as error:  # noqa: BLE001 - an effect that cannot be had is a failure of the job
            _log.exception("job_effect_failed", job=job.id, kind=job.kind.value)
            return await self._queue.end(job, Handled(Failed(f"{type(error).__name__}: {error}")))

    def _ended(self, job_id: JobId) -> None:
        self._running.pop(job_id, None)
        self._news.set()

    async def _wind_up(self) -> None:
        tasks = {task for _, task in self._running.values()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._limits.stop_seconds_max)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
