"""Storage in an SQLite file: one writing thread with one connection, and readers beside it."""

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from toprung.adapters.private_files import open_private, tighten
from toprung.adapters.storage import migration
from toprung.adapters.storage.failures import storage_failure
from toprung.adapters.storage.in_flight import InFlight
from toprung.adapters.storage.migration import Migrated
from toprung.adapters.storage.safety_copies import COPIES_KEPT, SafetyCopies
from toprung.adapters.storage.sqlite_engine import (
    SAFE_VERSION,
    driver,
    looking_engine,
    migrating_engine,
    reading_engine,
    writing_engine,
)
from toprung.adapters.storage.transaction import SqlTransaction, no_nonce
from toprung.adapters.storage.writer_lock import WriterLock
from toprung.application.intents import NewNonce
from toprung.application.ports.storage import Committed, Transaction
from toprung.domain.errors import StorageUnavailable

T = TypeVar("T")

GROUP_WRITES_MAX: Final = 20
"""Units of work that wait at the same time share one commit, up to this many."""

WRITES_WAITING_MAX: Final = 10_000
WRITE_WAITS_SECONDS_MAX: Final = 30
"""A unit of work that has waited so long for its turn, behind a lock or a long import, is refused instead of begun."""

_WAITED_TOO_LONG: Final = "The database is busy with other work; nothing of this was done. Try again in a moment."

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    """A unit of work that waits for the writing thread, and where its outcome goes."""

    work: Callable[[Transaction], Any]
    future: asyncio.Future[Committed[Any]]
    since_seconds: float

    def settle(self, outcome: Committed[Any] | Exception) -> None:
        """Hands the outcome to whoever waits, if anybody still does. Called by their event loop."""
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class SqliteStorage:
    """Implements `Storage` on an SQLite file. Made by `open_for_writing` or `open_for_reading`."""

    def __init__(
        self,
        readers: Engine,
        writer: Engine | None,
        lock: WriterLock | None,
        copies: SafetyCopies | None,
        migrated: Migrated | None,
        new_nonce: NewNonce = no_nonce,
    ) -> None:
        self.is_read_only = writer is None
        self.migrated = migrated
        self._copies = copies
        self._readers = readers
        self._lock = lock
        self._new_nonce = new_nonce
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._in_flight = InFlight()
        self._thread: threading.Thread | None = None
        if writer is not None:
            self._thread = threading.Thread(target=self._write_until_closed, args=(writer,), name="sqlite-writer")
            self._thread.start()

    @classmethod
    async def open_for_reading(cls, path: Path) -> "SqliteStorage":
        """The database, read-only. Raises `StorageUnavailable` where there is none, or one of another version."""
        if not await asyncio.to_thread(path.is_file):
            raise StorageUnavailable(
                f"There is no database at {path}. `toprung import`, `toprung demo` or `toprung serve` make one; "
                "or name another one with --database or TOPRUNG_DATABASE."
            )
        readers = reading_engine(path)
        try:
            migration.check_revision(await asyncio.to_thread(_revision, readers))
        except SQLAlchemyError as error:
            readers.dispose()
            raise storage_failure(error) from error
        except BaseException:
            readers.dispose()
            raise
        return cls(readers, None, None, None, None)

    @classmethod
    async def open_for_writing(
        cls, path: Path, *, new_nonce: NewNonce, copies_kept: int = COPIES_KEPT
    ) -> "SqliteStorage":
        """The database, made or migrated where needed, with this process as its only writer.

        `copies_kept` is how many safety copies stay (see `SafetyCopies`).
        Raises `WriterPresent` where another process writes to it, and `StorageUnavailable`.
        """
        if not await asyncio.to_thread(path.parent.is_dir):
            raise StorageUnavailable(f"The folder {path.parent} does not exist; make it first.")
        module = driver()
        if module.sqlite_version_info < SAFE_VERSION:
            _log.warning("sqlite_is_old", version=module.sqlite_version, needed=".".join(map(str, SAFE_VERSION)))
        lock = WriterLock(path)
        lock.acquire()
        try:
            writer = writing_engine(path)
            copies = SafetyCopies(path, kept=copies_kept)
            migrated = await asyncio.to_thread(_bring_up_to_date, path, copies)
        except (SQLAlchemyError, OSError) as error:
            lock.release()
            raise storage_failure(error) from error
        except BaseException:
            lock.release()
            raise
        return cls(reading_engine(path), writer, lock, copies, migrated, new_nonce)

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """See `Storage`."""
        if self.is_read_only:
            raise StorageUnavailable("The database was opened for reading only.")
        if self._jobs.qsize() >= WRITES_WAITING_MAX:
            raise StorageUnavailable(f"More than {WRITES_WAITING_MAX} writes are waiting; try again in a moment.")
        with self._in_flight.one():
            future: asyncio.Future[Committed[Any]] = asyncio.get_running_loop().create_future()
            self._jobs.put(_Job(work, future, monotonic()))
            return await future

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
            raise StorageUnavailable("The database was opened for reading only.")
        if await self.read(lambda tx: tx.last_seq()) == 0:
            return None
        return str(await asyncio.to_thread(self._copies.make, reason))

    async def close(self) -> None:
        """See `Storage`."""
        await self._in_flight.close()
        self._readers.dispose()  # before the writer: the last connection to go folds the WAL into the file
        if self._thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        if self._lock is not None:
            self._lock.release()

    def _write_until_closed(self, writer: Engine) -> None:
        with closing(writer.connect()) as connection:
            while (job := self._jobs.get()) is not None:
                batch: list[_Job] = [job]
                closing_down = False
                while len(batch) < GROUP_WRITES_MAX and not self._jobs.empty():
                    more = self._jobs.get()
                    if more is None:
                        closing_down = True
                        break
                    batch.append(more)
                self._commit(connection, batch)
                if closing_down:
                    break
            _checkpoint(connection)

    def _commit(self, connection: Connection, batch: list[_Job]) -> None:
        """Commits what of the batch succeeds and tells each job how it went, in order."""
        late = [job for job in batch if monotonic() - job.since_seconds > WRITE_WAITS_SECONDS_MAX]
        if late:
            _log.warning("writes_waited_too_long", writes=len(late))
            _settle(late, [StorageUnavailable(_WAITED_TOO_LONG)] * len(late))
            batch = [job for job in batch if job not in late]
        if not batch:
            return
        outcomes: list[Committed[Any] | Exception] = []
        try:
            with connection.begin():
                outcomes = [_outcome(connection, job.work, self._new_nonce) for job in batch]
        except Exception as error:  # noqa: BLE001 - a thread that died here would leave every writer waiting for ever
            is_unforeseen = not isinstance(error, SQLAlchemyError | StorageUnavailable)
            _log.warning("commit_failed", writes=len(batch), error=str(error), exc_info=is_unforeseen)
            outcomes = [_failure(error)] * len(batch)
        _settle(batch, outcomes)


