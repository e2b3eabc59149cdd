"""Final matches in the database."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from toprung.adapters.storage import schema
from toprung.application.ports import StoredMatch
from toprung.domain.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.player import PlayerId
from toprung.domain.rating_log import Verdict

IDS_AT_ONCE: Final = 5_000
ROWS_AT_ONCE: Final = 500


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

    def ids(self) -> list[MatchId]:
        """See `MatchRepository`."""
        query = select(schema.match.c.id).order_by(schema.match.c.id)
        return [MatchId(match_id) for match_id in self._connection.execute(query).scalars()]

    def all(self) -> Iterator[StoredMatch]:
        """See `MatchRepository`."""
        return self._stored(None)

    def get(self, match_id: MatchId) -> StoredMatch | None:
        """See `MatchRepository`."""
        return next(self._stored(schema.match.c.id == match_id), None)

    def verdicts(self, match_ids: Collection[MatchId]) -> dict[MatchId, Verdict]:
        """See `MatchRepository`."""
        match, wanted = schema.match, list(match_ids)
        found: dict[MatchId, Verdict] = {}
        for first in range(0, len(wanted), IDS_AT_ONCE):
            ids = wanted[first : first + IDS_AT_ONCE]
            query = select(match.c.id, match.c.result, match.c.is_void, match.c.ended_at_us).where(match.c.id.in_(ids))
            for row in self._connection.execute(query):
                result = None if row.is_void else MatchResult(row.result)
                found[MatchId(row.id)] = Verdict(result=result, ended_at_us=row.ended_at_us)
        return found

    def latest(self, limit: int, player_id: PlayerId | None = None) -> list[StoredMatch]:
        """See `MatchRepository`."""
        ids = select(schema.match.c.id).order_by(schema.match.c.id.desc()).limit(limit)
        if player_id is not None:
            one = schema.match_player
            ids = ids.where(schema.match.c.id.in_(select(one.c.match_id).where(one.c.player_id == player_id)))
        wanted = list(self._connection.execute(ids).scalars())
        return list(self._stored(schema.match.c.id.in_(wanted)))[::-1]

    def judge(self, match_id: MatchId, result: MatchResult, *, is_void: bool) -> None:
        """See `MatchRepository`."""
        values = {"result": result.value, "is_void": is_void}
        self._connection.execute(update(schema.match).where(schema.match.c.id == match_id).values(values))

    def _stored(self, condition: ColumnElement[bool] | None) -> Iterator[StoredMatch]:
        match, one = schema.match, schema.match_player
        query = (
            select(match, one.c.side, one.c.player_id, one.c.race)
            .join(one, one.c.match_id == match.c.id)
            .order_by(match.c.id, one.c.side, one.c.seat)
        )
        if condition is not None:
            query = query.where(condition)
        rows = self._connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
        for _, group in groupby(rows, key=lambda row: row.id):
            of_match = list(group)
            first = of_match[0]
            players = {side: [row for row in of_match if row.side == side] for side in (1, 2)}
            final = FinalMatch(
                source_key=first.source_key,
                sides=(_participants(players[1]), _participants(players[2])),
                result=MatchResult(first.result),
                ended_at_us=first.ended_at_us,
                map_name=first.map_name,
            )
            yield StoredMatch(id=MatchId(first.id), match=final, is_void=first.is_void)

    def count(self) -> int:
        """See `MatchRepository`."""
        return self._connection.execute(select(func.count()).select_from(schema.match)).scalar_one()


def _participants(rows: Sequence[Row[Any]]) -> tuple[Participant, ...]:
    return tuple(Participant(player_id=PlayerId(row.player_id), race=row.race) for row in rows)
