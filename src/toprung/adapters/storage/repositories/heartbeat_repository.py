"""Heartbeats in the database."""

from typing import Final

from sqlalchemy import BigInteger, Column, Connection, String, Table, bindparam, insert, select, update

from toprung.adapters.storage.tables.schema import metadata
from toprung.domain.matches.served_time import Heartbeat

loop_heartbeat = Table(
    "loop_heartbeat",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("owed_us", BigInteger, nullable=False),
)

# Built once: building a statement costs more than running it.
_of_name = loop_heartbeat.c.name == bindparam("of_name")
_GET: Final = select(loop_heartbeat).where(_of_name)
_PUT: Final = update(loop_heartbeat).where(_of_name).values(at_us=bindparam("new_at"), owed_us=bindparam("new_owed"))


class SqlHeartbeatRepository:
    """Implements `HeartbeatRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Heartbeat | None:
        """See `HeartbeatRepository`."""
        row = self._connection.execute(_GET, {"of_name": name}).one_or_none()
        return None if row is None else Heartbeat(at_us=row.at_us, owed_us=row.owed_us)

    def put(self, name: str, heartbeat: Heartbeat) -> None:
        """See `HeartbeatRepository`."""
        values = {"of_name": name, "new_at": heartbeat.at_us, "new_owed": heartbeat.owed_us}
        if self._connection.execute(_PUT, values).rowcount == 0:
            new = {"name": name, "at_us": heartbeat.at_us, "owed_us": heartbeat.owed_us}
            self._connection.execute(insert(loop_heartbeat), new)
