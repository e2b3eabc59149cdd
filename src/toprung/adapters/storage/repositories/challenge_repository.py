"""Challenges in the database."""

from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from toprung.adapters.storage.tables.challenge_schema import challenge as _challenge
from toprung.domain.matches.challenge import Challenge, ChallengeId, ChallengeState, NewChallenge
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId

_ADD: Final = insert(_challenge).returning(_challenge)


class SqlChallengeRepository:
    """Implements `ChallengeRepository`."""

    def __init__(self, connection: Connection, *, is_locking: bool) -> None:
        self._connection = connection
        self._is_locking = is_locking

    def add(self, new: NewChallenge) -> Challenge:
        """See `ChallengeRepository`."""
        values = {**asdict(new), "races": " ".join(new.races), "state": ChallengeState.OPEN.value}
        return _to_challenge(self._connection.execute(_ADD, values).one())

    def get(self, challenge_id: ChallengeId) -> Challenge | None:
        """See `ChallengeRepository`."""
        query = select(_challenge).where(_challenge.c.id == challenge_id)
        if self._is_locking:
            query = query.with_for_update()
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _to_challenge(row)

    def of_match(self, match_id: MatchId) -> Challenge | None:
        """See `ChallengeRepository`."""
        row = self._connection.execute(select(_challenge).where(_challenge.c.match_id == match_id)).one_or_none()
        return None if row is None else _to_challenge(row)

    def open_of(self, player_id: PlayerId) -> list[Challenge]:
        """See `ChallengeRepository`."""
        is_theirs = (_challenge.c.challenger_id == player_id) | (_challenge.c.opponent_id == player_id)
        query = select(_challenge).where(_challenge.c.state == ChallengeState.OPEN.value, is_theirs)
        return [_to_challenge(row) for row in self._connection.execute(query.order_by(_challenge.c.id))]

    def open(self) -> list[Challenge]:
        """See `ChallengeRepository`."""
        query = select(_challenge).where(_challenge.c.state == ChallengeState.OPEN.value)
        return [_to_challenge(row) for row in self._connection.execute(query.order_by(_challenge.c.id))]

    def save(self, challenge: Challenge) -> None:
        """See `ChallengeRepository`."""
        values = {
            "state": challenge.state.value,
            "match_id": challenge.match_id,
            "expires_at_us": challenge.expires_at_us,
        }
        self._connection.execute(update(_challenge).where(_challenge.c.id == challenge.id).values(values))


def _to_challenge(row: Row[Any]) -> Challenge:
    return Challenge(
        id=ChallengeId(row.id),
        challenger_id=PlayerId(row.challenger_id),
        opponent_id=PlayerId(row.opponent_id),
        races=tuple(row.races.split(" ")),
        created_at_us=row.created_at_us,
        expires_at_us=row.expires_at_us,
        channel_id=row.channel_id,
        state=ChallengeState(row.state),
        match_id=None if row.match_id is None else MatchId(row.match_id),
    )
