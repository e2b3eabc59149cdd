"""The one thread that writes to an SQLite file, and what it does to be sure that it still may."""

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from toprung.adapters.private_files import open_private
from toprung.adapters.storage.hold.failures import storage_failure
from toprung.adapters.storage.hold.writer_hold import TAKEN_OVER, WriterHold, WriterWatch
from toprung.adapters.storage.hold.writer_lock import WriterLock
from toprung.adapters.storage.limits import StorageLimits
from toprung.adapters.storage.sqlite.sqlite_commit import became_of, count_commit, present_epoch, take_epoch
from toprung.adapters.storage.sqlite.sqlite_engine import driver, writing_engine
from toprung.adapters.storage.sqlite.sqlite_place import SqlitePlace
from toprung.adapters.storage.transaction import SqlTransaction
from toprung.application.ports.intents import NewNonce
from toprung.application.ports.storage import Committed, Transaction
from toprung.domain.errors import OutcomeUnknown, StorageUnavailable, ToprungError, WriterLost

T = TypeVar("T")

GROUP_WRITES_MAX: Final = 20
"""Units of work that wait at the same time share one commit, up to this many."""

WRITES_WAITING_MAX: Final = 10_000

_WAITED_TOO_LONG: Final = "The database is busy with other work; nothing of this was done. Try again in a moment."
_LOCK_FILE_GONE: Final = (
    "The lock file beside the database was removed; nothing of this was kept. Try again in a moment."
)

Outcome = Committed[Any] | Exception

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    """A unit of work that waits for the writing thread, and where its outcome goes."""

    work: Callable[[Transaction], Any]
    future: asyncio.Future[Committed[Any]]
    since_seconds: float

    def settle(self, outcome: Outcome) -> None:
        """Hands the outcome to whoever waits, if anybody still does. Called by their event loop."""
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


@dataclass(frozen=True, slots=True)
class _Order:
    """Something else for the thread to do with its connection, between two transactions."""

    act: Callable[[], object]


