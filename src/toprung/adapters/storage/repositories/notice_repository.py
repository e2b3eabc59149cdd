"""Penalties, and what players are to be told, in the database."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from toprung.adapters.storage.tables import schema
from toprung.application.ports.matches import NewNotice
from toprung.domain.matches.conduct import Offence, Penalty
from toprung.domain.matches.match import MatchId
from toprung.domain.matches.notice import Notice, NoticeId, NoticeKind
from toprung.domain.players.player import PlayerId

_penalty, _notice = schema.penalty, schema.notice

_ADD_NOTICES: Final = insert(_notice).returning(_notice.c.id, sort_by_parameter_order=True)


class SqlPenaltyRepository:
    """Implements `PenaltyRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, penalty: Penalty) -> None:
        """See `PenaltyRepository`."""
        self._connection.execute(insert(_penalty), {**asdict(penalty), "offence": penalty.offence.value})

    def of_players(self, player_ids: Collection[PlayerId], since_us: int) -> list[Penalty]:
        """See `PenaltyRepository`."""
        query = select(_penalty).where(_penalty.c.player_id.in_(player_ids), _penalty.c.at_us >= since_us)
        rows = self._connection.execute(query.order_by(_penalty.c.at_us, _penalty.c.match_id))
        return [_to_penalty(row) for row in rows]

    def pardon(self, player_ids: Collection[PlayerId], now_us: int) -> int:
        """See `PenaltyRepository`."""
        unpardoned = _penalty.c.player_id.in_(player_ids) & _penalty.c.pardoned_at_us.is_(None)
        return self._connection.execute(update(_penalty).where(unpardoned).values(pardoned_at_us=now_us)).rowcount

    def move(self, by_us: int, *, until_after_us: int) -> None:
        """See `PenaltyRepository`."""
        moved = update(_penalty).where(_penalty.c.until_us > until_after_us)
        values = {"at_us": _penalty.c.at_us + by_us, "until_us": _penalty.c.until_us + by_us}
        self._connection.execute(moved.values(values))


class SqlNoticeRepository:
    """Implements `NoticeRepository`."""

    def __init__(self, connection: Connection, *, is_locking: bool) -> None:
        self._connection = connection
        self._is_locking = is_locking

    def add(self, notices: Sequence[NewNotice]) -> list[NoticeId]:
        """See `NoticeRepository`."""
        if not notices:
            return []
        rows = [{**asdict(notice), "kind": notice.kind.value} for notice in notices]
        return [NoticeId(id_) for id_ in self._connection.execute(_ADD_NOTICES, rows).scalars()]

    def get(self, notice_id: NoticeId) -> Notice | None:
        """See `NoticeRepository`."""
        query = select(_notice).where(_notice.c.id == notice_id)
        if self._is_locking:
            query = query.with_for_update()
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _to_notice(row)

    def pending(self, limit: int) -> list[Notice]:
        """See `NoticeRepository`."""
        query = select(_notice).where(_notice.c.was_reached.is_(None)).order_by(_notice.c.id).limit(limit)
        return [_to_notice(row) for row in self._connection.execute(query)]

    def settle(self, notice_id: NoticeId, *, was_reached: bool) -> None:
        """See `NoticeRepository`."""
        self._connection.execute(update(_notice).where(_notice.c.id == notice_id).values(was_reached=was_reached))

    def settle_all_of(self, player_id: PlayerId) -> None:
        """See `NoticeRepository`."""
        pending = (_notice.c.player_id == player_id) & _notice.c.was_reached.is_(None)
        self._connection.execute(update(_notice).where(pending).values(was_reached=False))


def _to_penalty(row: Row[Any]) -> Penalty:
    return Penalty(
        player_id=PlayerId(row.player_id),
        match_id=MatchId(row.match_id),
        offence=Offence(row.offence),
        at_us=row.at_us,
        until_us=row.until_us,
        pardoned_at_us=row.pardoned_at_us,
    )


def _to_notice(row: Row[Any]) -> Notice:
    return Notice(
        id=NoticeId(row.id),
        player_id=PlayerId(row.player_id),
        match_id=MatchId(row.match_id),
        kind=NoticeKind(row.kind),
        created_at_us=row.created_at_us,
        was_reached=row.was_reached,
    )
