"""The writer's lock on PostgreSQL: an advisory lock of a session of its own, and the epoch that comes with it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from toprung.adapters.storage.hold.failures import storage_failure
from toprung.adapters.storage.hold.writer_hold import TAKEN_OVER
from toprung.adapters.storage.postgres.postgres_fence import Session
from toprung.domain.errors import StorageUnavailable, WriterLost, WriterPresent

WRITER_LOCK: Final = 0x746F7072756E67  # the advisory lock of the one writing process: "toprung"

PROBES: Final = 3
"""How often it is looked whether a session stays with its connection; a pooler gives itself away at the first."""

OWN_SESSION_LOOKS_MAX: Final = 40
OWN_SESSION_LOOK_SECONDS: Final = 0.05
BLOCKER_WAITS_SECONDS: Final = 0.5

_TRY: Final = text("select pg_try_advisory_lock(:key)")
_SESSION: Final = text("select pg_backend_pid() as pid, backend_start from pg_stat_get_activity(pg_backend_pid())")
_ASK: Final = text(
    "select (select epoch from writer) as epoch, pg_backend_pid() as pid, exists("
    "select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted and objsubid = 1 "
    "and database = (select oid from pg_database where datname = current_database()) "
    "and classid = cast(:high as oid) and objid = cast(:low as oid)) as has_lock"
)
_KEY_AS_LISTED: Final = {"high": WRITER_LOCK >> 32, "low": WRITER_LOCK & 0xFFFF_FFFF}
_TAKE_EPOCH: Final = text("update writer set epoch = epoch + 1, commits = 0 returning epoch")
_END_SESSION: Final = text(
    "select pg_terminate_backend(pid) from pg_stat_get_activity(:pid) where backend_start = :backend_start"
)
_END_BLOCKERS: Final = text("select pg_terminate_backend(blocker) from unnest(pg_blocking_pids(:pid)) as blocker")

POOLED: Final = (
    "Between Toprung and PostgreSQL stands a pooler that gives each transaction another session (pgbouncer's "
    "pool_mode = transaction, say), and no lock holds through one. Give TOPRUNG_DATABASE the address of PostgreSQL "
    "itself, or of the pooler's session mode."
)

_NOT_HELD: Final = "The writer's lock is not held."

_log = structlog.get_logger(__name__)


class PostgresWriterLock:
    """Holds the lock on a connection that is used for nothing else. Implements `Keeper`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session that has the lock. Raises `StorageUnavailable` while there is none."""
        if self._session is None:
            raise StorageUnavailable(_NOT_HELD, "lock_not_held")
        return self._session

    async def acquire(self) -> None:
        """Takes the lock. Raises `WriterPresent`, `StorageUnavailable` behind a pooler, and what SQLAlchemy raises."""
        connection = await self._connected()
        try:
            session = _session((await connection.execute(_SESSION)).one()._mapping)
            await self._prove_session(connection, session.pid)  # first: a pooler's session would keep the lock
            is_free = (await connection.execute(_TRY, {"key": WRITER_LOCK})).scalar()
        except DBAPIError as error:
            await closed_at_once(connection)
            if "prepared statement" in str(error.orig):  # it was made in a session that this connection had before
                raise StorageUnavailable(POOLED, "pooled") from error
            raise
        except BaseException:
            await closed_at_once(connection)
            raise
        if not is_free:
            await closed_at_once(connection)
            raise WriterPresent(
                "Another process is already writing to this PostgreSQL database, and only one may. Stop it first.",
                "postgres",
            )
        self._connection, self._session = connection, session

    async def take_epoch(self) -> int:
        """Begins a new epoch, after which nothing that an older writer has begun can be committed."""
        session, connection = self.session, self._connection
        if connection is None:
            raise StorageUnavailable(_NOT_HELD, "lock_not_held")
        ending = asyncio.create_task(self._end_blockers(session.pid))
        try:
            return int((await connection.execute(_TAKE_EPOCH)).scalar_one())
        finally:
            ending.cancel()
            with suppress(asyncio.CancelledError, SQLAlchemyError, OSError):
                await ending

    async def ask(self, epoch: int) -> None:
        """See `Keeper`."""
        connection, session = self._connection, self._session
        if connection is None or session is None:
            raise StorageUnavailable(
                "The connection with the writer's lock is gone; nothing of this was kept.", "lock_connection_gone"
            )
        try:
            found = (await connection.execute(_ASK, _KEY_AS_LISTED)).one()
        except (SQLAlchemyError, OSError) as error:
            raise storage_failure(error) from error
        if found.epoch != epoch:
            raise WriterLost(TAKEN_OVER, "taken_over")
        if not found.has_lock or found.pid != session.pid:
            raise StorageUnavailable("The writer's lock is gone; nothing of this was kept.", "lock_gone")

    async def renew(self) -> int:
        """See `Keeper`."""
        before, self._connection = self._connection, None
        if before is not None:
            await closed_at_once(before)
        try:
            if self._session is not None:
                await self._end_own(self._session)
                self._session = None
            await self.acquire()
            return await self.take_epoch()
        except (SQLAlchemyError, OSError) as error:
            raise storage_failure(error) from error

    async def release(self) -> None:
        """Lets go of the lock."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(SQLAlchemyError, OSError, TimeoutError):
            await connection.close()

    async def _connected(self) -> AsyncConnection:
        try:
            connection = await self._engine.connect()
            return await connection.execution_options(isolation_level="AUTOCOMMIT")
        except DBAPIError as error:
            if "unsupported startup parameter" in str(error.orig):  # pgbouncer's words, and nobody else's
                raise StorageUnavailable(POOLED, "pooled") from error
            raise

    async def _prove_session(self, connection: AsyncConnection, pid: int) -> None:
        """Raises `StorageUnavailable` where the lock's connection and its session do not belong together.

        A pooler hands the session that a statement of the one has just used to the next transaction of the other, and
        has another one for the first meanwhile.
        """
        other = await self._engine.connect()
        try:
            for _ in range(PROBES):
                pids = [await _pid(connection)]
                if await _pid(other) in pids:  # in a transaction, which keeps a pooler's session until its end
                    raise StorageUnavailable(POOLED, "pooled")
                pids.append(await _pid(connection))
                await other.rollback()
                if pids != [pid, pid]:
                    raise StorageUnavailable(POOLED, "pooled")
        finally:
            await closed_at_once(other)

    async def _end_own(self, session: Session) -> None:
        """Ends the session that had the lock, where the server still has it: this end of it is gone."""
        connection = await self._connected()
        try:
            parameters = {"pid": session.pid, "backend_start": session.backend_start}
            for _ in range(OWN_SESSION_LOOKS_MAX):
                if not (await connection.execute(_END_SESSION, parameters)).all():
                    return
                await asyncio.sleep(OWN_SESSION_LOOK_SECONDS)
            _log.warning("own_session_stays", pid=session.pid)
        finally:
            await closed_at_once(connection)

    async def _end_blockers(self, pid: int) -> None:
        """Ends what keeps a new epoch from beginning: transactions of a former writer that stands still."""
        while True:
            await asyncio.sleep(BLOCKER_WAITS_SECONDS)
            connection = await self._connected()
            try:
                ended = (await connection.execute(_END_BLOCKERS, {"pid": pid})).all()
            finally:
                await closed_at_once(connection)
            if ended:
                _log.warning("former_writer_ended", sessions=len(ended))


def _session(row: Mapping[Any, Any]) -> Session:
    return Session(pid=row["pid"], backend_start=row["backend_start"])


async def _pid(connection: AsyncConnection) -> int:
    return int((await connection.execute(text("select pg_backend_pid()"))).scalar_one())


async def closed_at_once(connection: AsyncConnection) -> None:
    """Closes a connection at once: over a network that swallows everything, a polite end would be waited for."""
    with suppress(SQLAlchemyError, OSError):
        if not connection.invalidated:  # or it would be connected anew to be closed
            raw = await connection.get_raw_connection()
            if raw.driver_connection is not None:
                raw.driver_connection.terminate()
        await connection.close()
