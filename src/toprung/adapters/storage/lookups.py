"""The questions of lists, histories and statistics in SQL, one statement each and the same on both databases."""

from collections.abc import Collection
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from toprung.adapters.storage.repositories.job_repository import to_job
from toprung.adapters.storage.repositories.journal_repository import (
    ROW_PLACE,
    current_rows,
    journal_position,
    to_change,
)
from toprung.adapters.storage.repositories.match_repository import STORED, to_match
from toprung.adapters.storage.repositories.replay_repository import to_upload
from toprung.adapters.storage.tables import schema
from toprung.application.ports.lookups import Forecasts, StoredAuditRow, VerifiedReplay
from toprung.application.ports.records import AuditRow
from toprung.domain.jobs.job import Job, JobState, JobStats
from toprung.domain.matches.head_to_head import HeadToHead
from toprung.domain.matches.match import Match, MatchId, MatchResult, MatchState
from toprung.domain.matches.watch.games import WatchedGame
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import EntryId, RatingChange, RatingChangeKind
from toprung.domain.replays.replay_upload import ReplayFile, ReplayUpload, UploadState

_match, _seat, _journal = schema.match, schema.match_player, schema.rating_journal
_entry, _upload, _file, _job, _audit = schema.entry, schema.replay_upload, schema.replay_file, schema.job, schema.audit
_SEATED: Final = ("player_id", "race")
_FILE_COLUMNS: Final = tuple(column.label(f"file_{column.name}") for column in _file.c)


