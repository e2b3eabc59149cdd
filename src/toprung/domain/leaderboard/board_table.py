"""Every entry and player that the board knows, ranked or not, as columns that grow.

An entry has a slot and a player has a seat; both stay what they are for the life of the table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from toprung.domain.leaderboard.board_order import Bools, Int32s, Int64s, Uint8s, grown
from toprung.domain.leaderboard.leaderboard import ENTRY_SCHEMA
from toprung.domain.players.player import Player
from toprung.domain.ratings.certainty import NO_DEVIATION, Float64s
from toprung.domain.ratings.rating import Entry

NEVER: Final = -1
"""What stands in `last_played_us` for an entry that was never played."""

_NO_SLOT: Final = -1
_FIRST_CAPACITY: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerColumns:
    """Players in bulk: one item a player in each column. `banned` holds 0 or 1."""

    ids: Sequence[int]
    names: Sequence[str]
    countries: Sequence[str | None]
    banned: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryColumns:
    """Entries in bulk: one item an entry in each column; `last_played_us` is `NEVER` where there is no time.

    `deviation` is as of `known_at_us`, which is that of the last game unless games with other races say something of
    this one; it is `NO_DEVIATION` where only a number is known.
    """

    ids: Int64s
    player_ids: Int64s
    races: Sequence[str]
    mmr: Int32s
    games_played: Int32s
    games_won: Int32s
    games_lost: Int32s
    games_drawn: Int32s
    last_played_us: Int64s
    known_at_us: Int64s
    deviation: Float64s
    volatility: Float64s


class BoardTable:
    """The columns. `races` and `countries` name the codes that stand in them; country 0 is "unknown"."""

    def __init__(self, races: Sequence[str], countries: Sequence[str]) -> None:
        if len(races) > 255 or len(countries) > 255:
            raise ValueError("a board holds at most 255 races and 255 countries")
        self.races = tuple(races)
        self.countries: tuple[str | None, ...] = (None, *countries)
        self.race_codes = {race: code for code, race in enumerate(self.races)}
        self.country_codes = {country: code for code, country in enumerate(self.countries)}
        self.clear()

    def clear(self) -> None:
        """Forgets every entry and player."""
        self.entries = 0
        self.entry_ids: Int64s = np.zeros(_FIRST_CAPACITY, np.int64)
        self.seats: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.race: Uint8s = np.zeros(_FIRST_CAPACITY, np.uint8)
        self.mmr: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.games_played: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.games_won: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.games_lost: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.games_drawn: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.last_played_us: Int64s = np.zeros(_FIRST_CAPACITY, np.int64)
        self.known_at_us: Int64s = np.zeros(_FIRST_CAPACITY, np.int64)
        self.deviation: Float64s = np.zeros(_FIRST_CAPACITY, np.float64)
        self.volatility: Float64s = np.zeros(_FIRST_CAPACITY, np.float64)
        self.next_slot: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.slot_of: dict[int, int] = {}
        self.players = 0
        self.player_ids: Int64s = np.zeros(_FIRST_CAPACITY, np.int64)
        self.country: Uint8s = np.zeros(_FIRST_CAPACITY, np.uint8)
        self.is_banned: Bools = np.zeros(_FIRST_CAPACITY, np.bool_)
        self.first_slot: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.names: list[str] = []
        self.seat_of: dict[int, int] = {}

    def load(self, players: PlayerColumns, entries: EntryColumns) -> None:
        """Takes these players and entries in place of all that were there. Raises KeyError for an unknown code."""
        self.players = len(players.ids)
        self.player_ids = np.array(players.ids, np.int64)
        self.names = list(players.names)
        self.country = np.fromiter((self.country_codes[code] for code in players.countries), np.uint8, self.players)
        self.is_banned = np.array(players.banned, np.bool_)
        self.seat_of = dict(zip(self.player_ids.tolist(), range(self.players), strict=True))
        self.entries = len(entries.ids)
        self.entry_ids = entries.ids
        self.seats = np.fromiter(map(self.seat_of.__getitem__, entries.player_ids.tolist()), np.int32, self.entries)
        self.race = np.fromiter(map(self.race_codes.__getitem__, entries.races), np.uint8, self.entries)
        self.mmr, self.last_played_us = entries.mmr, entries.last_played_us
        self.games_played, self.games_won = entries.games_played, entries.games_won
        self.games_lost, self.games_drawn = entries.games_lost, entries.games_drawn
        self.known_at_us, self.deviation, self.volatility = entries.known_at_us, entries.deviation, entries.volatility
        self.slot_of = dict(zip(self.entry_ids.tolist(), range(self.entries), strict=True))
        self._link_slots()

    def _link_slots(self) -> None:
        """Chains the slots of each player, so that a player's few entries are found without a search."""
        by_seat = np.argsort(self.seats, kind="stable").astype(np.int32)
        seats = self.seats[by_seat]
        self.next_slot = np.full(self.entries, _NO_SLOT, np.int32)
        if self.entries:
            same_player = seats[1:] == seats[:-1]
            self.next_slot[by_seat[:-1][same_player]] = by_seat[1:][same_player]
        self.first_slot = np.full(self.players, _NO_SLOT, np.int32)
        is_first = np.ones(self.entries, np.bool_)
        is_first[1:] = seats[1:] != seats[:-1]
        self.first_slot[seats[is_first]] = by_seat[is_first]

    def slots_of_seat(self, seat: int) -> Iterator[int]:
        """The slots of one player's entries."""
        slot = int(self.first_slot[seat])
        while slot != _NO_SLOT:
            yield slot
            slot = int(self.next_slot[slot])

    def put_player(self, player: Player) -> int:
        """Takes a player as it now is and gives its seat. Raises KeyError for an unknown country."""
        country = self.country_codes[player.country]
        seat = self.seat_of.get(player.id)
        if seat is None:
            seat = self._new_seat()
            self.player_ids[seat] = player.id
            self.first_slot[seat] = _NO_SLOT
            self.names.append(player.name)
            self.seat_of[player.id] = seat
        self.names[seat] = player.name
        self.country[seat] = country
        self.is_banned[seat] = player.is_banned
        return seat

    def put_entry(self, entry: Entry) -> int:
        """Takes an entry as it now is and gives its slot. Raises KeyError for an unknown race or player."""
        seat, race = self.seat_of[entry.player_id], self.race_codes[entry.race]
        slot = self.slot_of.get(entry.id)
        if slot is None:
            slot = self._new_slot()
            self.entry_ids[slot] = entry.id
            self.seats[slot] = seat
            self.next_slot[slot] = self.first_slot[seat]
            self.first_slot[seat] = slot
            self.slot_of[entry.id] = slot
        self.race[slot] = race
        state = entry.state
        self.mmr[slot] = state.mmr
        self.games_played[slot] = state.games_played
        self.games_won[slot] = state.games_won
        self.games_lost[slot] = state.games_lost
        self.games_drawn[slot] = state.games_drawn
        self.last_played_us[slot] = NEVER if state.last_played_us is None else state.last_played_us
        known_at_us = state.last_played_us if state.known_at_us is None else state.known_at_us
        self.known_at_us[slot] = NEVER if known_at_us is None else known_at_us
        skill = state.skill
        self.deviation[slot] = NO_DEVIATION if skill is None else skill.deviation
        self.volatility[slot] = NO_DEVIATION if skill is None else skill.volatility
        return slot

    def _new_seat(self) -> int:
        if self.players == len(self.player_ids):
            room = max(_FIRST_CAPACITY, 2 * self.players)
            self.player_ids, self.country = grown(self.player_ids, room), grown(self.country, room)
            self.is_banned, self.first_slot = grown(self.is_banned, room), grown(self.first_slot, room)
        self.players += 1
        return self.players - 1

    def _new_slot(self) -> int:
        if self.entries == len(self.entry_ids):
            room = max(_FIRST_CAPACITY, 2 * self.entries)
            self.entry_ids, self.seats = grown(self.entry_ids, room), grown(self.seats, room)
            self.race, self.mmr = grown(self.race, room), grown(self.mmr, room)
            self.games_played, self.games_won = grown(self.games_played, room), grown(self.games_won, room)
            self.games_lost, self.games_drawn = grown(self.games_lost, room), grown(self.games_drawn, room)
            self.last_played_us, self.next_slot = grown(self.last_played_us, room), grown(self.next_slot, room)
            self.deviation, self.volatility = grown(self.deviation, room), grown(self.volatility, room)
            self.known_at_us = grown(self.known_at_us, room)
        self.entries += 1
        return self.entries - 1

    def may_rank(self) -> Bools:
        """Which slots are ranked as soon as their last game is recent enough."""
        used = slice(0, self.entries)
        may_rank: Bools = (self.games_played[used] > 0) & (self.last_played_us[used] != NEVER)
        return may_rank & ~self.is_banned[self.seats[used]]

    def may_rank_slot(self, slot: int) -> bool:
        """`may_rank` of one slot."""
        played = self.games_played[slot] > 0 and self.last_played_us[slot] != NEVER
        return bool(played and not self.is_banned[self.seats[slot]])

    def last_activity_us(self) -> int | None:
        """When somebody who may be ranked last played."""
        times = self.last_played_us[: self.entries][self.may_rank()]
        return int(times.max()) if len(times) else None

    def snapshot(self) -> "TableSnapshot":
        """A copy of all that the frame of entries needs, taken at once so that it is of one version."""
        used, seated = slice(0, self.entries), slice(0, self.players)
        return TableSnapshot(
            races=self.races,
            countries=self.countries,
            names=self.names.copy(),
            country=self.country[seated].copy(),
            player_ids=self.player_ids[seated].copy(),
            is_banned=self.is_banned[seated].copy(),
            seats=self.seats[used].copy(),
            race=self.race[used].copy(),
            columns={
                "entry_id": self.entry_ids[used].copy(),
                "mmr": self.mmr[used].copy(),
                "games_played": self.games_played[used].copy(),
                "games_won": self.games_won[used].copy(),
                "games_lost": self.games_lost[used].copy(),
                "games_drawn": self.games_drawn[used].copy(),
                "last_played": self.last_played_us[used].copy(),
                "known_at": self.known_at_us[used].copy(),
                "deviation": self.deviation[used].copy(),
                "volatility": self.volatility[used].copy(),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSnapshot:
    """The table's columns as they were at one version; `frame` may be called from any thread."""

    races: tuple[str, ...]
    countries: tuple[str | None, ...]
    names: list[str]
    country: Uint8s
    player_ids: Int64s
    is_banned: Bools
    seats: Int32s
    race: Uint8s
    columns: dict[str, Int32s | Int64s | Float64s]

    def frame(self) -> pl.DataFrame:
        """The entries as a frame of `ENTRY_SCHEMA`, in the order of their slots."""
        seats = self.seats
        columns = {
            **{name: pl.Series(column) for name, column in self.columns.items()},
            "player_id": pl.Series(self.player_ids[seats]),
            "player_name": pl.Series(self.names, dtype=pl.String()).gather(seats),
            "country": pl.Series(self.countries, dtype=pl.String()).gather(self.country[seats]),
            "race": pl.Series(self.races, dtype=pl.String()).gather(self.race),
            "is_banned": pl.Series(self.is_banned[seats]),
        }
        never = pl.col("last_played") == NEVER
        return (
            pl.DataFrame(columns)
            .with_columns(
                last_played=pl.when(never).then(None).otherwise(pl.col("last_played").cast(pl.Datetime("us", "UTC")))
            )
            .select(pl.col(name).cast(dtype) for name, dtype in ENTRY_SCHEMA.items())
        )
