"""The ranked entries in order, as columns: an array's order is the ladder's order, and a position is a rank.

What a filter looks at stands beside the key, so that a page is found by comparing bytes over a stretch of positions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from toprung.domain.leaderboard.filters import Filters
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.ratings.rating import MMR_MAX

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Uint8s = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
_Code = TypeVar("_Code", bound="str | None")

_SECOND_BITS: Final = 38  # until the year 10680
_SECOND_MAX: Final = (1 << _SECOND_BITS) - 1
_FIRST_CAPACITY: Final = 64

_COMPARED_CODES_MAX: Final = 8
"""Up to so many codes, comparing a column with each of them is quicker than looking every value up in a table."""


def order_key(mmr: int, last_played_us: int) -> int:
    """One number that orders entries: smaller is better, by MMR, then by the later second of play."""
    return ((MMR_MAX - mmr) << _SECOND_BITS) | (_SECOND_MAX - last_played_us // MICROSECONDS_PER_SECOND)


def order_keys(mmr: Int32s, last_played_us: Int64s) -> Int64s:
    """`order_key` of whole columns."""
    return ((MMR_MAX - mmr.astype(np.int64)) << _SECOND_BITS) | (
        _SECOND_MAX - last_played_us // MICROSECONDS_PER_SECOND
    )


def grown(column: npt.NDArray[Any], capacity: int) -> npt.NDArray[Any]:
    """A copy of a column with room for `capacity` values; what is behind the old ones is zero."""
    larger = np.zeros(capacity, column.dtype)
    larger[: len(column)] = column
    return larger


def _shift(column: npt.NDArray[Any], start: int, stop: int, by: int) -> None:
    """Moves the values from `start` up to `stop` by so many places: in one go, where NumPy's slices copy twice."""
    places = column.data
    places[start + by : stop + by] = places[start:stop]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters in the board's codes: which positions are looked at, and which races and countries are let through.

    `is_open` says that every position there is.
    """

    filters: Filters
    start: int
    stop: int
    races: list[int] | None
    countries: list[int] | None
    is_open: bool


class BoardOrder:
    """The columns of the ranked entries, best first. Positions count from 0; `size` of each column is in use."""

    def __init__(self) -> None:
        self.size = 0
        self.keys: Int64s = np.zeros(_FIRST_CAPACITY, np.int64)
        self.entry_ids: Int64s = np.zeros(_FIRST_CAPACITY, np.int64)
        self.slots: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)
        self.races: Uint8s = np.zeros(_FIRST_CAPACITY, np.uint8)
        self.countries: Uint8s = np.zeros(_FIRST_CAPACITY, np.uint8)
        self.is_best: Bools = np.zeros(_FIRST_CAPACITY, np.bool_)
        self.games: Int32s = np.zeros(_FIRST_CAPACITY, np.int32)

    def _columns(self) -> tuple[npt.NDArray[Any], ...]:
        return (self.keys, self.entry_ids, self.slots, self.races, self.countries, self.is_best, self.games)

    def replace(
        self,
        keys: Int64s,
        entry_ids: Int64s,
        slots: Int32s,
        races: Uint8s,
        countries: Uint8s,
        games: Int32s,
    ) -> None:
        """Takes these rows, in any order, in place of all that were there; no row is a best one yet."""
        order = np.lexsort((entry_ids, keys))
        self.size = len(order)
        self.keys, self.entry_ids, self.slots = keys[order], entry_ids[order], slots[order]
        self.races, self.countries = races[order], countries[order]
        self.games = games[order]
        self.is_best = np.zeros(self.size, np.bool_)

    def position(self, key: int, entry_id: int) -> int:
        """Where the row with this key and entry is; for one that is not here, where it belongs."""
        keys = self.keys[: self.size]
        first = int(keys.searchsorted(key, "left"))
        if first == self.size or keys[first] != key or self.entry_ids[first] == entry_id:
            return first  # most keys are one entry's alone: no need to look for where its ties end
        last = int(keys.searchsorted(key, "right"))
        return first + int(self.entry_ids[first:last].searchsorted(entry_id))

    def insert(self, key: int, entry_id: int, slot: int, race: int, country: int, games: int) -> None:
        """Adds a row at its place; it is not a best one yet."""
        if self.size == len(self.keys):
            columns = [grown(column, max(_FIRST_CAPACITY, 2 * self.size)) for column in self._columns()]
            self.keys, self.entry_ids, self.slots, self.races, self.countries, self.is_best, self.games = columns
        place = self.position(key, entry_id)
        values = (key, entry_id, slot, race, country, False, games)
        for column, value in zip(self._columns(), values, strict=True):
            _shift(column, place, self.size, 1)
            column[place] = value
        self.size += 1

    def remove(self, place: int) -> None:
        """Takes out the row at a position."""
        for column in self._columns():
            _shift(column, place + 1, self.size, -1)
        self.size -= 1

    def move(self, place: int, key: int, games: int) -> None:
        """Gives the row at a position a new key and its games, and shifts what lies between its old and new place."""
        target = self.position(key, int(self.entry_ids[place]))
        if target > place:
            target -= 1
        for column in self._columns():
            value = column[place]
            if target > place:
                _shift(column, place + 1, target + 1, -1)
            elif target < place:
                _shift(column, target, place, 1)
            column[target] = value
        self.keys[target] = key
        self.games[target] = games


def codes_of(codes: Mapping[_Code, int], chosen: Iterable[_Code]) -> list[int]:
    """The codes of what is chosen; what the board does not know has none."""
    return list(map(codes.__getitem__, codes.keys() & chosen))


def among(column: Uint8s, codes: list[int]) -> Bools:
    """Which values of a column of codes are among these."""
    if not 0 < len(codes) <= _COMPARED_CODES_MAX:
        wanted = np.zeros(256, np.bool_)
        wanted[codes] = True
        return wanted.take(column)
    matches: Bools = column == codes[0]
    for code in codes[1:]:
        matches |= column == code
    return matches
