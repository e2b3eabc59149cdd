"""Seasons in the database."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from toprung.adapters.storage.tables import schema
from toprung.domain.ratings.season import LadderSeason, SeasonId

_season = schema.season


class SqlSeasonRepository:
    """Implements `SeasonRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[LadderSeason]:
        """See `SeasonRepository`."""
        return [_to_season(row) for row in self._connection.execute(select(_season).order_by(_season.c.id))]

    def add(self, code: str, name: str, *, started_at_us: int, reset_deviation: float | None) -> LadderSeason:
        """See `SeasonRepository`."""
        values = {"code": code, "name": name, "started_at_us": started_at_us, "reset_deviation": reset_deviation}
        return _to_season(self._connection.execute(insert(_season).values(values).returning(_season)).one())

    def end(self, season_id: SeasonId, ended_at_us: int) -> None:
        """See `SeasonRepository`."""
        self._connection.execute(update(_season).where(_season.c.id == season_id).values(ended_at_us=ended_at_us))


def _to_season(row: Row[Any]) -> LadderSeason:
    return LadderSeason(
        id=SeasonId(row.id),
        code=row.code,
        name=row.name,
        started_at_us=row.started_at_us,
        ended_at_us=row.ended_at_us,
        reset_deviation=row.reset_deviation,
    )
