"""What games say of strengths, and what a player's other games predict, without believing any rating.

A player has one strength and a leaning for each race, both normally distributed, and the chance to win is the logistic
function of the difference (R. A. Bradley and M. E. Terry, 1952). Strengths are the most probable ones of a whole
season. What is to be judged is left out of what it is judged by: a trade must not bear out its own results. Many games
between the same two say how these two do against each other rather than how strong each is; so their weight has a
limit. Strengths are in logits: one is 173.7 points of MMR as ladders commonly have them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from toprung.domain.matches.watch.games import Floats, GameTable, Ints, sums

PLAYER_SPREAD: Final = 1.04
"""The deviation of players' strengths: 180 points."""

RACE_SPREAD: Final = 0.52
"""The deviation of a player's races around it: 90 points."""

PAIR_SPREAD: Final = 0.35
"""How far two players' games against each other go another way than strengths say, form and style: 60 points."""

_STEPS_MAX: Final = 30
_STEP_MAX: Final = 2.0
_CONJUGATE_STEPS_MAX: Final = 200
_EXACT: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Rows of games, each seen from one player.

    A row is some games with the same races, with the points that they gave. `met` is how many games of these two with
    these races there are in all, in whatever rows they stand.
    """

    player: Ints
    race: Ints
    opponent: Ints
    opponent_race: Ints
    games: Floats
    points: Floats
    met: Floats

    def where(self, chosen: Ints) -> "Results":
        """The rows at these places."""
        return Results(**{name: getattr(self, name)[chosen] for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """What some rows say of each of several players: a mean by race, and the covariance of races."""

    mean: Floats
    covariance: Floats

    @property
    def variance(self) -> Floats:
        """The variance by race."""
        return np.diagonal(self.covariance, axis1=1, axis2=2)


class Strengths:
    """The strengths of all players by all games."""

    def __init__(self, table: GameTable) -> None:
        self._races = max(1, len(table.races))
        self.cells: Final = _cells(table)
        self.views: Final = both_sides(self.cells)
        self._mean = self._most_probable(len(table.players))
        self._variance = np.zeros_like(self._mean)
        for _ in range(2):  # the doubt of opponents is part of a player's, and begins as none
            self._variance = self.of(self.views, self.views.player, np.arange(len(table.players))).variance

    def of(self, rows: Results, group: Ints, players: Ints) -> Beliefs:
        """What the rows say of each group's player, opponents being as strong as all games say.

        `group` is each row's group, and `players` each group's player. A group without rows has what is known of
        anybody.
        """
        races, groups = self._races, len(players)
        place = group * races + rows.race
        opponent = self._mean[rows.opponent, rows.opponent_race]
        doubt = PAIR_SPREAD**2 + self._variance[rows.opponent, rows.opponent_race]
        weight = 1 / (1 + rows.met * doubt / 4)
        prior = _prior(races)
        mean = self._mean[players]
        for _ in range(_STEPS_MAX):
            chance = sigmoid(mean.reshape(-1)[place] - opponent)
            pull = sums(place, weight * (rows.points - rows.games * chance), groups * races)
            hold = sums(place, weight * rows.games * chance * (1 - chance), groups * races)
            precision = prior + hold.reshape(groups, races, 1) * np.eye(races)
            step = np.linalg.solve(precision, (pull.reshape(groups, races) - mean @ prior)[..., np.newaxis])[..., 0]
            mean = mean + np.clip(step, -_STEP_MAX, _STEP_MAX)
            if step.size == 0 or np.abs(step).max() < _EXACT:
                break
        return Beliefs(mean=mean, covariance=np.linalg.inv(precision).astype(np.float64))

    def without(self, players: Ints, opponents: Ints) -> Beliefs:
        """What each of these players' games say but for those against one opponent each."""
        rows, group = self._rows_of(players)
        kept = np.flatnonzero(self.views.opponent[rows] != opponents[group])
        return self.of(self.views.where(rows[kept]), group[kept], players)

    def mean(self, player: Ints, race: Ints) -> Floats:
        """How strong players are with these races by all games."""
        return self._mean[player, race]

    def variance(self, player: Ints, race: Ints) -> Floats:
        """The variance of that."""
        return self._variance[player, race]

    def _rows_of(self, players: Ints) -> tuple[Ints, Ints]:
        """The places of the views of each of these players, one player after the other, and whose they are."""
        order = np.argsort(self.views.player, kind="stable")
        count = np.bincount(self.views.player, minlength=len(self._mean))
        begin = np.cumsum(count) - count
        lengths = count[players]
        group = np.repeat(np.arange(len(players)), lengths)
        within = np.arange(len(group)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return order[begin[players][group] + within], group

    def _most_probable(self, players: int) -> Floats:
        """Newton's method; each step by conjugate gradients, for which no matrix is needed."""
        races, cells = self._races, self.cells
        size = players * races
        one, two = cells.player * races + cells.race, cells.opponent * races + cells.opponent_race
        weight = 1 / (1 + cells.met * PAIR_SPREAD**2 / 4)
        prior = _prior(races)

        def held(strengths: Floats) -> Floats:
            return (strengths.reshape(players, races) @ prior).reshape(-1)

        strengths = np.zeros(size)
        for _ in range(_STEPS_MAX):
            chance = sigmoid(strengths[one] - strengths[two])
            pull = weight * (cells.points - cells.games * chance)
            slope = weight * cells.games * chance * (1 - chance)
            gradient = sums(one, pull, size) - sums(two, pull, size) - held(strengths)
            diagonal = sums(one, slope, size) + sums(two, slope, size) + np.tile(np.diag(prior), players)

            def curved(step: Floats, slope: Floats = slope) -> Floats:
                across = slope * (step[one] - step[two])
                return sums(one, across, size) - sums(two, across, size) + held(step)

            step = _solved(curved, gradient, diagonal)
            strengths = strengths + np.clip(step, -_STEP_MAX, _STEP_MAX)
            if step.size == 0 or np.abs(step).max() < _EXACT:
                break
        return strengths.reshape(players, races)


def sigmoid(logit: Floats) -> Floats:
    """The logistic function."""
    return 1 / (1 + np.exp(-logit))


def both_sides(rows: Results) -> Results:
    """The rows, and after them the same rows as the opponents see them."""
    return Results(
        player=np.concatenate([rows.player, rows.opponent]),
        race=np.concatenate([rows.race, rows.opponent_race]),
        opponent=np.concatenate([rows.opponent, rows.player]),
        opponent_race=np.concatenate([rows.opponent_race, rows.race]),
        games=np.concatenate([rows.games, rows.games]),
        points=np.concatenate([rows.points, rows.games - rows.points]),
        met=np.concatenate([rows.met, rows.met]),
    )


def cell_of_games(table: GameTable) -> tuple[Ints, Ints]:
    """The place of each game's cell, which is the games of the same two with the same races, and each cell's key."""
    races, players = len(table.races), len(table.players)
    key = ((table.first * players + table.second) * races + table.first_race) * races + table.second_race
    keys, cell = np.unique(key, return_inverse=True)
    return cell, keys


def game_rows(table: GameTable) -> Results:
    """A row for each game, as its first player sees it."""
    cell, keys = cell_of_games(table)
    return Results(
        player=table.first,
        race=table.first_race,
        opponent=table.second,
        opponent_race=table.second_race,
        games=np.ones(len(table.points)),
        points=table.points,
        met=sums(cell, np.ones(len(cell)), len(keys))[cell],
    )


def _cells(table: GameTable) -> Results:
    """A row for each cell, as the first player sees it."""
    cell, keys = cell_of_games(table)
    races, players = max(1, len(table.races)), max(1, len(table.players))
    games = sums(cell, np.ones(len(cell)), len(keys))
    return Results(
        player=keys // (races * races) // players,
        race=keys // races % races,
        opponent=keys // (races * races) % players,
        opponent_race=keys % races,
        games=games,
        points=sums(cell, table.points, len(keys)),
        met=games,
    )


def _prior(races: int) -> Floats:
    """The precision of a player's races before any game."""
    return np.linalg.inv(PLAYER_SPREAD**2 + RACE_SPREAD**2 * np.eye(races)).astype(np.float64)


def _solved(curved: Callable[[Floats], Floats], wanted: Floats, diagonal: Floats) -> Floats:
    """The vector that `curved` makes `wanted` of, by conjugate gradients (M. Hestenes and E. Stiefel, 1952)."""
    found, left = np.zeros_like(wanted), wanted.copy()
    eased = left / diagonal
    direction, size = eased.copy(), float(left @ eased)
    enough = size * _EXACT**2
    for _ in range(_CONJUGATE_STEPS_MAX):
        if size <= enough:
            break
        moved = curved(direction)
        length = size / float(direction @ moved)
        found = found + length * direction
        left = left - length * moved
        eased = left / diagonal
        before, size = size, float(left @ eased)
        direction = eased + size / before * direction
    return found
