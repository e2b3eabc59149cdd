"""The rating journal in the database: rows are added, and never anything else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, func, insert, null, select, text

from toprung.adapters.storage.repositories.entry_repository import entry_columns
from toprung.adapters.storage.tables import schema
from toprung.adapters.storage.tables.belief_codec import decode_belief, encode_belief
from toprung.domain.leaderboard.board_table import EntryColumns
from toprung.domain.matches.match import MatchId
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import EntryId, EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.season import SeasonId

ROWS_AT_ONCE: Final = 500
_JOURNAL_LOCK: Final = 0x6A6F75726E616C  # the advisory lock of whoever appends to the journal: "journal"

_STATE: Final = ("mmr", "games_won", "games_lost", "games_drawn", "last_played_us", "deviation", "volatility")

_journal = schema.rating_journal
_APPEND: Final = insert(_journal)
_LOCK_JOURNAL: Final = text("select pg_advisory_xact_lock(:lock)")
_LOCK_ENTRIES: Final = text("lock table entry in exclusive mode")
_ALLOW_LONG_THOUGHT: Final = text("set local idle_in_transaction_session_timeout = '1h'")  # a recomputation's
journal_position: Final = func.coalesce(_journal.c.revises, _journal.c.id)
"""Where in the log a row counts."""

ROW_PLACE: Final = (
    journal_position.label("position"),
    func.row_number().over(partition_by=journal_position, order_by=_journal.c.revision.desc()).label("age"),
)
"""A row's position, and the age of its revision."""


