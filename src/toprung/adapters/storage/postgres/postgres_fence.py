"""What each writing transaction on PostgreSQL asks last: whether its writer is the present one, and what it is called.

The row of the epoch stays locked until the commit, so another writer's epoch begins before this transaction, which is
then refused, or after it. The transaction's number is what it is looked up by where the commit's answer is lost; but a
server that crashed forgets the numbers that had not reached its log and hands them out again, so that one which says
"committed" may be somebody else's. It is believed where the server has not crashed since, which a session of before
proves that still lives, and else where what the transaction wrote stands at its places in the change sequence.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from toprung.adapters.storage.repositories.record_repository import SqlChangeRepository
from toprung.domain.events import Change

LOOK_AGAIN_SECONDS: Final = 0.1

# A transaction that wrote nothing has no number, needs no leave, and should not become one that has to be flushed.
_PASS: Final = text(
    "with held as (select from writer where epoch = :epoch and pg_current_xact_id_if_assigned() is not null for share) "
    "select cast(pg_current_xact_id_if_assigned() as text) as xid, pg_backend_pid() as pid, "
    "(select count(*) from held) as held"
)
_STATUS: Final = text(
    "select pg_xact_status(cast(cast(:xid as text) as xid8)) as status, exists("
    "select from pg_stat_get_activity(:lock_pid) where backend_start = :lock_start) as is_same_run"
)
_END: Final = text(
    "select pg_terminate_backend(pid) from pg_stat_get_activity(:pid) "
    "where backend_xid = cast(cast(cast(:xid as text) as xid8) as xid)"
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Passed:
    """A transaction at its end: its number, None if it wrote nothing; its session; whether its writer still may."""

    xid: str | None
    pid: int
    is_held: bool


def pass_fence(connection: Connection, epoch: int) -> Passed:
    """Whether the transaction of this epoch's writer may be committed; if so, no other begins before that is done."""
    row = connection.execute(_PASS, {"epoch": epoch}).one()
    return Passed(xid=row.xid, pid=row.pid, is_held=row.xid is None or row.held == 1)


@dataclass(frozen=True, slots=True)
class Session:
    """A session of the database server, which may outlive the connection that this process had to it."""

    pid: int
    backend_start: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCommit:
    """A commit whose answer was lost: its transaction's number and session, what it wrote, and a session of before."""

    xid: str
    pid: int
    changes: tuple[Change, ...]
    before: Session


async def became_of(engine: AsyncEngine, commit: LostCommit, *, seconds_max: float) -> bool | None:
    """Whether a transaction was committed; None where that cannot be found out, or not in time.

    One that is still open (its commit never arrived) is ended with its session, so that it cannot come true later.
    """
    asked = {"xid": commit.xid, "lock_pid": commit.before.pid, "lock_start": commit.before.backend_start}
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds_max):
            while True:
                try:
                    async with engine.connect() as connection:
                        row = (await connection.execute(_STATUS, asked)).one()
                        if row.status == "committed" and not row.is_same_run:
                            return await connection.run_sync(_is_written, commit.changes)
                        if row.status == "in progress":
                            await connection.execute(_END, {"pid": commit.pid, "xid": commit.xid})
                except (SQLAlchemyError, OSError) as error:
                    _log.debug("outcome_not_found", error=str(error))
                else:
                    if row.status in ("committed", "aborted"):
                        return bool(row.status == "committed")
                    if row.status is None:
                        return None  # so long ago that the database does not know any more
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return None


def _is_written(connection: Connection, changes: tuple[Change, ...]) -> bool | None:
    """Whether these changes stand at their places; None where there are none, or the places are not kept any more."""
    if not changes:
        return None
    stored = SqlChangeRepository(connection).since(changes[0].seq - 1)
    return None if stored is None else tuple(stored[: len(changes)]) == changes