def _outcome(
    connection: Connection, work: Callable[[Transaction], Any], new_nonce: NewNonce
) -> Committed[Any] | Exception:
    """What a unit of work gave, or why it failed; among others in one transaction it fails alone.

    Raises `StorageUnavailable` where SQLite undid the whole transaction, as it may on a full disk.
    """
    # Not by `begin_nested`, which takes three times as long.
    connection.exec_driver_sql("SAVEPOINT unit_of_work")
    try:
        tx = SqlTransaction(connection, is_writing=True, new_nonce=new_nonce)
        outcome: Committed[Any] | Exception = Committed(value=work(tx), changes=tx.finish())
    except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
        outcome = _failure(error) if isinstance(error, SQLAlchemyError) else error
        try:
            connection.exec_driver_sql("ROLLBACK TO unit_of_work")
        except SQLAlchemyError:
            raise _failure(error) from error
    connection.exec_driver_sql("RELEASE unit_of_work")
    return outcome


def _failure(error: Exception) -> StorageUnavailable:
    return error if isinstance(error, StorageUnavailable) else storage_failure(error)


def _settle(batch: Sequence[_Job], outcomes: Sequence[Committed[Any] | Exception]) -> None:
    """Hands the outcomes to those who wait, waking their event loop once for all of them."""

    def settle() -> None:
        for job, outcome in zip(batch, outcomes, strict=True):
            job.settle(outcome)

    with suppress(RuntimeError):  # the event loop is closed, and who waited went with it
        batch[0].future.get_loop().call_soon_threadsafe(settle)


def _checkpoint(connection: Connection) -> None:
    """Moves what is in the WAL into the database file, so that a copy of that one file is complete."""
    raw = connection.connection.driver_connection
    if raw is None:
        return
    try:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except driver().Error as error:  # a full disk, say; what is in the WAL is safe there
        _log.warning("checkpoint_failed", error=str(error))


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return migration.revision_of(connection)


def _bring_up_to_date(path: Path, copies: SafetyCopies) -> Migrated | None:
    if not path.exists():
        os.close(open_private(path, os.O_RDWR))  # SQLite would make one that everybody can read
    # Looked at before the writing engine touches it: somebody else's database is not to be switched to WAL.
    revision = _revision(looking_engine(path))
    for companion in ("", "-wal", "-shm"):
        tighten(path.with_name(path.name + companion))
    copies.sweep()
    if revision is not None and revision >= migration.HEAD:
        migration.check_revision(revision)
        return None
    backup = None if revision is None else str(copies.make("migration"))
    with migrating_engine(path).connect() as connection, connection.begin():
        migration.upgrade(connection)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise StorageUnavailable(f"The database's rows do not fit together ({broken[0]}); it was left as it was.")
    _log.info("database_migrated", before=revision, after=migration.HEAD)
    return Migrated(before=revision, backup=backup)
