"""The job queue: promised work is claimed, ended and brought back, each in one transaction."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from toprung.application.jobs.job_endings import JobEndings
from toprung.application.ports.clock import BootClock, Clock
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution, audit
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.jobs.job import (
    LEASE_SECONDS,
    Interrupted,
    Job,
    JobEnding,
    JobId,
    JobKind,
    JobState,
    JobStats,
    ended,
    retries_at_once_max,
)
from toprung.domain.listing import LISTED_MAX, ListName, Page, key_of, page_of
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND

PENDING_MAX: Final = 1_000
"""So many jobs may wait; a front end takes in no more until some are done."""

DONE_KEPT_DAYS: Final = 7
PRUNED_AT_ONCE_MAX: Final = 1_000

Effect = Callable[[Transaction], None]
"""What a job changes, in the transaction that ends it. It may run again after a lost race, so it must not remember."""


@dataclass(frozen=True, slots=True)
class Handled:
    """How a job ended, what that changes, and for how long there is no use in beginning another one."""

    ending: JobEnding
    effect: Effect | None = None
    pause_seconds: float = 0.0


class JobHandler(ABC):
    """What is done for jobs of one kind. All it changes goes into transactions that it is handed, or is an effect."""

    @abstractmethod
    async def handle(self, job: Job) -> Handled:
        """Does the work. Whatever it raises counts as a failure of this attempt."""

    @abstractmethod
    def bury(self, tx: Transaction, job: Job) -> None:
        """Changes what else has to change in the transaction in which a job becomes a dead letter."""

    @abstractmethod
    def revive(self, tx: Transaction, job: Job) -> None:
        """Changes what else has to change in the transaction in which a dead letter is to be tried again."""


JobHandlers = Mapping[JobKind, JobHandler]
"""Who does the jobs of each kind."""


class JobQueue:
    """The jobs of one process, which is the only one that works at them: `instance_id` names it and no other."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        clock: Clock,
        boot_clock: BootClock,
        instance_id: str,
        chance: Callable[[], float],
        handlers: JobHandlers,
        endings: JobEndings,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._boot_clock = boot_clock
        self._instance_id = instance_id
        self._chance = chance
        self._handlers = handlers
        self._endings = endings

    async def claim(self, at_most: int, *, workers: int) -> list[Job]:
        """Leases the next jobs in line to this process, which has so many workers. Raises `StorageUnavailable`."""

        def work(tx: Transaction) -> list[Job]:
            now = self._boot_clock.now()
            until = now.after_seconds(LEASE_SECONDS)
            jobs: list[Job] = []
            while len(jobs) < at_most:
                job = tx.jobs.claim(
                    instance_id=self._instance_id, now=now, until=until, retries_max=retries_at_once_max(workers)
                )
                if job is None:
                    break
                jobs.append(job)
            return jobs

        return await self._unit_of_work.run(work)

    async def extend(self, jobs: Collection[Job]) -> set[JobId]:
        """Extends the leases of jobs that are worked at; gives the ids of those that are still this process's."""
        until = self._boot_clock.now().after_seconds(LEASE_SECONDS)
        return await self._unit_of_work.run(lambda tx: tx.jobs.extend(jobs, until))

    async def end(self, job: Job, handled: Handled) -> Job | None:
        """The job as it is after its end, which is committed together with its effect.

        None, and nothing is changed, where it was lost to another attempt meanwhile. Raises `StorageUnavailable`, and
        what the effect raises, with nothing kept.
        """
        chance = self._chance()
        after = await self._unit_of_work.run(lambda tx: self._end(tx, job, handled, chance))
        if after is not None:
            self._endings.announce(after)
        return after

    def _end(self, tx: Transaction, job: Job, handled: Handled, chance: float) -> Job | None:
        after = ended(job, handled.ending, now=self._boot_clock.now(), now_us=self._clock.now_us(), chance=chance)
        # The fence first: it locks the job, so that who adds to it meanwhile is seen by the effect or makes a new job.
        if not tx.jobs.settle(after):
            return None
        if handled.effect is not None:
            handled.effect(tx)
        if after.state is JobState.DEAD:
            self._handlers[job.kind].bury(tx, after)
        return after

    async def rescue(self) -> list[Job]:
        """Brings back the jobs that nobody works at any more and gives them as they are then."""
        chance = self._chance()

        def work(tx: Transaction) -> list[Job]:
            lost = tx.jobs.lost(instance_id=self._instance_id, now=self._boot_clock.now())
            handled = Handled(Interrupted("The process that had the job is gone, or let its lease run out."))
            return [after for job in lost if (after := self._end(tx, job, handled, chance)) is not None]

        brought_back = await self._unit_of_work.run(work)
        for job in brought_back:
            self._endings.announce(job)
        return brought_back

    async def retry(self, job_id: JobId, by: Attribution | None = None) -> Job:
        """Puts a dead letter back in line. Raises `NotFound`, and `Conflict` for a job that is no dead letter."""
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Job:
            job = _found(tx, job_id)
            if job.state is not JobState.DEAD:
                raise Conflict(
                    "Job {job} is {state}; only a dead one can be tried again.",
                    "job_not_dead",
                    job=str(job_id),
                    state=job.state,
                )
            tx.jobs.revive(job)
            self._handlers[job.kind].revive(tx, job)
            audit(tx, by, "retry_job", f"job {job_id}", now_us=now_us, last_error=job.last_error)
            return _found(tx, job_id)

        return await self._unit_of_work.run(work)

    async def seconds_until_due(self) -> float | None:
        """How long until a job that has to wait is due; None if none has to."""
        now = self._boot_clock.now()
        due = await self._unit_of_work.read(lambda tx: tx.jobs.next_due(now))
        return None if due is None else (due.us - now.us) / MICROSECONDS_PER_SECOND

    async def prune(self) -> int:
        """Deletes some of the jobs that were done long ago; gives how many."""
        before_us = self._clock.now_us() - DONE_KEPT_DAYS * MICROSECONDS_PER_DAY
        return await self._unit_of_work.run(
            lambda tx: tx.jobs.prune(finished_before_us=before_us, limit=PRUNED_AT_ONCE_MAX)
        )


class JobHistory:
    """Looking at jobs."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def latest(self, limit: int, state: JobState | None = None, cursor: str | None = None) -> Page[Job]:
        """At most `limit` jobs, in this state or in any, the newest first.

        They are the first ones, or those that follow the page which came with this cursor. Raises `InvalidInput` for
        what is no cursor of this list.
        """
        limit, below = min(limit, LISTED_MAX), key_of(ListName.JOBS, cursor)
        found = await self._unit_of_work.read(lambda tx: tx.lookups.jobs(limit + 1, below=below, state=state))
        return page_of(found, limit, ListName.JOBS, lambda job: job.id)

    async def get(self, job_id: JobId) -> Job:
        """The job with this id. Raises `NotFound`."""
        return await self._unit_of_work.read(lambda tx: _found(tx, job_id))

    async def stats(self) -> JobStats:
        """The numbers."""
        yesterday_us = self._clock.now_us() - MICROSECONDS_PER_DAY
        return await self._unit_of_work.read(lambda tx: tx.lookups.job_stats(yesterday_us=yesterday_us))


def _found(tx: Transaction, job_id: JobId) -> Job:
    job = tx.jobs.get(job_id)
    if job is None:
        raise NotFound("There is no job {job}.", "job", job=str(job_id))
    return job
