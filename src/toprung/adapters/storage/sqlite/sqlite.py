"""Storage in an SQLite file: one writing thread with one connection, and readers beside it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from toprung.adapters.private_files import open_private, tighten
from toprung.adapters.storage.hold.failures import storage_failure
from toprung.adapters.storage.hold.in_flight import InFlight
from toprung.adapters.storage.hold.writer_hold import WriterHold
from toprung.adapters.storage.hold.writer_lock import WriterLock
from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.adapters.storage.migration import MIGRATIONS, Migrated, Migrations, revision_of
from toprung.adapters.storage.sqlite.safety_copies import COPIES_KEPT, SafetyCopies
from toprung.adapters.storage.sqlite.sqlite_engine import (
    SAFE_VERSION,
    driver,
    looking_engine,
    migrating_engine,
    reading_engine,
)
from toprung.adapters.storage.sqlite.sqlite_place import SqlitePlace
from toprung.adapters.storage.sqlite.sqlite_writer import SqliteWriter
from toprung.adapters.storage.transaction import SqlTransaction
from toprung.application.ports.intents import NewNonce
from toprung.application.ports.storage import Committed, Transaction
from toprung.domain.errors import StorageUnavailable

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class SqliteStorage:
    """Implements `Storage` on an SQLite file. Made by `open_for_writing` or `open_for_reading`."""

    def __init__(
        self,
        readers: Engine,
        writing: SqliteWriter | None,
        copies: SafetyCopies | None,
        migrated: Migrated | None,
    ) -> None:
        self.is_read_only = writing is None
        self.migrated = migrated
        self._copies = copies
        self._readers = readers
        self._writing = writing
        self._in_flight = InFlight()

    @classmethod
    async def open_for_reading(cls, path: Path, *, migrations: Migrations = MIGRATIONS) -> "SqliteStorage":
        """The database, read-only. Raises `StorageUnavailable` where there is none, or one of another version."""
        if not await asyncio.to_thread(path.is_file):
            raise StorageUnavailable("There is no database at {path}.", "no_database", path=str(path))
        readers = reading_engine(path)
        try:
            migrations.check(await asyncio.to_thread(_revision, readers))
        except SQLAlchemyError as error:
            readers.dispose()
            raise storage_failure(error) from error
        except BaseException:
            readers.dispose()
            raise
        return cls(readers, None, None, None)

    @classmethod
    async def open_for_writing(
        cls,
        path: Path,
        *,
        new_nonce: NewNonce,
        copies_kept: int = COPIES_KEPT,
        limits: StorageLimits = LIMITS,
        migrations: Migrations = MIGRATIONS,
    ) -> "SqliteStorage":
        """The database, made or migrated where needed, with this process as its only writer.

        `copies_kept` is how many safety copies stay (see `SafetyCopies`).
        Raises `WriterPresent` where another process writes to it, and `StorageUnavailable`.
        """
        if not await asyncio.to_thread(path.parent.is_dir):
            raise StorageUnavailable(
                "The folder {folder} does not exist; make it first.", "no_folder", folder=str(path.parent)
            )
        module = driver()
        if module.sqlite_version_info < SAFE_VERSION:
            _log.warning("sqlite_is_old", version=module.sqlite_version, needed=".".join(map(str, SAFE_VERSION)))
        place, lock = SqlitePlace(path), WriterLock(path)
        lock.acquire()
        try:
            place.refuse_second_names()
            copies = SafetyCopies(path, kept=copies_kept)
            migrated = await asyncio.to_thread(_bring_up_to_date, path, copies, limits, migrations)
            writing = await SqliteWriter.started(place, lock, new_nonce, limits)
        except (SQLAlchemyError, OSError) as error:
            lock.release()
            raise storage_failure(error) from error
        except BaseException:
            lock.release()
            raise
        return cls(reading_engine(path), writing, copies, migrated)

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
            return await self._writing.write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See `Storage`."""
        with self._in_flight.one():
            return await asyncio.to_thread(self._read, work)

    def _read(self, work: Callable[[Transaction], T]) -> T:
        try:
            with self._readers.begin() as connection:
                return work(SqlTransaction(connection, is_writing=False))
        except SQLAlchemyError as error:
            raise storage_failure(error) from error

    async def make(self, reason: str) -> str | None:
        """See `Backups`: a copy beside the database, named by the time and the reason; None while it is empty."""
        if self._copies is None:
            raise StorageUnavailable("The database was opened for reading only.", "read_only")
        if await self.read(lambda tx: tx.changes.last_seq()) == 0:
            return None
        return str(await asyncio.to_thread(self._copies.make, reason))

    async def close(self) -> None:
        """See `Storage`."""
        await self._in_flight.close()
        self._readers.dispose()  # before the writer: the last connection to go folds the WAL into the file
        if self._writing is not None:
            await self._writing.close()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return revision_of(connection)


def _bring_up_to_date(
    path: Path, copies: SafetyCopies, limits: StorageLimits, migrations: Migrations
) -> Migrated | None:
    if not path.exists():
        os.close(open_private(path, os.O_RDWR))  # SQLite would make one that everybody can read
    # Looked at before the writing engine touches it: somebody else's database is not to be switched to WAL.
    revision = _revision(looking_engine(path, limits))
    for companion in ("", "-wal", "-shm"):
        tighten(path.with_name(path.name + companion))
    copies.sweep()
    if migrations.are_done(revision):
        return None
    backup = None if revision is None else str(copies.make("migration"))
    with migrating_engine(path, limits).connect() as connection, connection.begin():
        migrations.upgrade(connection)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise StorageUnavailable(
                "The database's rows do not fit together ({problem}); it was left as it was.",
                "rows_broken",
                problem=broken[0],
            )
    _log.info("database_migrated", before=revision, after=migrations.head)
    return Migrated(before=revision, backup=backup)