class SqlJournalRepository:
    """Implements `JournalRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_shared = connection.dialect.name == "postgresql"

    def exclude_other_ratings(self) -> None:
        """See `JournalRepository`. On SQLite a writing transaction is alone anyway."""
        if self._is_shared:
            self._connection.execute(_ALLOW_LONG_THOUGHT)
            self._connection.execute(_LOCK_ENTRIES)

    def append(self, changes: Sequence[RatingChange]) -> None:
        """See `JournalRepository`. The rows of one call stand next to each other in the log, whoever else appends."""
        if not changes:
            return
        if self._is_shared:
            self._connection.execute(_LOCK_JOURNAL, {"lock": _JOURNAL_LOCK})
        self._connection.execute(_APPEND, [_to_row(change) for change in changes])

    def current(self, fromjournal_position: int = 0) -> list[RatingChange]:
        """See `JournalRepository`."""
        return self._current(journal_position >= fromjournal_position)

    def of_match(self, match_id: MatchId) -> list[RatingChange]:
        """See `JournalRepository`."""
        return self._current(_journal.c.match_id == match_id)

    def history(self) -> list[RatingChange]:
        """See `JournalRepository`."""
        query = select(_journal, journal_position.label("position")).order_by(_journal.c.id)
        rows = self._connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
        return [to_change(row) for row in rows]

    def entries_as_of(self, at_us: int, *, is_corrected: bool) -> EntryColumns:
        """See `JournalRepository`."""
        original, entry = _journal.alias("original"), schema.entry
        written = original if is_corrected else _journal
        latest = func.row_number().over(
            partition_by=_journal.c.entry_id, order_by=(journal_position.desc(), _journal.c.revision.desc())
        )
        of_player = func.row_number().over(
            partition_by=entry.c.player_id, order_by=(journal_position.desc(), _journal.c.revision.desc())
        )
        won, lost, drawn = (_journal.c[f"after_games_{outcome}"] for outcome in ("won", "lost", "drawn"))
        ranked = (
            select(
                entry.c.id,
                entry.c.player_id,
                entry.c.race,
                (won + lost + drawn).label("games_played"),
                *(_journal.c[f"after_{name}"].label(name) for name in _STATE),
                null().cast(BigInteger).label("known_at_us"),
                _journal.c.after_belief,
                latest.label("age"),
                of_player.label("player_age"),
            )
            .select_from(_journal.join(entry, entry.c.id == _journal.c.entry_id))
            .where(written.c.at_us <= at_us)
        )
        if is_corrected:
            ranked = ranked.join(original, original.c.id == journal_position)
        numbered = ranked.subquery()
        columns = entry_columns(self._connection, select(numbered).where(numbered.c.age == 1).subquery())
        beliefs = select(numbered.c.player_id, numbered.c.after_belief).where(
            numbered.c.player_age == 1, numbered.c.after_belief.is_not(None)
        )
        known = {row.player_id: decode_belief(row.after_belief) for row in self._connection.execute(beliefs)}
        return columns if not known else _as_known(columns, known)

    def _current(self, condition: ColumnElement[bool]) -> list[RatingChange]:
        query = (
            select(_journal, journal_position.label("position"))
            .order_by(journal_position, _journal.c.revision)
            .where(condition)
        )
        latest: dict[int, RatingChange] = {}
        for row in self._connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}):
            latest[row.position] = to_change(row)
        return list(latest.values())


def _as_known(columns: EntryColumns, known: Mapping[int, PlayerBelief]) -> EntryColumns:
    """Entries with what was known of their players, whatever they played last."""
    deviation, known_at_us = columns.deviation.copy(), columns.known_at_us.copy()
    for place, (player_id, race) in enumerate(zip(columns.player_ids.tolist(), columns.races, strict=True)):
        if player_id in known:
            last_us = known[player_id].belief.last_played_us
            deviation[place] = known[player_id].deviation(race)
            known_at_us[place] = known_at_us[place] if last_us is None else last_us
    return replace(columns, deviation=deviation, known_at_us=known_at_us)


def _to_row(change: RatingChange) -> dict[str, Any]:
    return {
        "entry_id": change.entry_id,
        "match_id": change.match_id,
        "kind": change.kind.value,
        "revises": change.position,
        "revision": change.revision,
        **_state_values("before", change.before),
        **_state_values("after", change.after),
        "expected_score": change.expected_score,
        "deviation_before": change.deviation_before,
        "at_us": change.at_us,
        "season_id": change.season_id,
        "before_belief": _belief_value(change.before),
        "after_belief": _belief_value(change.after),
    }


def _belief_value(state: EntryState | None) -> bytes | None:
    return None if state is None or state.belief is None else encode_belief(state.belief)


def _state_values(when: str, state: EntryState | None) -> dict[str, Any]:
    skill = None if state is None else state.skill
    return {
        f"{when}_mmr": None if state is None else state.mmr,
        f"{when}_rating": None if skill is None else skill.rating,
        f"{when}_deviation": None if skill is None else skill.deviation,
        f"{when}_volatility": None if skill is None else skill.volatility,
        f"{when}_games_won": None if state is None else state.games_won,
        f"{when}_games_lost": None if state is None else state.games_lost,
        f"{when}_games_drawn": None if state is None else state.games_drawn,
        f"{when}_last_played_us": None if state is None else state.last_played_us,
    }


def current_rows(condition: ColumnElement[bool]) -> Select[Any]:
    """The journal's rows where this holds, with their `position` and the `age` of their revision: the last one is 1."""
    return select(_journal, *ROW_PLACE).where(condition)


def to_change(row: Row[Any]) -> RatingChange:
    """The rating change in a row that has its `position`."""
    after = _to_state(row, "after")
    if after is None:
        raise ValueError("a row of the journal says what came after it")
    return RatingChange(
        entry_id=EntryId(row.entry_id),
        kind=RatingChangeKind(row.kind),
        before=_to_state(row, "before"),
        after=after,
        at_us=row.at_us,
        match_id=None if row.match_id is None else MatchId(row.match_id),
        expected_score=row.expected_score,
        deviation_before=row.deviation_before,
        season_id=None if row.season_id is None else SeasonId(row.season_id),
        position=row.position,
        revision=row.revision,
    )


def _to_state(row: Row[Any], when: str) -> EntryState | None:
    values = row._mapping
    if values[f"{when}_mmr"] is None:
        return None
    rating, belief = values[f"{when}_rating"], values[f"{when}_belief"]
    known = None if belief is None else decode_belief(belief)
    skill = None if rating is None else SkillEstimate(rating, values[f"{when}_deviation"], values[f"{when}_volatility"])
    return EntryState(
        mmr=values[f"{when}_mmr"],
        skill=skill,
        games_won=values[f"{when}_games_won"],
        games_lost=values[f"{when}_games_lost"],
        games_drawn=values[f"{when}_games_drawn"],
        last_played_us=values[f"{when}_last_played_us"],
        known_at_us=None if known is None else known.belief.last_played_us,
        belief=known,
    )
