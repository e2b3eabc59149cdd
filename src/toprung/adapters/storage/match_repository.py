"""Final matches in the database."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, func, insert, select

from toprung.adapters.storage import schema
from toprung.domain.match import FinalMatch, MatchId


class SqlMatchRepository:
    """Implements `MatchRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known_source_keys(self, keys: Collection[str]) -> set[str]:
        """See `MatchRepository`."""
        query = select(schema.match.c.source_key).where(schema.match.c.source_key.in_(list(keys)))
        return set(self._connection.execute(query).scalars())

    def add(self, matches: Sequence[FinalMatch], *, recorded_at_us: int) -> list[MatchId]:
        """See `MatchRepository`."""
        if not matches:
            return []
        statement = insert(schema.match).returning(schema.match.c.id, sort_by_parameter_order=True)
        rows = [
            {
                "source_key": match.source_key,
                "result": match.result.value,
                "map_name": match.map_name,
                "ended_at_us": match.ended_at_us,
                "recorded_at_us": recorded_at_us,
            }
            for match in matches
        ]
        ids = [MatchId(match_id) for match_id in self._connection.execute(statement, rows).scalars()]
        players = [
            {"match_id": match_id, "side": side, "seat": seat, "player_id": one.player_id, "race": one.race}
            for match_id, match in zip(ids, matches, strict=True)
            for side, participants in enumerate(match.sides, 1)
            for seat, one in enumerate(participants, 1)
        ]
        self._connection.execute(insert(schema.match_player), players)
        return ids

    def count(self) -> int:
        """See `MatchRepository`."""
        return self._connection.execute(select(func.count()).select_from(schema.match)).scalar_one()
