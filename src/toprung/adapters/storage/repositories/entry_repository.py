"""Entries in the database."""

import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import BindParameter, Connection, FromClause, Row, Select, bindparam, func, insert, select, update

from toprung.adapters.storage.tables import schema
from toprung.adapters.storage.tables.belief_codec import decode_belief, encode_belief
from toprung.application.ports.ratings import EntryKey, NewEntry, StoredEntry
from toprung.domain.leaderboard.board_table import NEVER, EntryColumns
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.certainty import NO_DEVIATION
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.rating import Entry, EntryId, EntryState

IDS_AT_ONCE: Final = 5_000
ROWS_AT_ONCE: Final = 500
"""Fetched at a time. On PostgreSQL this is also for how many rows the event loop stands still."""

_entry, _player = schema.entry, schema.player

_CHANGING: Final = (
    *("mmr", "games_played", "games_won", "games_lost", "games_drawn", "last_played_us"),
    *("rating", "deviation", "volatility", "known_at_us", "belief"),
)

# Built once: building a statement costs more than running it.
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
# In the order of ids, so that two writers that lock them never wait for each other in a circle.
_OF_PLAYERS: Final = select(_entry).where(_entry.c.player_id.in_(_IDS)).order_by(_entry.c.id)
_WITH_IDS: Final = select(_entry).where(_entry.c.id.in_(_IDS)).order_by(_entry.c.id)
_LOCKED: Final = {query: query.with_for_update() for query in (_OF_PLAYERS, _WITH_IDS)}
_ADD: Final = insert(_entry).returning(_entry.c.id, sort_by_parameter_order=True)
_SAVE: Final = (
    update(_entry)
    .where(_entry.c.id == bindparam("entry_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)


class SqlEntryRepository:
    """Implements `EntryRepository`."""

    def __init__(self, connection: Connection, *, is_locking: bool) -> None:
        self._connection = connection
        self._is_locking = is_locking

    def by_keys(self, keys: Collection[EntryKey]) -> dict[EntryKey, Entry]:
        """See `EntryRepository`."""
        found = {(entry.player_id, entry.race): entry for entry in self.of_players({player for player, _ in keys})}
        return {key: found[key] for key in keys if key in found}

    def of_players(self, ids: Collection[PlayerId]) -> list[Entry]:
        """See `EntryRepository`."""
        wanted = sorted(ids)
        parts = [wanted[first : first + IDS_AT_ONCE] for first in range(0, len(wanted), IDS_AT_ONCE)]
        return [entry for part in parts for entry in self._entries(_OF_PLAYERS, part)]

    def by_ids(self, ids: Collection[EntryId]) -> dict[EntryId, Entry]:
        """See `EntryRepository`."""
        wanted, found = list(ids), {}
        for first in range(0, len(wanted), IDS_AT_ONCE):
            for entry in self._entries(_WITH_IDS, wanted[first : first + IDS_AT_ONCE]):
                found[entry.id] = entry
        return found

    def _entries(self, query: Select[Any], ids: Sequence[int]) -> list[Entry]:
        chosen = _LOCKED[query] if self._is_locking else query
        return [_to_entry(row) for row in self._connection.execute(chosen, {"ids": ids})]

    def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        """See `EntryRepository`."""
        if not entries:
            return []
        rows = [{"player_id": new.player_id, "race": new.race, **_changing_values(new.state)} for new in entries]
        ids = self._connection.execute(_ADD, rows).scalars().all()
        return [
            Entry(
                id=EntryId(entry_id),
                player_id=new.player_id,
                race=new.race,
                state=new.state,
            )
            for entry_id, new in zip(ids, entries, strict=True)
        ]

    def save(self, entries: Sequence[Entry]) -> None:
        """See `EntryRepository`."""
        if not entries:
            return
        rows = [
            {"entry_id": entry.id, **{f"new_{name}": value for name, value in _changing_values(entry.state).items()}}
            for entry in entries
        ]
        self._connection.execute(_SAVE, rows)

    def columns(self) -> EntryColumns:
        """See `EntryRepository`."""
        return entry_columns(self._connection, _entry)

    def count(self) -> int:
        """See `EntryRepository`."""
        return self._connection.execute(select(func.count()).select_from(_entry)).scalar_one()

    def stored(self) -> Iterator[StoredEntry]:
        """See `EntryRepository`."""
        query = (
            select(_entry, _player.c.name, _player.c.country, _player.c.discord_id, _player.c.is_banned)
            .join(_player, _player.c.id == _entry.c.player_id)
            .order_by(_entry.c.id)
        )
        result = self._connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
        for row in result:
            player = Player(
                id=PlayerId(row.player_id),
                name=row.name,
                country=row.country,
                discord_id=row.discord_id,
                is_banned=row.is_banned,
            )
            yield StoredEntry(entry=_to_entry(row), player=player)


def entry_columns(connection: Connection, entries: FromClause) -> EntryColumns:
    """What `entries` has, which has the columns of the entry table, as columns in the order of their ids."""
    states = entries.c
    numbers = (
        states.id,
        states.player_id,
        states.mmr,
        states.games_played,
        states.games_won,
        states.games_lost,
        states.games_drawn,
        func.coalesce(states.last_played_us, NEVER),
        func.coalesce(states.known_at_us, states.last_played_us, NEVER),
    )
    unsure = (func.coalesce(states.deviation, NO_DEVIATION), func.coalesce(states.volatility, NO_DEVIATION))
    kinds: list[type[np.int64] | type[np.float64]] = [*[np.int64] * len(numbers), *[np.float64] * len(unsure)]
    races: list[str] = []
    parts: list[list[np.ndarray[Any, np.dtype[Any]]]] = [[np.zeros(0, kind)] for kind in kinds]
    query = select(states.race, *numbers, *unsure).order_by(states.id)
    for rows in connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}).partitions():
        race, *columns = zip(*rows, strict=True)
        races.extend(map(sys.intern, race))
        for part, column, kind in zip(parts, columns, kinds, strict=True):
            part.append(np.array(column, kind))
    ids, player_ids, *small, last_played_us, known_at_us, deviation, volatility = map(np.concatenate, parts)
    mmr, played, won, lost, drawn = (column.astype(np.int32) for column in small)
    return EntryColumns(
        ids=ids,
        player_ids=player_ids,
        races=races,
        mmr=mmr,
        games_played=played,
        games_won=won,
        games_lost=lost,
        games_drawn=drawn,
        last_played_us=last_played_us,
        known_at_us=known_at_us,
        deviation=deviation,
        volatility=volatility,
    )


def _changing_values(state: EntryState) -> dict[str, Any]:
    skill = state.skill
    return {
        "mmr": state.mmr,
        "games_played": state.games_played,
        "games_won": state.games_won,
        "games_lost": state.games_lost,
        "games_drawn": state.games_drawn,
        "last_played_us": state.last_played_us,
        "rating": None if skill is None else skill.rating,
        "deviation": None if skill is None else skill.deviation,
        "volatility": None if skill is None else skill.volatility,
        "known_at_us": state.known_at_us,
        "belief": None if state.belief is None else encode_belief(state.belief),
    }


def _to_entry(row: Row[Any]) -> Entry:
    return Entry(
        id=EntryId(row.id),
        player_id=PlayerId(row.player_id),
        race=row.race,
        state=EntryState(
            mmr=row.mmr,
            games_won=row.games_won,
            games_lost=row.games_lost,
            games_drawn=row.games_drawn,
            last_played_us=row.last_played_us,
            skill=None if row.rating is None else SkillEstimate(row.rating, row.deviation, row.volatility),
            known_at_us=row.known_at_us,
            belief=None if row.belief is None else decode_belief(row.belief),
        ),
    )
