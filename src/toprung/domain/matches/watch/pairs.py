"""Pairs whose games against each other go another way than both sides' other games predict."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toprung.domain.matches.match import MatchId
from toprung.domain.matches.watch.games import Floats, GameTable, Ints, sums
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.matches.watch.strengths import PAIR_SPREAD, Results, Strengths, cell_of_games, sigmoid
from toprung.domain.matches.watch.surprise import predicted, surprise
from toprung.domain.players.player import PlayerId

PAIR_GAMES_MIN: Final = 6
"""Fewer games between two players say nothing."""

SHARE_WEIGHT: Final = 3.0
"""What it adds to a signal where a side plays nobody else: as much as three standard deviations."""

SHORT_WEIGHT: Final = 3.0
"""What it adds where all games are short and nobody else's are."""

SHORT_GAMES_TAKEN: Final = 6
"""As many ordinary games are added, so that a single short one says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualPair:
    """Two players, the one first who did better than predicted, and their games against each other.

    Where only the games with certain races are unusual, `races` says which and all else is of these games. `expected`
    is what the first player's points were predicted to be, by as many other games of each as `other_games` says.
    """

    players: tuple[PlayerId, PlayerId]
    races: tuple[str, str] | None
    games: int
    points: float
    expected: float
    other_games: tuple[int, int]
    known_lengths: int
    short_games: int
    match_ids: tuple[MatchId, ...]
    signal: float

    def turned(self) -> "UnusualPair":
        """The same, seen from the other player."""
        return replace(
            self,
            players=self.players[::-1],
            races=None if self.races is None else self.races[::-1],
            points=self.games - self.points,
            expected=self.games - self.expected,
            other_games=self.other_games[::-1],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Groups:
    """Groups of a pair's games: all of them, or those with certain races (`cell`, else -1)."""

    pair: Ints
    cell: Ints
    games: Floats
    points: Floats
    expected: Floats
    known: Floats
    short: Floats
    surprise: Floats
    signal: Floats


def unusual_pairs(table: GameTable, strengths: Strengths, limits: WatchLimits) -> tuple[tuple[UnusualPair, ...], int]:
    """The pairs whose signal reaches the limit, the strongest first, and how many pairs were looked at.

    A signal is the surprise, and what it adds that the pair plays few others and that its games are short. All games
    of a pair are looked at together, and by their races: with a rating for each race, two can win from each other by
    turns, each with one race and from another.
    """
    players = len(table.players)
    pair_of_cell = strengths.cells.player * players + strengths.cells.opponent
    keys, pair_of_cell = np.unique(pair_of_cell, return_inverse=True)
    enough = np.flatnonzero(np.bincount(pair_of_cell, strengths.cells.games, len(keys)) >= PAIR_GAMES_MIN)
    if not enough.size:
        return (), 0
    place = np.full(len(keys), -1)
    place[enough] = np.arange(len(enough))
    cells = np.flatnonzero(place[pair_of_cell] >= 0)
    sides = keys[enough] // players, keys[enough] % players
    groups = _groups(table, strengths, limits, cells, place[pair_of_cell[cells]], sides)
    found: dict[int, UnusualPair] = {}
    for number in np.argsort(-groups.signal, kind="stable").tolist():
        if groups.signal[number] < limits.pair_signal:
            break
        pair = int(groups.pair[number])
        if pair not in found:
            found[pair] = _told(table, groups, number, (int(sides[0][pair]), int(sides[1][pair])))
    return tuple(found.values()), len(enough)


