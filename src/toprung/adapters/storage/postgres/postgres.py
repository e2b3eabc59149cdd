"""Storage in PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from toprung.adapters.storage.hold.failures import storage_failure
from toprung.adapters.storage.hold.in_flight import InFlight
from toprung.adapters.storage.hold.writer_hold import WriterHold, WriterWatch
from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.adapters.storage.migration import MIGRATIONS, Migrated, Migrations, revision_of
from toprung.adapters.storage.postgres.postgres_engine import (
    READING_IDLE_TIMEOUT_MS,
    WRITING_IDLE_TIMEOUT_MS,
    pooled_engine,
    unpooled_engine,
)
from toprung.adapters.storage.postgres.postgres_fence import LostCommit, Passed, Session, became_of, pass_fence
from toprung.adapters.storage.postgres.postgres_lock import PostgresWriterLock, closed_at_once
from toprung.adapters.storage.transaction import SqlTransaction
from toprung.application.ports.intents import NewNonce
from toprung.application.ports.storage import Committed, Transaction
from toprung.domain.errors import OutcomeUnknown, StorageUnavailable

T = TypeVar("T")

READERS_MAX: Final = 6
WRITERS_MAX: Final = 4
"""So many units of work at a time. Reads have connections of their own and do not wait for writers."""
ATTEMPTS_MAX: Final = 5

_RACE_LOST: Final = frozenset({"40001", "40P01", "23505"})  # serialization failure, deadlock, unique violation
_REFUSED_AT_COMMIT: Final = frozenset({"23", "40", "53"})  # the classes by which a commit says that it did not happen
_COMPLETION_UNKNOWN: Final = "40003"
_ANOTHER_EPOCH: Final = (
    "The right to write to this database was taken anew meanwhile; nothing of this was kept. Try again in a moment."
)
FOUND_NOT_KEPT: Final = (
    "The connection to the database broke at the last moment; nothing of this was kept. Try again in a moment."
)
_SILENT: Final = "The database does not answer; nothing of this was kept. Try again in a moment."

_log = structlog.get_logger(__name__)


class PostgresStorage:
    """Implements `Storage` on PostgreSQL. Made by `open_for_writing` or `open_for_reading`."""

    def __init__(self, readers: AsyncEngine, writing: "_Writing | None", migrated: Migrated | None) -> None:
        self.is_read_only = writing is None
        self.migrated = migrated
        self._readers = readers
        self._writing = writing
        self._in_flight = InFlight()
        self._writers = asyncio.Semaphore(WRITERS_MAX)

    @classmethod
    async def open_for_reading(cls, url: str, *, migrations: Migrations = MIGRATIONS) -> "PostgresStorage":
        """The database, read-only. Raises `StorageUnavailable` where it cannot be reached or is of another version."""
        readers = _reading_engine(url)
        try:
            async with readers.connect() as connection:
                migrations.check(await connection.run_sync(revision_of))
        except (SQLAlchemyError, OSError) as error:
            await readers.dispose()
            raise storage_failure(error) from error
        except BaseException:
            await readers.dispose()
            raise
        return cls(readers, None, None)

    @classmethod
    async def open_for_writing(
        cls,
        url: str,
        *,
        new_nonce: NewNonce,
        limits: StorageLimits = LIMITS,
        migrations: Migrations = MIGRATIONS,
    ) -> "PostgresStorage":
        """The database, made or migrated where needed, with this process as its only writer.

        Raises `WriterPresent` where another process writes to it, and `StorageUnavailable`.
        """
        single, pool = unpooled_engine(url, limits), _writing_engine(url, limits)
        lock = PostgresWriterLock(single)
        try:
            await lock.acquire()
            async with single.begin() as connection:
                migrated = await connection.run_sync(_bring_up_to_date, migrations)
            hold = WriterHold(await lock.take_epoch(), limits)
        except (SQLAlchemyError, OSError) as error:
            await lock.release()
            raise storage_failure(error) from error
        except BaseException:
            await lock.release()
            raise
        storage = cls(_reading_engine(url), _Writing(pool, single, lock, hold, new_nonce), migrated)
        for engine in (pool, storage._readers):  # what was connected before may be of no use any more
            storage.on_renewed(engine.dispose)
        return storage

    @property
    def hold(self) -> WriterHold | None:
        """What this process knows of its right to write; None where the database was opened for reading only."""
        return None if self._writing is None else self._writing.hold

    @property
    def is_in_touch(self) -> bool:
        """See `Storage`; one that was opened for reading only does not follow what others write anyway."""
        return self.hold is None or self.hold.is_confirmed

    async def get_in_touch(self) -> None:
        """See `Storage`."""
        if self.hold is not None:
            await self.hold.confirmed()

    def on_renewed(self, handler: Callable[[], Awaitable[None]]) -> None:
        """Has a handler called each time that another process may have written meanwhile."""
        if self._writing is not None:
            self._writing.watch.on_renewed(handler)

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """See `Storage`."""
        if self._writing is None:
            raise StorageUnavailable("The database was opened for reading only.", "read_only")
        with self._in_flight.one():
            async with self._writers:
                return await self._writing.write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See `Storage`."""
        with self._in_flight.one():
            if self._writing is None:
                return await self._read(work)
            try:
                async with self._writing.hold.patience():
                    return await self._read(work)
            except TimeoutError as error:
                raise StorageUnavailable(
                    "The database does not answer. Try again in a moment.", "silent_read"
                ) from error

    async def _read(self, work: Callable[[Transaction], T]) -> T:
        def run(connection: Connection) -> T:
            return work(SqlTransaction(connection, is_writing=False))

        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            connection = await self._readers.connect()
            try:
                await connection.execution_options(**options)
                return await connection.run_sync(run)
            except asyncio.CancelledError:
                await closed_at_once(connection)
                raise
            finally:
                await connection.close()
        except (SQLAlchemyError, OSError) as error:
            raise storage_failure(error) from error

    async def make(self, reason: str) -> str | None:  # noqa: ARG002 - what the port says
        """See `Backups`: PostgreSQL has its own tools for copies, so none is made here."""
        return None

    async def close(self) -> None:
        """See `Storage`."""
        await self._in_flight.close()
        if self._writing is not None:
            await self._writing.close()
        await self._readers.dispose()


