"""Jobs in the database."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update

from toprung.adapters.storage.tables import schema
from toprung.domain.jobs.job import (
    BootMoment,
    Job,
    JobId,
    JobKind,
    JobState,
    NewJob,
    fair_turn,
    leased,
    revived,
)
from toprung.domain.players.player import PlayerId

_PENDING: Final = (JobState.READY.value, JobState.LEASED.value)


class SqlJobRepository:
    """Implements `JobRepository`. On SQLite a writing transaction is alone, so that nothing there needs a lock."""

    def __init__(self, connection: Connection, *, is_locking: bool) -> None:
        self._connection = connection
        self._is_locking = is_locking

    def enqueue(self, new: NewJob) -> Job:
        """See `JobRepository`. A job found is locked: who completes it meanwhile sees what this transaction adds."""
        table = schema.job
        known = self._one(
            and_(
                table.c.kind == new.kind.value,
                table.c.dedup_key == new.dedup_key,
                table.c.state != JobState.DONE.value,
            )
        )
        if known is not None:
            return known
        values = {
            "kind": new.kind.value,
            "payload": new.payload,
            "dedup_key": new.dedup_key,
            "player_id": new.player_id,
            "state": JobState.READY.value,
            "turn": self._next_turn(new.player_id),
            "enqueued_at_us": new.enqueued_at_us,
            **dict.fromkeys(("attempt", "errors", "deaths", "interruptions"), 0),
        }
        return to_job(self._connection.execute(insert(table).returning(table), values).one())

    def claim(self, *, instance_id: str, now: BootMoment, until: BootMoment, retries_max: int) -> Job | None:
        """See `JobRepository`."""
        table = schema.job
        is_retry = table.c.errors + table.c.deaths > 0
        retries = select(func.count()).where(
            table.c.state == JobState.LEASED.value, table.c.instance_id == instance_id, is_retry
        )
        conditions = [
            table.c.state == JobState.READY.value,
            or_(table.c.until_boot_us.is_(None), table.c.boot_id != now.boot_id, table.c.until_boot_us <= now.us),
        ]
        if self._connection.execute(retries).scalar_one() >= retries_max:
            conditions.append(~is_retry)
        query = select(table).where(*conditions).order_by(table.c.turn, table.c.id).limit(1)
        row = self._connection.execute(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        job = leased(to_job(row), instance_id=instance_id, until=until)
        self._store(job)
        return job

    def extend(self, jobs: Collection[Job], until: BootMoment) -> set[JobId]:
        """See `JobRepository`."""
        extended = set()
        for job in jobs:
            if self._store(replace(job, until=until), _is_held(job)):
                extended.add(job.id)
        return extended

    def settle(self, job: Job) -> bool:
        """See `JobRepository`."""
        turn = self._next_turn(job.player_id) if job.has_to_wait else job.turn
        return self._store(replace(job, turn=turn), _is_held(job))

    def lost(self, *, instance_id: str, now: BootMoment) -> list[Job]:
        """See `JobRepository`."""
        table = schema.job
        query = (
            select(table)
            .where(
                table.c.state == JobState.LEASED.value,
                or_(
                    table.c.instance_id != instance_id,
                    table.c.boot_id != now.boot_id,
                    table.c.until_boot_us <= now.us,
                ),
            )
            .order_by(table.c.turn, table.c.id)
        )
        if self._is_locking:
            query = query.with_for_update()
        return [to_job(row) for row in self._connection.execute(query)]

    def revive(self, job: Job) -> None:
        """See `JobRepository`."""
        self._store(replace(revived(job), turn=self._next_turn(job.player_id)))

    def get(self, job_id: JobId) -> Job | None:
        """See `JobRepository`."""
        return self._one(schema.job.c.id == job_id)

    def next_due(self, now: BootMoment) -> BootMoment | None:
        """See `JobRepository`."""
        table = schema.job
        query = select(func.min(table.c.until_boot_us)).where(
            table.c.state == JobState.READY.value, table.c.boot_id == now.boot_id, table.c.until_boot_us > now.us
        )
        us = self._connection.execute(query).scalar()
        return None if us is None else BootMoment(boot_id=now.boot_id, us=us)

    def count_pending(self) -> int:
        """See `JobRepository`."""
        query = select(func.count()).where(schema.job.c.state.in_(_PENDING))
        return int(self._connection.execute(query).scalar_one())

    def prune(self, *, finished_before_us: int, limit: int) -> int:
        """See `JobRepository`."""
        table = schema.job
        old = (
            select(table.c.id)
            .where(table.c.state == JobState.DONE.value, table.c.finished_at_us < finished_before_us)
            .order_by(table.c.finished_at_us)
            .limit(limit)
        )
        return self._connection.execute(delete(table).where(table.c.id.in_(old))).rowcount

    def _next_turn(self, player_id: PlayerId | None) -> int:
        table = schema.job
        current = select(func.min(table.c.turn)).where(
            table.c.state == JobState.READY.value, table.c.errors + table.c.deaths == 0
        )
        last = select(func.max(table.c.turn)).where(table.c.player_id == player_id, table.c.state.in_(_PENDING))
        return fair_turn(
            current_turn=self._connection.execute(current).scalar(),
            last_turn_of_player=self._connection.execute(last).scalar(),
        )

    def _one(self, condition: ColumnElement[bool]) -> Job | None:
        query = select(schema.job).where(condition)
        if self._is_locking:
            query = query.with_for_update()
        row = self._connection.execute(query).first()
        return None if row is None else to_job(row)

    def _store(self, job: Job, condition: ColumnElement[bool] | None = None) -> bool:
        """Stores what changes in a job's life, where the condition holds; says whether it did."""
        table = schema.job
        statement = update(table).where(table.c.id == job.id)
        if condition is not None:
            statement = statement.where(condition)
        values = {
            "state": job.state.value,
            "turn": job.turn,
            "attempt": job.attempt,
            "errors": job.errors,
            "deaths": job.deaths,
            "interruptions": job.interruptions,
            "boot_id": None if job.until is None else job.until.boot_id,
            "until_boot_us": None if job.until is None else job.until.us,
            "instance_id": job.instance_id,
            "finished_at_us": job.finished_at_us,
            "last_error": job.last_error,
        }
        return self._connection.execute(statement, values).rowcount == 1


def _is_held(job: Job) -> ColumnElement[bool]:
    """Whether a job is still held under the attempt that is given: the fence."""
    return and_(schema.job.c.state == JobState.LEASED.value, schema.job.c.attempt == job.attempt)


def to_job(row: Row[Any]) -> Job:
    """The job in a row of the table."""
    until = None if row.until_boot_us is None else BootMoment(boot_id=row.boot_id, us=row.until_boot_us)
    return Job(
        id=JobId(row.id),
        kind=JobKind(row.kind),
        payload=row.payload,
        dedup_key=row.dedup_key,
        player_id=None if row.player_id is None else PlayerId(row.player_id),
        state=JobState(row.state),
        turn=row.turn,
        enqueued_at_us=row.enqueued_at_us,
        attempt=row.attempt,
        errors=row.errors,
        deaths=row.deaths,
        interruptions=row.interruptions,
        until=until,
        instance_id=row.instance_id,
        finished_at_us=row.finished_at_us,
        last_error=row.last_error,
    )