class SqlLookups:
    """Implements `Lookups`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def matches(
        self,
        limit: int,
        *,
        below: int | None = None,
        player_id: PlayerId | None = None,
        states: Collection[MatchState] = (),
    ) -> list[Match]:
        """See `Lookups`."""
        ids = select(_match.c.id).order_by(_match.c.id.desc()).limit(limit)
        if below is not None:
            ids = ids.where(_match.c.id < below)
        if player_id is not None:
            ids = ids.where(_match.c.id.in_(select(_seat.c.match_id).where(_seat.c.player_id == player_id)))
        if states:
            ids = ids.where(_match.c.state.in_([state.value for state in states]))
        wanted = ids.subquery()
        rows = self._connection.execute(STORED.where(_match.c.id.in_(select(wanted.c.id))))
        return [to_match(list(group)) for _, group in groupby(rows, key=lambda row: row.id)][::-1]

    def head_to_head(self, player_id: PlayerId, opponent_id: PlayerId) -> HeadToHead:
        """See `Lookups`."""
        own, other = _seat.alias("own"), _seat.alias("other")
        winner_side = case((_match.c.result == MatchResult.SIDE_1_WON.value, 1), else_=2)
        is_draw = _match.c.result == MatchResult.DRAW.value
        query = (
            select(
                func.count().label("played"),
                func.count().filter(is_draw).label("drawn"),
                func.count().filter(~is_draw, own.c.side == winner_side).label("won"),
                func.max(_match.c.ended_at_us).label("last_played_us"),
            )
            .join_from(_match, own, own.c.match_id == _match.c.id)
            .join(other, (other.c.match_id == _match.c.id) & (other.c.side != own.c.side))
            .where(own.c.player_id == player_id, other.c.player_id == opponent_id)
            .where(_match.c.state == MatchState.COMPLETED.value)
        )
        row = self._connection.execute(query).one()
        lost = row.played - row.drawn - row.won
        return HeadToHead(won=row.won, lost=lost, drawn=row.drawn, last_played_us=row.last_played_us)

    def watched_games(self, limit: int, *, since_us: int, until_us: int) -> list[WatchedGame]:
        """See `Lookups`."""
        sides = [_seat.alias(), _seat.alias()]
        entries, shown = [_entry.alias(), _entry.alias()], [_journal.alias(), _journal.alias()]
        query = select(
            _match.c.id,
            _match.c.result,
            _match.c.ended_at_us,
            *(seat.c[name].label(f"{name}_{side}") for side, seat in enumerate(sides, 1) for name in _SEATED),
            *(row.c.before_mmr.label(f"mmr_{side}") for side, row in enumerate(shown, 1)),
        )
        for side, (seat, entry, row) in enumerate(zip(sides, entries, shown, strict=True), 1):
            query = (
                query.join(seat, (seat.c.match_id == _match.c.id) & (seat.c.side == side))
                .outerjoin(entry, (entry.c.player_id == seat.c.player_id) & (entry.c.race == seat.c.race))
                .outerjoin(
                    row, (row.c.match_id == _match.c.id) & (row.c.entry_id == entry.c.id) & (row.c.revision == 1)
                )
            )
        query = query.where(*_counts_between(since_us, until_us))
        query = query.order_by(_match.c.ended_at_us.desc(), _match.c.id.desc()).limit(limit)
        found = [
            WatchedGame(
                match_id=MatchId(row.id),
                player_1=PlayerId(row.player_id_1),
                player_2=PlayerId(row.player_id_2),
                race_1=row.race_1,
                race_2=row.race_2,
                score_1=MatchResult(row.result).score_of_side_1,
                mmr_1=row.mmr_1,
                mmr_2=row.mmr_2,
                ended_at_us=row.ended_at_us,
            )
            for row in self._connection.execute(query)
        ]
        return found[::-1]

    def verified_replays(self, limit: int, *, since_us: int, until_us: int) -> list[VerifiedReplay]:
        """See `Lookups`."""
        query = (
            select(_upload.c.match_id, _upload.c.verdict, _file.c.reading)
            .join(_file, _file.c.sha256 == _upload.c.sha256)
            .join(_match, _match.c.id == _upload.c.match_id)
            .where(_upload.c.state == UploadState.VERIFIED.value, *_counts_between(since_us, until_us))
            .order_by(_upload.c.id.desc())
            .limit(limit)
        )
        found = [VerifiedReplay(MatchId(one), two, three) for one, two, three in self._connection.execute(query)]
        return found[::-1]

    def changes_of(self, match_ids: Collection[MatchId]) -> dict[MatchId, list[RatingChange]]:
        """See `Lookups`."""
        current = current_rows(_journal.c.match_id.in_(match_ids)).subquery()
        rows = self._connection.execute(select(current).where(current.c.age == 1).order_by(current.c.position))
        found: dict[MatchId, list[RatingChange]] = {match_id: [] for match_id in match_ids}
        for row in rows:
            found[MatchId(row.match_id)].append(to_change(row))
        return found

    def forecasts(self, *, before: int, limit: int) -> Forecasts:
        """See `Lookups`."""
        is_match = _journal.c.kind == RatingChangeKind.MATCH.value
        won, drawn = (_journal.c[f"after_games_{one}"] - _journal.c[f"before_games_{one}"] for one in ("won", "drawn"))
        # Not whole rows: what is believed of players is large, and thousands of matches are looked at.
        narrow = (_journal.c.match_id, _journal.c.expected_score, won.label("won"), drawn.label("drawn"))
        rows = current_rows(is_match & (journal_position < before)).with_only_columns(*narrow, *ROW_PLACE).subquery()
        side = func.row_number().over(partition_by=rows.c.match_id, order_by=rows.c.position)
        rated = rows.c.expected_score.is_not(None)
        sides = select(rows, side.label("side")).where(rows.c.age == 1, rated).subquery()
        games = func.count().over().label("games")
        query = select(sides, games).where(sides.c.side == 1).order_by(sides.c.position.desc()).limit(limit)
        found = self._connection.execute(query).all()
        last = [(row.position, (row.expected_score, row.won + row.drawn / 2)) for row in reversed(found)]
        return Forecasts(games=found[0].games if found else 0, last=last)

    def uploads_of(self, match_ids: Collection[MatchId], *, each: int) -> dict[MatchId, list[ReplayUpload]]:
        """See `Lookups`."""
        place = func.row_number().over(partition_by=_upload.c.match_id, order_by=_upload.c.id.desc())
        placed = select(_upload, place.label("place")).where(_upload.c.match_id.in_(match_ids)).subquery()
        query = select(placed).where(placed.c.place <= each).order_by(placed.c.id.desc())
        found: dict[MatchId, list[ReplayUpload]] = {match_id: [] for match_id in match_ids}
        for row in self._connection.execute(query):
            found[MatchId(row.match_id)].append(to_upload(row))
        return found

    def uploads(
        self,
        limit: int,
        *,
        below: int | None = None,
        player_id: PlayerId | None = None,
        match_id: MatchId | None = None,
    ) -> list[tuple[ReplayUpload, ReplayFile]]:
        """See `Lookups`."""
        query = select(_upload, *_FILE_COLUMNS).join(_file, _file.c.sha256 == _upload.c.sha256)
        query = _newest(query, _upload.c.id, limit, below)
        if player_id is not None:
            query = query.where(_upload.c.player_id == player_id)
        if match_id is not None:
            query = query.where(_upload.c.match_id == match_id)
        found = []
        for row in self._connection.execute(query):
            file = ReplayFile(**{column.name: row._mapping[f"file_{column.name}"] for column in _file.c})
            found.append((to_upload(row), file))
        return found

    def mmr_histories(self, entry_ids: Collection[EntryId], *, each: int) -> dict[EntryId, list[tuple[int, int]]]:
        """See `Lookups`."""
        current = current_rows(_journal.c.entry_id.in_(entry_ids)).subquery()
        place = func.row_number().over(partition_by=current.c.entry_id, order_by=current.c.position.desc())
        placed = select(current, place.label("place")).where(current.c.age == 1).subquery()
        query = select(placed).where(placed.c.place <= each).order_by(placed.c.position)
        found: dict[EntryId, list[tuple[int, int]]] = {entry_id: [] for entry_id in entry_ids}
        for row in self._connection.execute(query):
            found[EntryId(row.entry_id)].append((row.after_last_played_us or row.at_us, row.after_mmr))
        return found

    def jobs(self, limit: int, *, below: int | None = None, state: JobState | None = None) -> list[Job]:
        """See `Lookups`."""
        query = _newest(select(_job), _job.c.id, limit, below)
        if state is not None:
            query = query.where(_job.c.state == state.value)
        return [to_job(row) for row in self._connection.execute(query)]

    def job_stats(self, *, yesterday_us: int) -> JobStats:
        """See `Lookups`."""
        is_new = _job.c.finished_at_us >= yesterday_us
        query = select(
            _job.c.state,
            func.count().label("jobs"),
            func.count().filter(is_new).label("new"),
            func.min(_job.c.enqueued_at_us).label("oldest_us"),
        ).group_by(_job.c.state)
        by_state = {JobState(row.state): row for row in self._connection.execute(query)}
        counts = {state.value: by_state[state].jobs if state in by_state else 0 for state in JobState}
        dead, ready = by_state.get(JobState.DEAD), by_state.get(JobState.READY)
        return JobStats(
            **counts,
            dead_since_yesterday=0 if dead is None else dead.new,
            oldest_ready_at_us=None if ready is None else ready.oldest_us,
        )

    def audit(self, limit: int, *, below: int | None = None) -> list[StoredAuditRow]:
        """See `Lookups`."""
        found = []
        for row in self._connection.execute(_newest(select(_audit), _audit.c.id, limit, below)):
            values = dict(row._mapping)
            found.append(StoredAuditRow(id=values.pop("id"), row=AuditRow(**values)))
        return found


def _counts_between(since_us: int, until_us: int) -> tuple[ColumnElement[bool], ...]:
    """That a match counts and ended then."""
    return (
        _match.c.state == MatchState.COMPLETED.value,
        _match.c.ended_at_us >= since_us,
        _match.c.ended_at_us < until_us,
    )


def _newest(query: Select[Any], key: ColumnElement[int], limit: int, below: int | None) -> Select[Any]:
    """The rows with the highest keys, or with the highest ones below one that is known."""
    newest = query.order_by(key.desc()).limit(limit)
    return newest if below is None else newest.where(key < below)
