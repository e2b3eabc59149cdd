"""Storage in PostgreSQL."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from toprung.adapters.storage import migration
from toprung.adapters.storage.failures import storage_failure
from toprung.adapters.storage.in_flight import InFlight
from toprung.adapters.storage.migration import Migrated
from toprung.adapters.storage.transaction import SqlTransaction, no_nonce
from toprung.application.intents import NewNonce
from toprung.application.ports.storage import Committed, Transaction
from toprung.domain.errors import StorageUnavailable, WriterPresent

T = TypeVar("T")

CONNECTIONS_MAX: Final = 10
WRITERS_MAX: Final = 4
"""So many units of work at a time: the other connections are for reads, which do not wait for writers."""
CONNECT_TIMEOUT_SECONDS: Final = 10
ATTEMPTS_MAX: Final = 5
LOCK_TIMEOUT_MS: Final = 5_000

_RACE_LOST: Final = frozenset({"40001", "40P01", "23505"})  # serialization failure, deadlock, unique violation
WRITER_LOCK: Final = 0x746F7072756E67  # the advisory lock of the one writing process: "toprung"

_log = structlog.get_logger(__name__)


class PostgresStorage:
    """Implements `Storage` on PostgreSQL. Made by `open_for_writing` or `open_for_reading`."""

    def __init__(
        self,
        engine: AsyncEngine,
        lock: AsyncConnection | None,
        migrated: Migrated | None,
        new_nonce: NewNonce = no_nonce,
    ) -> None:
        self.is_read_only = lock is None
        self.migrated = migrated
        self._engine = engine
        self._lock = lock
        self._new_nonce = new_nonce
        self._in_flight = InFlight()
        self._writers = asyncio.Semaphore(WRITERS_MAX)

    @classmethod
    async def open_for_reading(cls, url: str) -> "PostgresStorage":
        """The database, read-only. Raises `StorageUnavailable` where it cannot be reached or is of another version."""
        engine = _engine(url)
        try:
            async with engine.connect() as connection:
                migration.check_revision(await connection.run_sync(migration.revision_of))
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            raise storage_failure(error) from error
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine, None, None)

    @classmethod
    async def open_for_writing(cls, url: str, *, new_nonce: NewNonce) -> "PostgresStorage":
        """The database, made or migrated where needed, with this process as its only writer.

        Raises `WriterPresent` where another process writes to it, and `StorageUnavailable`.
        """
        engine = _engine(url)
        lock: AsyncConnection | None = None
        try:
            lock = await _writer_lock(engine)
            migrated = None
            async with engine.begin() as connection:
                revision = await connection.run_sync(migration.revision_of)
                if revision is None or revision < migration.HEAD:
                    await connection.run_sync(migration.upgrade)
                    migrated = Migrated(before=revision, backup=None)
                    _log.info("database_migrated", before=revision, after=migration.HEAD)
                else:
                    migration.check_revision(revision)
        except (SQLAlchemyError, OSError) as error:
            await _let_go(engine, lock)
            raise storage_failure(error) from error
        except BaseException:
            await _let_go(engine, lock)
            raise
        return cls(engine, lock, migrated, new_nonce)

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """See `Storage`."""
        if self.is_read_only:
            raise StorageUnavailable("The database was opened for reading only.")

        with self._in_flight.one():
            async with self._writers:
                return await self._write(work)

    async def _write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        def run(connection: Connection) -> Committed[T]:
            tx = SqlTransaction(connection, is_writing=True, new_nonce=self._new_nonce)
            return Committed(value=work(tx), changes=tx.finish())

        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                async with self._engine.begin() as connection:
                    return await connection.run_sync(run)
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state not in _RACE_LOST or attempt == ATTEMPTS_MAX:
                    raise storage_failure(error) from error
                _log.info("write_again", attempt=attempt, sqlstate=state)
            except (SQLAlchemyError, OSError) as error:
                raise storage_failure(error) from error
        raise AssertionError("the last attempt returns or raises")

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See `Storage`."""

        def run(connection: Connection) -> T:
            return work(SqlTransaction(connection, is_writing=False))

        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            with self._in_flight.one():
                async with self._engine.connect() as connection:
                    await connection.execution_options(**options)
                    return await connection.run_sync(run)
        except (SQLAlchemyError, OSError) as error:
            raise storage_failure(error) from error

    async def make(self, reason: str) -> str | None:  # noqa: ARG002 - what the port says
        """See `Backups`: PostgreSQL has its own tools for copies, so none is made here."""
        return None

    async def close(self) -> None:
        """See `Storage`."""
        await self._in_flight.close()
        await _let_go(self._engine, self._lock)


async def _let_go(engine: AsyncEngine, lock: AsyncConnection | None) -> None:
    """Closes every connection, that of the writer's lock too: it must be back in the pool for that."""
    if lock is not None:
        with suppress(SQLAlchemyError, OSError):
            await lock.close()
    await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    address = "postgresql+asyncpg://" + url.split("://", 1)[1]
    return create_async_engine(
        address,
        pool_size=CONNECTIONS_MAX,
        max_overflow=0,
        connect_args={
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "server_settings": {"lock_timeout": str(LOCK_TIMEOUT_MS), "application_name": "toprung"},
        },
    )


async def _writer_lock(engine: AsyncEngine) -> AsyncConnection:
    """A connection that holds the writer's lock for as long as it is open. Raises `WriterPresent`."""
    connection = await engine.connect()
    await connection.execution_options(isolation_level="AUTOCOMMIT")
    taken = (await connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": WRITER_LOCK})).scalar()
    if not taken:
        await connection.close()
        raise WriterPresent(
            "Another process is already writing to this PostgreSQL database, and only one may. Stop it first; commands "
            "that change something go through a running `toprung serve` by themselves."
        )
    return connection
