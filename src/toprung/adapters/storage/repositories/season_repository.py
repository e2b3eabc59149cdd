"""What a ladder is rated by, and its seasons, in the database."""

import json
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from toprung.adapters.storage.tables import schema
from toprung.application.ports.ratings import StoredRatingSystem
from toprung.domain.ratings.rating_system import RatingSystem
from toprung.domain.ratings.season import LadderSeason, SeasonId

_season, _system = schema.season, schema.rating_system
_VERSION: Final = select(func.coalesce(func.max(_system.c.version), 0))


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


class SqlRatingSystemRepository:
    """Implements `RatingSystemRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def version(self) -> int:
        """See `RatingSystemRepository`."""
        return int(self._connection.execute(_VERSION).scalar_one())

    def all(self) -> list[StoredRatingSystem]:
        """See `RatingSystemRepository`."""
        rows = self._connection.execute(select(_system).order_by(_system.c.version))
        return [
            StoredRatingSystem(
                version=row.version,
                system=RatingSystem(code=row.code, constants=json.loads(row.constants)),
                at_us=row.at_us,
            )
            for row in rows
        ]

    def add(self, system: RatingSystem, at_us: int) -> StoredRatingSystem:
        """See `RatingSystemRepository`."""
        version = self.version() + 1
        constants = json.dumps(dict(system.constants))
        self._connection.execute(
            insert(_system).values(version=version, code=system.code, constants=constants, at_us=at_us)
        )
        return StoredRatingSystem(version=version, system=system, at_us=at_us)
