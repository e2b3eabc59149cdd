"""What each writing transaction on PostgreSQL asks last: whether its writer is the present one, and what it is called.

The row of the epoch stays locked until the commit, so another writer's epoch begins before this transaction, which is
then refused, or after it. The transaction's number is what it is looked up by where the commit's answer is lost.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

LOOK_AGAIN_SECONDS: Final = 0.1

# A transaction that wrote nothing has no number, needs no leave, and should not become one that has to be flushed.
_PASS: Final = text(
    "with held as (select from writer where epoch = :epoch and pg_current_xact_id_if_assigned() is not null for share) "
    "select cast(pg_current_xact_id_if_assigned() as text) as xid, pg_backend_pid() as pid, "
    "(select count(*) from held) as held"
)
_STATUS: Final = text("select pg_xact_status(cast(cast(:xid as text) as xid8))")
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


async def became_of(engine: AsyncEngine, xid: str, pid: int, *, seconds_max: float) -> bool | None:
    """Whether a transaction was committed; None where that cannot be found out in time.

    One that is still open (its commit never arrived) is ended with its session, so that it cannot come true later.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds_max):
            while True:
                try:
                    async with engine.connect() as connection:
                        status = (await connection.execute(_STATUS, {"xid": xid})).scalar()
                        if status == "in progress":
                            await connection.execute(_END, {"pid": pid, "xid": xid})
                except (SQLAlchemyError, OSError) as error:
                    _log.debug("outcome_not_found", error=str(error))
                else:
                    if status in ("committed", "aborted"):
                        return bool(status == "committed")
                    if status is None:
                        return None  # so long ago that the database does not know any more
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return None