class SqliteWriter:
    """Commits units of work in a thread of its own, several in one transaction where several wait.

    Implements `Keeper`: the lock file is taken anew where somebody removed it; but where the database itself was moved,
    removed or replaced, what was committed is saved beside it and this process may not write any more.
    """

    hold: WriterHold
    watch: WriterWatch

    def __init__(self, place: SqlitePlace, lock: WriterLock, new_nonce: NewNonce, limits: StorageLimits) -> None:
        self._place = place
        self._lock = lock
        self._new_nonce = new_nonce
        self._limits = limits
        self._jobs: queue.Queue[_Job | _Order | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work_until_closed, name="sqlite-writer")
        self._open: Connection | None = None
        self._has_left = False
        self._asking: threading.Thread | None = None

    @classmethod
    async def started(
        cls, place: SqlitePlace, lock: WriterLock, new_nonce: NewNonce, limits: StorageLimits
    ) -> "SqliteWriter":
        """One that writes under a new epoch. Raises `StorageUnavailable`."""
        writer = cls(place, lock, new_nonce, limits)
        writer._thread.start()
        try:
            writer.hold = WriterHold(await writer._new_epoch(), limits)
        except BaseException:
            await writer._end_thread()
            raise
        writer.watch = WriterWatch(writer.hold, writer)
        return writer

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """The unit of work, committed: see `Storage`."""
        self.hold.check()
        if self._jobs.qsize() >= WRITES_WAITING_MAX:
            raise StorageUnavailable(
                "More than {most} writes are waiting; try again in a moment.",
                "writes_waiting",
                most=str(WRITES_WAITING_MAX),
            )
        future: asyncio.Future[Committed[Any]] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, future, monotonic()))
        return await future

    async def close(self) -> None:
        """Returns when what waits is committed; lets go of the lock last."""
        await self.watch.close()
        await self._end_thread()
        self._lock.release()

    async def _end_thread(self) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    # What the watch asks.

    async def ask(self, epoch: int) -> None:
        """See `Keeper`. In a thread of its own: a disk that hangs must not keep the event loop from saying so."""
        if self._asking is not None and self._asking.is_alive():
            raise StorageUnavailable(
                "The disk with the database does not answer; nothing of this was kept.", "disk_silent"
            )
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()

        def settle(error: Exception | None) -> None:
            if not answer.done():
                answer.set_exception(error) if error else answer.set_result(None)

        def look() -> None:
            found = self._found(epoch)
            with suppress(RuntimeError):  # the event loop is closed, and who asked went with it
                loop.call_soon_threadsafe(settle, found)

        self._asking = threading.Thread(target=look, name="sqlite-watch", daemon=True)
        self._asking.start()
        await answer

    def _found(self, epoch: int) -> Exception | None:
        try:
            self._place.check()
            if present_epoch(self._place.path) != epoch:
                return WriterLost(TAKEN_OVER, "taken_over")
            self._place.check()  # again: the epoch may have been another file's
        except WriterLost as error:
            reason = error
            self._jobs.put(_Order(lambda: self._leave(reason)))
            return StorageUnavailable(str(error))
        except driver().Error as error:
            return storage_failure(error)
        return None if self._lock.is_held else StorageUnavailable(_LOCK_FILE_GONE, "lock_file_gone")

    async def renew(self) -> int:
        """See `Keeper`."""
        try:
            self._place.check()
        except WriterLost:
            raise await asyncio.shield(self.hold.lost) from None  # once what was committed is saved
        if not self._lock.is_held:
            self._lock.acquire()
        return await self._new_epoch()

    async def _new_epoch(self) -> int:
        loop = asyncio.get_running_loop()
        taken: asyncio.Future[int] = loop.create_future()

        def settle(outcome: int | Exception) -> None:
            if taken.done():
                return
            if isinstance(outcome, Exception):
                taken.set_exception(outcome)
            else:
                taken.set_result(outcome)

        def take() -> None:
            outcome: int | Exception
            try:
                outcome = take_epoch(_raw(self._connection()))
                self._place.opened()
            except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
                outcome = storage_failure(error)
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, outcome)

        self._jobs.put(_Order(take))
        return await taken

    # What the thread does.

    def _connection(self) -> Connection:
        if self._open is None:
            self._open = writing_engine(self._place.path, self._limits).connect()
        return self._open

    def _work_until_closed(self) -> None:
        is_closing = False
        while not is_closing and (job := self._jobs.get()) is not None:
            if isinstance(job, _Order):
                job.act()
                continue
            batch: list[_Job] = [job]
            after: _Order | None = None
            while after is None and len(batch) < GROUP_WRITES_MAX and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    is_closing = True
                    break
                if isinstance(more, _Order):
                    after = more
                else:
                    batch.append(more)
            self._commit(batch)
            if after is not None:
                after.act()
        if self._open is not None:
            _checkpoint(self._open)
            self._open.close()

    def _commit(self, batch: list[_Job]) -> None:
        """Commits what of the batch succeeds and tells each job how it went, in order."""
        late = [job for job in batch if monotonic() - job.since_seconds > self._limits.write_waits_seconds_max]
        if late:
            _log.warning("writes_waited_too_long", writes=len(late))
            _settle(late, [StorageUnavailable(_WAITED_TOO_LONG, "waited_too_long")] * len(late))
            batch = [job for job in batch if job not in late]
        if not batch:
            return
        outcomes: list[Outcome] = []
        try:
            self.hold.check()
            self._place.check()
            outcomes = self._committed(batch)
        except Exception as error:  # noqa: BLE001 - a thread that died here would leave every writer waiting for ever
            is_unforeseen = not isinstance(error, SQLAlchemyError | ToprungError)
            _log.warning("commit_failed", writes=len(batch), error=str(error), exc_info=is_unforeseen)
            outcomes = [_failure(error)] * len(batch)
            if isinstance(error, WriterLost):
                self._leave(error)
        _settle(batch, outcomes)

    def _committed(self, batch: list[_Job]) -> list[Outcome]:
        """How each job went, once all that succeeded are committed. Raises where none of it is kept."""
        connection = self._connection()
        transaction = connection.begin()
        try:
            raw = _raw(connection)
            before = raw.total_changes
            outcomes = [self._outcome(connection, job.work) for job in batch]
            # A transaction that wrote nothing needs no leave, and should not become one that has to be synced.
            number = count_commit(raw, self.hold.epoch) if raw.total_changes != before else None
        except BaseException:
            transaction.rollback()
            raise
        try:
            transaction.commit()
        except Exception as error:  # whatever it was, the file knows what became of it
            with suppress(SQLAlchemyError):
                transaction.close()
            if number is not None and not self._became_of(number, error):
                raise
        if number is not None:
            outcomes = self._still_there(outcomes)
        return outcomes

    def _outcome(self, connection: Connection, work: Callable[[Transaction], Any]) -> Outcome:
        """What a unit of work gave, or why it failed; among others in one transaction it fails alone.

        Raises `StorageUnavailable` where SQLite undid the whole transaction, as it may on a full disk.
        """
        # Not by `begin_nested`, which takes three times as long.
        connection.exec_driver_sql("SAVEPOINT unit_of_work")
        try:
            tx = SqlTransaction(connection, is_writing=True, new_nonce=self._new_nonce, limits=self._limits)
            outcome: Outcome = Committed(value=work(tx), changes=tx.finish())
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
            outcome = _failure(error) if isinstance(error, SQLAlchemyError) else error
            try:
                connection.exec_driver_sql("ROLLBACK TO unit_of_work")
            except SQLAlchemyError:
                raise _failure(error) from error
        connection.exec_driver_sql("RELEASE unit_of_work")
        return outcome

    def _became_of(self, number: int, error: Exception) -> bool:
        """Whether a transaction whose commit failed is kept nevertheless. Raises `OutcomeUnknown`."""
        is_kept = became_of(self._place.path, self.hold.epoch, number)
        _log.warning("commit_answer_lost", transaction=number, is_kept=is_kept, error=str(error))
        if is_kept is None:
            raise OutcomeUnknown(
                "The database was asked to keep this and failed, so it is not known whether it was kept. Look "
                "whether it is there, once the database answers again, before doing it once more.",
                "commit_failed",
            ) from error
        return is_kept

    def _still_there(self, outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes of a commit, which do not count as told where it went into a file that is not the one there."""
        try:
            self._place.check()
        except WriterLost as error:
            copy = self._leave(error)
            unknown = OutcomeUnknown(
                "The database file was moved, removed or replaced while this was being kept. It is in {copy}, "
                "and counts if you go on with that one; look before doing it once more.",
                "file_moved",
                copy=str(copy or "it"),
            )
            return [outcome if isinstance(outcome, Exception) else unknown for outcome in outcomes]
        return outcomes

    def _leave(self, reason: WriterLost) -> Path | None:
        """Gives up writing for good; gives where all that was committed is, if not in the database's own place."""
        if self._has_left:
            return None
        self._has_left = True
        self.hold.doubt(reason)
        copy = _saved(self._connection(), self._place)
        self.hold.lose(
            reason
            if copy is None
            else WriterLost(
                "{problem} All that was kept until then is in {copy}, a whole copy.",
                "file_moved_copy",
                problem=str(reason),
                copy=str(copy),
            )
        )
        return copy


def _saved(connection: Connection, place: SqlitePlace) -> Path | None:
    """Brings all that was committed together: in the database where it still lies, else in a copy beside its place."""
    _checkpoint(connection)
    if not place.is_elsewhere:
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = place.path.with_name(f"{place.path.name}.displaced-{stamp}")
    try:
        os.close(open_private(target, os.O_WRONLY | os.O_EXCL))
        with closing(driver().connect(str(target))) as copy:
            _raw(connection).backup(copy)
    except (OSError, driver().Error) as error:
        target.unlink(missing_ok=True)
        _log.error("displaced_database_not_saved", path=str(target), error=str(error))
        return None
    _log.warning("displaced_database_saved", path=str(target))
    return target


def _failure(error: Exception) -> ToprungError:
    return error if isinstance(error, ToprungError) else storage_failure(error)


def _settle(batch: Sequence[_Job], outcomes: Sequence[Outcome]) -> None:
    """Hands the outcomes to those who wait, waking their event loop once for all of them."""

    def settle() -> None:
        for job, outcome in zip(batch, outcomes, strict=True):
            job.settle(outcome)

    with suppress(RuntimeError):  # the event loop is closed, and who waited went with it
        batch[0].future.get_loop().call_soon_threadsafe(settle)


def _checkpoint(connection: Connection) -> None:
    """Moves what is in the WAL into the database file, so that a copy of that one file is complete."""
    try:
        _raw(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except driver().Error as error:  # a full disk, say; what is in the WAL is safe there
        _log.warning("checkpoint_failed", error=str(error))


def _raw(connection: Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.driver_connection
