"""Matches in the database, open and over."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update

from toprung.adapters.storage.tables import schema
from toprung.domain.matches.match import (
    Claim,
    Evidence,
    FinalMatch,
    Match,
    MatchId,
    MatchResult,
    MatchSide,
    MatchState,
    NewMatch,
    Participant,
)
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating_log import Verdict

IDS_AT_ONCE: Final = 5_000
ROWS_AT_ONCE: Final = 500

_match, _seat, _side, _engagement = schema.match, schema.match_player, schema.match_side, schema.engagement

# Built once: building a statement costs more than running it.
_KNOWN_KEYS: Final = select(_match.c.source_key).where(_match.c.source_key.in_(bindparam("keys", expanding=True)))
_ADD: Final = insert(_match).returning(_match.c.id, sort_by_parameter_order=True)
_ADD_SEATS: Final = insert(_seat)
_ADD_SIDES: Final = insert(_side)
_ENGAGE: Final = insert(_engagement)
_FREE: Final = delete(_engagement).where(_engagement.c.match_id == bindparam("of_match"))
_SIDE_COLUMNS: Final = tuple(column.name for column in _side.c if column.name not in {"match_id", "side"})
_CHANGING: Final = ("state", "result", "deadline_us", "given_back_us", "ended_at_us")
_SAVE: Final = (
    update(_match)
    .where(_match.c.id == bindparam("of_match"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_SAVE_SIDE: Final = (
    update(_side)
    .where(_side.c.match_id == bindparam("of_match"), _side.c.side == bindparam("of_side"))
    .values({name: bindparam(f"new_{name}") for name in _SIDE_COLUMNS})
)
STORED: Final = (
    select(_match, _seat.c.side, _seat.c.player_id, _seat.c.race, *(_side.c[name] for name in _SIDE_COLUMNS))
    .join(_seat, _seat.c.match_id == _match.c.id)
    .outerjoin(_side, (_side.c.match_id == _seat.c.match_id) & (_side.c.side == _seat.c.side))
    .order_by(_match.c.id, _seat.c.side, _seat.c.seat)
)
_WITH_ID: Final = STORED.where(_match.c.id == bindparam("wanted"))
_WITH_KEY: Final = STORED.where(_match.c.source_key == bindparam("wanted"))
_LOCK: Final = select(_match.c.id).where(_match.c.id == bindparam("wanted")).with_for_update()
_OPEN: Final = STORED.where(_match.c.deadline_us.is_not(None))
_LOCK_OPEN: Final = select(_match.c.id).where(_match.c.deadline_us.is_not(None)).order_by(_match.c.id).with_for_update()
_OPEN_OF: Final = select(_engagement).where(_engagement.c.player_id.in_(bindparam("players", expanding=True)))

Sides = tuple[tuple[Participant, ...], tuple[Participant, ...]]


class SqlMatchRepository:
    """Implements `MatchRepository`."""

    def __init__(self, connection: Connection, *, is_locking: bool) -> None:
        self._connection = connection
        self._is_locking = is_locking and connection.dialect.name == "postgresql"

    def known_source_keys(self, keys: Collection[str]) -> set[str]:
        """See `MatchRepository`."""
        return set(self._connection.execute(_KNOWN_KEYS, {"keys": list(keys)}).scalars())

    def add(self, matches: Sequence[FinalMatch], *, recorded_at_us: int) -> list[MatchId]:
        """See `MatchRepository`."""
        if not matches:
            return []
        rows = [
            {
                "source_key": match.source_key,
                "state": MatchState.COMPLETED.value,
                "result": match.result.value,
                "map_name": match.map_name,
                "ended_at_us": match.ended_at_us,
                "recorded_at_us": recorded_at_us,
            }
            for match in matches
        ]
        return self._insert(rows, [match.sides for match in matches])

    def open(self, new: NewMatch) -> Match:
        """See `MatchRepository`."""
        row = {
            "source_key": new.source_key,
            "state": MatchState.ASSIGNED.value,
            "map_name": new.map_name,
            "server": new.server,
            "assigned_at_us": new.assigned_at_us,
            "deadline_us": new.deadline_us,
            "recorded_at_us": new.assigned_at_us,
        }
        (match_id,) = self._insert([row], [new.sides])
        sides = [{"match_id": match_id, "side": side} for side in (1, 2)]
        self._connection.execute(_ADD_SIDES, sides)
        busy = [{"player_id": one.player_id, "match_id": match_id} for side in new.sides for one in side]
        self._connection.execute(_ENGAGE, busy)
        first, second = (MatchSide(players=players) for players in new.sides)
        return Match(
            id=match_id,
            source_key=new.source_key,
            sides=(first, second),
            state=MatchState.ASSIGNED,
            assigned_at_us=new.assigned_at_us,
            deadline_us=new.deadline_us,
            map_name=new.map_name,
            server=new.server,
        )

    def _insert(self, rows: list[dict[str, Any]], sides: Sequence[Sides]) -> list[MatchId]:
        ids = [MatchId(match_id) for match_id in self._connection.execute(_ADD, rows).scalars()]
        seats = [
            {"match_id": match_id, "side": side, "seat": seat, "player_id": one.player_id, "race": one.race}
            for match_id, both in zip(ids, sides, strict=True)
            for side, participants in enumerate(both, 1)
            for seat, one in enumerate(participants, 1)
        ]
        self._connection.execute(_ADD_SEATS, seats)
        return ids

    def save(self, match: Match) -> None:
        """See `MatchRepository`."""
        values = {
            "of_match": match.id,
            "new_state": match.state.value,
            "new_result": None if match.result is None else match.result.value,
            "new_deadline_us": match.deadline_us,
            "new_given_back_us": match.given_back_us,
            "new_ended_at_us": match.ended_at_us,
        }
        self._connection.execute(_SAVE, values)
        if match.assigned_at_us is not None:
            sides = [
                {"of_match": match.id, "of_side": number, **_side_values(side)}
                for number, side in enumerate(match.sides, 1)
            ]
            self._connection.execute(_SAVE_SIDE, sides)
        if not match.state.is_open:
            self._connection.execute(_FREE, {"of_match": match.id})

    def get(self, match_id: MatchId) -> Match | None:
        """See `MatchRepository`."""
        if self._is_locking:
            # Apart from the reading: a join that waits for a lock would give old rows of the tables it does not lock.
            self._connection.execute(_LOCK, {"wanted": match_id})
        return next(self._stored(_WITH_ID, match_id), None)

    def by_source_key(self, key: str) -> Match | None:
        """See `MatchRepository`."""
        return next(self._stored(_WITH_KEY, key), None)

    def open_of(self, player_ids: Collection[PlayerId]) -> dict[PlayerId, MatchId]:
        """See `MatchRepository`."""
        rows = self._connection.execute(_OPEN_OF, {"players": list(player_ids)})
        return {PlayerId(row.player_id): MatchId(row.match_id) for row in rows}

    def completed(self) -> Iterator[Match]:
        """See `MatchRepository`."""
        return self._stored(STORED.where(_match.c.state == MatchState.COMPLETED.value))

    def completed_ids(self) -> list[MatchId]:
        """See `MatchRepository`."""
        query = select(_match.c.id).where(_match.c.state == MatchState.COMPLETED.value).order_by(_match.c.id)
        return [MatchId(match_id) for match_id in self._connection.execute(query).scalars()]

    def completed_moments(self, player_ids: Collection[PlayerId], since_us: int) -> list[int]:
        """See `MatchRepository`."""
        query = (
            select(_match.c.ended_at_us)
            .join(_seat, _seat.c.match_id == _match.c.id)
            .where(_seat.c.player_id.in_(player_ids))
            .where(_match.c.state == MatchState.COMPLETED.value, _match.c.ended_at_us >= since_us)
            .order_by(_match.c.ended_at_us)
        )
        return list(self._connection.execute(query).scalars())

    def verdicts(self, match_ids: Collection[MatchId]) -> dict[MatchId, Verdict]:
        """See `MatchRepository`."""
        wanted = list(match_ids)
        found: dict[MatchId, Verdict] = {}
        for first in range(0, len(wanted), IDS_AT_ONCE):
            ids = wanted[first : first + IDS_AT_ONCE]
            query = select(_match.c.id, _match.c.state, _match.c.result, _match.c.ended_at_us)
            for row in self._connection.execute(query.where(_match.c.id.in_(ids))):
                result = MatchResult(row.result) if row.state == MatchState.COMPLETED else None
                found[MatchId(row.id)] = Verdict(result=result, ended_at_us=row.ended_at_us)
        return found

    def due(self, now_us: int, limit: int) -> list[MatchId]:
        """See `MatchRepository`."""
        query = select(_match.c.id).where(_match.c.deadline_us <= now_us).order_by(_match.c.deadline_us).limit(limit)
        return [MatchId(match_id) for match_id in self._connection.execute(query).scalars()]

    def with_deadlines(self) -> list[Match]:
        """See `MatchRepository`."""
        if self._is_locking:
            self._connection.execute(_LOCK_OPEN)
        return list(self._stored(_OPEN))

    def next_deadline_us(self) -> int | None:
        """See `MatchRepository`."""
        query = select(func.min(_match.c.deadline_us)).where(_match.c.deadline_us.is_not(None))
        return self._connection.execute(query).scalar()

    def count(self) -> int:
        """See `MatchRepository`."""
        return self._connection.execute(select(func.count()).select_from(_match)).scalar_one()

    def _stored(self, query: Select[Any], wanted: int | str | None = None) -> Iterator[Match]:
        parameters = {} if wanted is None else {"wanted": wanted}
        rows = self._connection.execute(query, parameters, execution_options={"yield_per": ROWS_AT_ONCE})
        for _, group in groupby(rows, key=lambda row: row.id):
            yield to_match(list(group))


def _side_values(side: MatchSide) -> dict[str, Any]:
    claim = side.claim
    return {
        "new_told_at_us": side.told_at_us,
        "new_confirmed_at_us": side.confirmed_at_us,
        "new_claim_result": None if claim is None else claim.result.value,
        "new_claim_evidence": None if claim is None else claim.evidence.value,
        "new_claim_at_us": None if claim is None else claim.at_us,
        "new_claim_told_at_us": None if claim is None else claim.told_at_us,
        "new_cancel_asked_at_us": side.cancel_asked_at_us,
    }


def to_match(rows: Sequence[Row[Any]]) -> Match:
    """The match that is in these rows of `STORED`, which are all of it."""
    one = rows[0]
    return Match(
        id=MatchId(one.id),
        source_key=one.source_key,
        sides=(_to_side([row for row in rows if row.side == 1]), _to_side([row for row in rows if row.side == 2])),
        state=MatchState(one.state),
        assigned_at_us=one.assigned_at_us,
        deadline_us=one.deadline_us,
        given_back_us=one.given_back_us,
        result=None if one.result is None else MatchResult(one.result),
        ended_at_us=one.ended_at_us,
        map_name=one.map_name,
        server=one.server,
    )


def _to_side(rows: Sequence[Row[Any]]) -> MatchSide:
    one = rows[0]
    claim = None
    if one.claim_result is not None:
        claim = Claim(
            result=MatchResult(one.claim_result),
            evidence=Evidence(one.claim_evidence),
            at_us=one.claim_at_us,
            told_at_us=one.claim_told_at_us,
        )
    return MatchSide(
        players=tuple(Participant(player_id=PlayerId(row.player_id), race=row.race) for row in rows),
        told_at_us=one.told_at_us,
        confirmed_at_us=one.confirmed_at_us,
        claim=claim,
        cancel_asked_at_us=one.cancel_asked_at_us,
    )