def _groups(
    table: GameTable, strengths: Strengths, limits: WatchLimits, cells: Ints, pair: Ints, sides: tuple[Ints, Ints]
) -> _Groups:
    rows, (first, second) = strengths.cells.where(cells), sides
    logit, variance = _predictions(strengths, rows, pair, sides)
    known, short, usual = _short_games(table, limits, cells)
    together = np.bincount(pair, rows.games)
    apart = np.flatnonzero((rows.games >= PAIR_GAMES_MIN) & (rows.games < together[pair]))
    member = np.concatenate([np.arange(len(cells)), apart])
    group = np.concatenate([pair, len(first) + np.arange(len(apart))])

    def summed(column: Floats) -> Floats:
        return sums(group, column[member], len(first) + len(apart))

    games, points = summed(rows.games), summed(rows.points)
    chance = summed(rows.games * sigmoid(logit)) / games
    surprised = surprise(games, points, chance, summed(rows.games * variance) / games)
    pair_of_group = np.concatenate([np.arange(len(first)), pair[apart]])
    strength = np.abs(surprised)
    strength[len(first) :] = _by_turns(surprised[len(first) :], pair[apart], len(first))
    share = games / table.games_of[np.stack([first, second])].min(axis=0)[pair_of_group]
    excess = (summed(short) - usual * summed(known)) / (summed(known) + SHORT_GAMES_TAKEN)
    return _Groups(
        pair=pair_of_group,
        cell=np.concatenate([np.full(len(first), -1), cells[apart]]),
        games=games,
        points=points,
        expected=summed(rows.games * predicted(logit, variance)),
        known=summed(known),
        short=summed(short),
        surprise=surprised,
        signal=strength + SHARE_WEIGHT * share + SHORT_WEIGHT * np.maximum(excess, 0),
    )


def _by_turns(surprised: Floats, pair: Ints, pairs: int) -> Floats:
    """How surprising the games with certain races are: by themselves, or with those that went the other way."""
    most, least = np.zeros(pairs), np.zeros(pairs)
    np.maximum.at(most, pair, surprised)
    np.minimum.at(least, pair, surprised)
    against = np.where(surprised > 0, -least[pair], most[pair])
    return np.maximum(np.abs(surprised), (np.abs(surprised) + against) / math.sqrt(2))


def _predictions(strengths: Strengths, rows: Results, pair: Ints, sides: tuple[Ints, Ints]) -> tuple[Floats, Floats]:
    """The logit of each row by both sides' other games, and its variance."""
    one, two = strengths.without(sides[0], sides[1]), strengths.without(sides[1], sides[0])
    logit = one.mean[pair, rows.race] - two.mean[pair, rows.opponent_race]
    return logit, one.variance[pair, rows.race] + two.variance[pair, rows.opponent_race] + PAIR_SPREAD**2


def _short_games(table: GameTable, limits: WatchLimits, cells: Ints) -> tuple[Floats, Floats, float]:
    """How many games of each of these cells have a known length and a short one, and the share of short ones in all."""
    known, short = ~np.isnan(table.length), table.length < limits.short_seconds
    cell, keys = cell_of_games(table)
    by_known, by_short = (sums(cell, column, len(keys))[cells] for column in (known, short))
    return by_known, by_short, float(short.sum() / max(1, known.sum()))


def _told(table: GameTable, groups: _Groups, number: int, sides: tuple[int, int]) -> UnusualPair:
    games, points, expected = (float(column[number]) for column in (groups.games, groups.points, groups.expected))
    met = (table.first == sides[0]) & (table.second == sides[1])
    cell, chosen, races = int(groups.cell[number]), met, None
    if cell >= 0:
        chosen = met & (cell_of_games(table)[0] == cell)
        game = np.flatnonzero(chosen)[0]
        races = table.races[table.first_race[game]], table.races[table.second_race[game]]
    players = table.players[sides[0]], table.players[sides[1]]
    others = tuple(int(table.games_of[side] - np.count_nonzero(met)) for side in sides)
    pair = UnusualPair(
        players=players,
        races=races,
        games=round(games),
        points=points,
        expected=expected,
        other_games=(others[0], others[1]),
        known_lengths=round(float(groups.known[number])),
        short_games=round(float(groups.short[number])),
        match_ids=tuple(MatchId(match_id) for match_id in table.match_ids[chosen].tolist()),
        signal=float(groups.signal[number]),
    )
    return pair if groups.surprise[number] >= 0 else pair.turned()