class _Writing:
    """What a storage that was opened for writing has besides: connections to write with, and the right to."""

    def __init__(
        self,
        pool: AsyncEngine,
        single: AsyncEngine,
        lock: PostgresWriterLock,
        hold: WriterHold,
        new_nonce: NewNonce,
    ) -> None:
        self.hold = hold
        self._pool = pool
        self._single = single
        self._lock = lock
        self._new_nonce = new_nonce
        self.watch = WriterWatch(hold, lock)

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """The unit of work, committed: see `Storage`."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return await self._once(work)
            except DBAPIError as error:
                state = _sqlstate(error)
                if state not in _RACE_LOST or attempt == ATTEMPTS_MAX:
                    raise storage_failure(error) from error
                _log.info("write_again", attempt=attempt, sqlstate=state)
            except (SQLAlchemyError, OSError) as error:
                raise storage_failure(error) from error
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, work: Callable[[Transaction], T]) -> Committed[T]:
        self.hold.check()
        epoch, before = self.hold.epoch, self._lock.session

        def run(connection: Connection) -> tuple[Committed[T], Passed]:
            tx = SqlTransaction(connection, is_writing=True, new_nonce=self._new_nonce, limits=self.hold.limits)
            committed = Committed(value=work(tx), changes=tx.finish())
            return committed, pass_fence(connection, epoch)

        try:
            async with self.hold.patience():
                connection = await self._pool.connect()
                try:
                    committed, passed = await connection.run_sync(run)
                except asyncio.CancelledError:
                    await closed_at_once(connection)
                    raise
                except BaseException:
                    await _given_back(connection)
                    raise
        except TimeoutError as error:
            raise StorageUnavailable(_SILENT, "silent") from error
        if not passed.is_held:
            await _given_back(connection)
            raise self._fenced_off(epoch)
        return await self._committed(connection, committed, passed, before)

    async def _committed(
        self, connection: AsyncConnection, committed: Committed[T], passed: Passed, before: Session
    ) -> Committed[T]:
        try:
            async with self.hold.patience():
                await connection.commit()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            await closed_at_once(connection)
            state = _sqlstate(error)
            if state is not None and state != _COMPLETION_UNKNOWN and state[:2] in _REFUSED_AT_COMMIT:
                raise
            return await self._looked_up(committed, passed, before, error)
        except asyncio.CancelledError:
            await closed_at_once(connection)
            raise
        await _given_back(connection)
        return committed

    async def _looked_up(
        self, committed: Committed[T], passed: Passed, before: Session, error: Exception
    ) -> Committed[T]:
        """What became of a commit whose answer was lost: see `became_of`."""
        is_kept: bool | None = True
        if passed.xid is not None:
            seconds_max = self.hold.limits.look_up_seconds_max
            lost = LostCommit(xid=passed.xid, pid=passed.pid, changes=committed.changes, before=before)
            is_kept = await became_of(self._single, lost, seconds_max=seconds_max)
        _log.warning("commit_answer_lost", transaction=passed.xid, is_kept=is_kept, error=str(error))
        self.hold.news.set()
        if is_kept is None:
            raise OutcomeUnknown(
                "The database was asked to keep this and has not answered, so it is not known whether it was "
                "kept. Look whether it is there, once the database answers again, before doing it once more.",
                "not_answered",
            ) from error
        if not is_kept:
            raise StorageUnavailable(FOUND_NOT_KEPT, "broke_off") from error
        return committed

    def _fenced_off(self, epoch: int) -> StorageUnavailable:
        """What a transaction of an epoch that is over is told; if that is news, it is asked at once what is so."""
        refusal = StorageUnavailable(_ANOTHER_EPOCH, "another_epoch")
        if epoch == self.hold.epoch:
            self.hold.doubt(refusal)
        return refusal

    async def close(self) -> None:
        """Lets go of the lock last."""
        await self.watch.close()
        await self._pool.dispose()
        await self._lock.release()
        await self._single.dispose()


def _bring_up_to_date(connection: Connection, migrations: Migrations) -> Migrated | None:
    revision = revision_of(connection)
    if migrations.are_done(revision):
        return None
    migrations.upgrade(connection)
    _log.info("database_migrated", before=revision, after=migrations.head)
    return Migrated(before=revision, backup=None)


async def _given_back(connection: AsyncConnection) -> None:
    """Closes a connection whose end changes nothing any more."""
    with suppress(SQLAlchemyError, OSError):
        await connection.close()


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


def _reading_engine(url: str) -> AsyncEngine:
    return pooled_engine(url, connections_max=READERS_MAX, idle_timeout_ms=READING_IDLE_TIMEOUT_MS)


def _writing_engine(url: str, limits: StorageLimits) -> AsyncEngine:
    return pooled_engine(url, connections_max=WRITERS_MAX, idle_timeout_ms=WRITING_IDLE_TIMEOUT_MS, limits=limits)
