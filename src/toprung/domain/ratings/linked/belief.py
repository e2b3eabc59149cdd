"""What is believed of one player's skill with each race.

The variances and covariances are the upper triangle of a symmetric matrix, row by row: a list of numbers, each of which
every step treats alone. So a belief about some of the races is exactly, to the bit, the part of the belief about all of
them, and the order of the races means nothing.
"""

import math
from functools import lru_cache
from typing import NamedTuple


class Belief(NamedTuple):
    """Ratings and their covariances by race, in points and points squared, after `games` games with any race."""

    ratings: tuple[float, ...]
    covariances: tuple[float, ...]
    games: int = 0
    last_played_us: int | None = None

    def variance(self, race: int) -> float:
        """The variance of one race's rating."""
        return self.covariances[layout(len(self.ratings)).diagonal[race]]

    def deviation(self, race: int) -> float:
        """How far one race's rating may be off: one standard deviation."""
        return math.sqrt(self.variance(race))


class Advantage(NamedTuple):
    """What is believed of the advantage of a side over the other one, whoever plays."""

    rating: float
    variance: float


class Layout(NamedTuple):
    """Where in an upper triangle the diagonal is, and each race's column with its row."""

    diagonal: tuple[int, ...]
    columns: tuple[tuple[int, ...], ...]


@lru_cache
def layout(races: int) -> Layout:
    """The layout for this many races."""
    starts = [row * races - row * (row - 1) // 2 for row in range(races)]

    def place(row: int, column: int) -> int:
        first, last = min(row, column), max(row, column)
        return starts[first] + last - first

    columns = tuple(tuple(place(row, column) for row in range(races)) for column in range(races))
    return Layout(tuple(starts), columns)
