"""A database in memory that keeps just what the command line's commands read and write."""

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from toprung.application.ports import Committed, EntryKey, NewEntry, NewPlayer, StoredEntry, Transaction
from toprung.domain.board_table import NEVER, EntryColumns, PlayerColumns
from toprung.domain.errors import Conflict
from toprung.domain.events import Change, Event
from toprung.domain.match import FinalMatch, MatchId
from toprung.domain.player import Player, PlayerId
from toprung.domain.rating import Entry, EntryId, RatingChange

T = TypeVar("T")


@dataclass
class _Data:
    players: dict[PlayerId, Player] = field(default_factory=dict)
    name_keys: dict[str, PlayerId] = field(default_factory=dict)
    entries: dict[EntryId, Entry] = field(default_factory=dict)
    source_keys: list[str] = field(default_factory=list)
    journal: list[RatingChange] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)


class _Players:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def get(self, player_id: PlayerId) -> Player | None:
        return self._data.players.get(player_id)

    def by_name_keys(self, keys: Collection[str]) -> dict[str, Player]:
        known = self._data.name_keys
        return {key: self._data.players[known[key]] for key in keys if key in known}

    def by_discord_ids(self, discord_ids: Collection[int]) -> dict[int, Player]:
        players = self._data.players.values()
        return {player.discord_id: player for player in players if player.discord_id in set(discord_ids)}

    def add(self, players: Sequence[NewPlayer]) -> list[Player]:
        made = []
        for new in players:
            player = Player(
                id=PlayerId(len(self._data.players) + 1), name=new.name, country=new.country, discord_id=new.discord_id
            )
            self.save(player, new.name_key)
            made.append(player)
        return made

    def save(self, player: Player, name_key: str) -> None:
        if self._data.name_keys.get(name_key, player.id) != player.id:
            raise Conflict(f"The name {player.name!r} is taken.")
        self._data.name_keys = {key: owner for key, owner in self._data.name_keys.items() if owner != player.id}
        self._data.name_keys[name_key] = player.id
        self._data.players[player.id] = player

    def columns(self) -> PlayerColumns:
        players = list(self._data.players.values())
        return PlayerColumns(
            ids=[player.id for player in players],
            names=[player.name for player in players],
            countries=[player.country for player in players],
            banned=[player.is_banned for player in players],
        )


class _Entries:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def by_keys(self, keys: Collection[EntryKey]) -> dict[EntryKey, Entry]:
        wanted = set(keys)
        entries = self._data.entries.values()
        return {key: entry for entry in entries if (key := (entry.player_id, entry.race)) in wanted}

    def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        made = []
        for new in entries:
            entry = Entry(
                id=EntryId(len(self._data.entries) + 1),
                player_id=new.player_id,
                race=new.race,
                mmr=new.mmr,
                games_played=new.games_played,
                games_won=new.games_won,
                games_lost=new.games_lost,
                games_drawn=new.games_drawn,
                last_played_us=new.last_played_us,
            )
            self._data.entries[entry.id] = entry
            made.append(entry)
        return made

    def save(self, entries: Sequence[Entry]) -> None:
        self._data.entries.update({entry.id: entry for entry in entries})

    def columns(self) -> EntryColumns:
        entries = list(self._data.entries.values())
        times = [NEVER if entry.last_played_us is None else entry.last_played_us for entry in entries]
        return EntryColumns(
            ids=np.array([entry.id for entry in entries], np.int64),
            player_ids=np.array([entry.player_id for entry in entries], np.int64),
            races=[entry.race for entry in entries],
            mmr=np.array([entry.mmr for entry in entries], np.int32),
            games_played=np.array([entry.games_played for entry in entries], np.int32),
            games_won=np.array([entry.games_won for entry in entries], np.int32),
            games_lost=np.array([entry.games_lost for entry in entries], np.int32),
            games_drawn=np.array([entry.games_drawn for entry in entries], np.int32),
            last_played_us=np.array(times, np.int64),
        )

    def stored(self) -> Iterator[StoredEntry]:
        for entry in self._data.entries.values():
            yield StoredEntry(entry=entry, player=self._data.players[entry.player_id])


class _Matches:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def known_source_keys(self, keys: Collection[str]) -> set[str]:
        return set(keys) & set(self._data.source_keys)

    def add(self, matches: Sequence[FinalMatch], *, recorded_at_us: int) -> list[MatchId]:
        before = len(self._data.source_keys)
        self._data.source_keys += [match.source_key for match in matches]
        return [MatchId(before + index + 1) for index in range(len(matches))]

    def count(self) -> int:
        return len(self._data.source_keys)


class _Transaction:
    def __init__(self, data: _Data) -> None:
        self._data = data
        self.players = _Players(data)
        self.entries = _Entries(data)
        self.matches = _Matches(data)

    def append_to_journal(self, changes: Sequence[RatingChange]) -> None:
        self._data.journal += changes

    def journal(self) -> list[RatingChange]:
        return list(self._data.journal)

    def record(self, *events: Event) -> None:
        for event in events:
            self._data.changes.append(Change(seq=self.last_seq() + 1, event=event))

    def last_seq(self) -> int:
        return len(self._data.changes)

    def changes_since(self, seq: int) -> list[Change] | None:
        return self._data.changes[seq:]

    def note(self, name: str) -> str | None:
        return self._data.notes.get(name)

    def set_note(self, name: str, value: str) -> None:
        self._data.notes[name] = value


class MemoryStorage:
    """Keeps everything in memory; what a failing unit of work did is forgotten."""

    def __init__(self) -> None:
        self._data = _Data()

    @property
    def source_keys(self) -> list[str]:
        """What the recorded matches are known by."""
        return list(self._data.source_keys)

    @property
    def players(self) -> dict[str, Player]:
        """The players by name."""
        return {player.name: player for player in self._data.players.values()}

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        return self.commit(work)

    def commit(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """`write`, where there is no event loop."""
        data = copy.deepcopy(self._data)
        before = len(data.changes)
        value = work(_Transaction(data))
        self._data = data
        return Committed(value=value, changes=tuple(data.changes[before:]))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return work(_Transaction(self._data))

    async def close(self) -> None:
        pass
