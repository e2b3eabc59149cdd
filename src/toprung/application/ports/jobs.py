"""What the job queue needs of the database."""

from collections.abc import Collection
from typing import Protocol

from toprung.domain.jobs.job import BootMoment, Job, JobId, NewJob


class JobRepository(Protocol):
    """The jobs. A writing transaction has every job that it was given to itself until it ends."""

    def enqueue(self, new: NewJob) -> Job:
        """Adds a job at its fair place; or gives the one with the same kind and key that is not done, dead ones too."""
        ...

    def claim(self, *, instance_id: str, now: BootMoment, until: BootMoment, retries_max: int) -> Job | None:
        """Leases the first job in line that is due, until then. None where there is none.

        While this instance has `retries_max` jobs that failed before, it gets only others.
        """
        ...

    def extend(self, jobs: Collection[Job], until: BootMoment) -> set[JobId]:
        """Extends leases; gives the ids of the jobs that are still held as given."""
        ...

    def settle(self, job: Job) -> bool:
        """Stores what became of a leased job. False, and nothing is changed, if it was lost to somebody else meanwhile.

        One that has to wait gets a new place in line.
        """
        ...

    def lost(self, *, instance_id: str, now: BootMoment) -> list[Job]:
        """The leased jobs that nobody works at: another instance's, and those whose lease ran out."""
        ...

    def revive(self, job: Job) -> None:
        """Puts a dead job, as given, at a new place in line."""
        ...

    def get(self, job_id: JobId) -> Job | None:
        """The job with this id."""
        ...

    def next_due(self, now: BootMoment) -> BootMoment | None:
        """When the next job that has to wait is due; None if none waits for a moment to come."""
        ...

    def count_pending(self) -> int:
        """How many jobs are neither done nor dead."""
        ...

    def prune(self, *, finished_before_us: int, limit: int) -> int:
        """Deletes at most `limit` jobs that were done before then; gives how many it were."""
        ...
