"""Entries in the database."""

import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, func, insert, select, update

from toprung.adapters.storage import schema
from toprung.application.ports import EntryKey, NewEntry, StoredEntry
from toprung.domain.board_table import NEVER, EntryColumns
from toprung.domain.glicko2 import SkillEstimate
from toprung.domain.player import Player, PlayerId
from toprung.domain.rating import Entry, EntryId

IDS_AT_ONCE: Final = 5_000
ROWS_AT_ONCE: Final = 500
"""Fetched at a time. On PostgreSQL this is also for how many rows the event loop stands still."""

_entry, _player = schema.entry, schema.player

_CHANGING: Final = (
    *("mmr", "games_played", "games_won", "games_lost", "games_drawn", "last_played_us"),
    *("rating", "deviation", "volatility"),
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
        of_players = self._entries(_OF_PLAYERS, list({player_id for player_id, _ in keys}))
        found = {(entry.player_id, entry.race): entry for entry in of_players}
        return {key: found[key] for key in keys if key in found}

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
        rows = [{"player_id": new.player_id, "race": new.race, **_changing_values(new)} for new in entries]
        ids = self._connection.execute(_ADD, rows).scalars().all()
        return [
            Entry(
                id=EntryId(entry_id),
                player_id=new.player_id,
                race=new.race,
                mmr=new.mmr,
                games_played=new.games_played,
                games_won=new.games_won,
                games_lost=new.games_lost,
                games_drawn=new.games_drawn,
                last_played_us=new.last_played_us,
                skill=new.skill,
            )
            for entry_id, new in zip(ids, entries, strict=True)
        ]

    def save(self, entries: Sequence[Entry]) -> None:
        """See `EntryRepository`."""
        if not entries:
            return
        rows = [
            {"entry_id": entry.id, **{f"new_{name}": value for name, value in _changing_values(entry).items()}}
            for entry in entries
        ]
        self._connection.execute(_SAVE, rows)

    def columns(self) -> EntryColumns:
        """See `EntryRepository`."""
        numbers = (
            _entry.c.id,
            _entry.c.player_id,
            _entry.c.mmr,
            _entry.c.games_played,
            _entry.c.games_won,
            _entry.c.games_lost,
            _entry.c.games_drawn,
            func.coalesce(_entry.c.last_played_us, NEVER),
        )
        races: list[str] = []
        parts: list[list[np.ndarray[Any, np.dtype[np.int64]]]] = [[] for _ in numbers]
        query = select(_entry.c.race, *numbers).order_by(_entry.c.id)
        result = self._connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
        for rows in result.partitions():
            race, *columns = zip(*rows, strict=True)
            races.extend(map(sys.intern, race))
            for part, column in zip(parts, columns, strict=True):
                part.append(np.array(column, np.int64))
        ids, player_ids, *small, last_played_us = (
            np.concatenate(part) if part else np.zeros(0, np.int64) for part in parts
        )
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
        )

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


def _changing_values(entry: Entry | NewEntry) -> dict[str, Any]:
    skill = entry.skill
    return {
        "mmr": entry.mmr,
        "games_played": entry.games_played,
        "games_won": entry.games_won,
        "games_lost": entry.games_lost,
        "games_drawn": entry.games_drawn,
        "last_played_us": entry.last_played_us,
        "rating": None if skill is None else skill.rating,
        "deviation": None if skill is None else skill.deviation,
        "volatility": None if skill is None else skill.volatility,
    }


def _to_entry(row: Row[Any]) -> Entry:
    return Entry(
        id=EntryId(row.id),
        player_id=PlayerId(row.player_id),
        race=row.race,
        mmr=row.mmr,
        games_played=row.games_played,
        games_won=row.games_won,
        games_lost=row.games_lost,
        games_drawn=row.games_drawn,
        last_played_us=row.last_played_us,
        skill=None if row.rating is None else SkillEstimate(row.rating, row.deviation, row.volatility),
    )
