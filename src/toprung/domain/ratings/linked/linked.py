"""The linked rating: a game with one race says something about a player's others, the less the better those are known.

A player has one strength and a leaning for each race, all normally distributed. A result moves every race's rating by
its covariance with the race that was played: M. E. Glickman's approximation of the likelihood of a game ("Parameter
Estimation in Large Dynamic Paired Comparison Experiments", 1999) in R. E. Kalman's filter (1960). With one race, and
neither noise nor experience, it is Glicko with a game as a period. It uses the four operations, `sqrt` and `exp` in a
fixed order, so that the same games give the same bits.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, SCALE
from toprung.domain.ratings.linked.belief import Advantage, Belief, layout
from toprung.domain.ratings.linked.constants import SIDE_DEVIATION, LinkedConstants
from toprung.domain.ratings.odds import sigmoid

_G_FACTOR: Final = 3 / (math.pi * math.pi * SCALE * SCALE)
_KEPT: Final = 1 - 1e-9
"""What is kept of a covariance beside a variance that is cut to its most.

Cutting draws what is left of two races together a little each time. Rounding would make them one in the end, after
tens of thousands of games that say nothing; this keeps a billionth of them apart, and the matrix positive definite.
"""


class Side(NamedTuple):
    """One side of a game: what is believed of its player, as `before_game` gives it, and the race's number."""

    belief: Belief
    race: int


class Favour(NamedTuple):
    """An advantage that one side of a game has: the first where `side` is 1, the second where it is -1."""

    advantage: Advantage
    side: int


class Played(NamedTuple):
    """What a game makes of both sides' beliefs, what the first side was expected to score, and of the advantage."""

    first: Belief
    second: Belief
    expected_score: float
    advantage: Advantage | None


class Shown(NamedTuple):
    """A race's rating as it was last shown, exactly, and how many games the player had played by then."""

    rating: float
    games: int


class Parts(NamedTuple):
    """A change of a shown rating in whole points, by what it came from; together they are the change.

    `before` is the number that was shown. The rating is taken from there through its three stages (what other races'
    games have said since, experience, this game), and a part is the difference of the whole numbers nearest to the
    rating before and after its stage. So a part is within a point of its true size, has the sign of that or is
    nothing, and nothing is left over.
    """

    before: int
    other_races: int
    experience: int
    this_game: int

    @property
    def after(self) -> int:
        """The number that is shown after the game."""
        return self.before + self.other_races + self.experience + self.this_game


class Linked:
    """The system with its constants. Races are numbered from 0, in one order for all beliefs of a player."""

    def __init__(self, constants: LinkedConstants) -> None:
        self.constants = constants
        self._shared_variance = constants.strength_spread * constants.strength_spread
        self._variance_max = constants.variance_max
        self._shared_growth = constants.strength_growth * constants.strength_growth
        self._own_growth = constants.race_growth * constants.race_growth
        self._noise = constants.game_noise * constants.game_noise

    def start(self, races: int) -> Belief:
        """What is believed of somebody who never played."""
        covariances = [self._shared_variance] * (races * (races + 1) // 2)
        for place in layout(races).diagonal:
            covariances[place] = self._variance_max
        return Belief((self.constants.start_rating,) * races, tuple(covariances))

    def start_advantage(self) -> Advantage:
        """What is believed of a side's advantage before any game."""
        return Advantage(0.0, SIDE_DEVIATION * SIDE_DEVIATION)

    def after_idle(self, belief: Belief, now_us: int) -> Belief:
        """The belief after the time since the last game: less sure, never less than nothing known."""
        return Belief(belief.ratings, tuple(self._grown(belief, now_us)), belief.games, belief.last_played_us)

    def before_game(self, belief: Belief, now_us: int) -> Belief:
        """The belief that a game at this time finds: after the time without one, with a game's noise and experience."""
        grown = self._grown(belief, now_us)
        if not belief.games:
            return Belief(belief.ratings, tuple(grown), 0, belief.last_played_us)
        noise, rise = self._noise, self.experience_before(belief.games)
        return Belief(
            tuple([rating + rise for rating in belief.ratings]),
            tuple([covariance + noise for covariance in grown]),
            belief.games,
            belief.last_played_us,
        )

    def _grown(self, belief: Belief, now_us: int) -> Sequence[float]:
        """The covariances after the time since the last game."""
        last_us, covariances = belief.last_played_us, list(belief.covariances)
        diagonal = layout(len(belief.ratings)).diagonal
        if last_us is not None and now_us > last_us:
            days = (now_us - last_us) / MICROSECONDS_PER_DAY
            shared, own = self._shared_growth * days, self._own_growth * days
            covariances = [covariance + shared for covariance in covariances]
            for place in diagonal:
                covariances[place] += own
        most = self._variance_max
        is_cut = max([covariances[place] for place in diagonal]) > most
        return _cut(covariances, diagonal, most) if is_cut else covariances

    def experience_before(self, games: int) -> float:
        """By how much a player with this many games is believed to have become better before the next one."""
        constants = self.constants
        return constants.experience_rise * math.exp(-games / constants.experience_games) if games else 0.0

    def expected_score(self, first: Side, second: Side, favour: Favour | None = None) -> float:
        """The share of a point that the first side is expected to take, all doubt taken into account."""
        difference = first.belief.ratings[first.race] - second.belief.ratings[second.race]
        doubt = first.belief.variance(first.race) + second.belief.variance(second.race)
        if favour is not None:
            difference += favour.side * favour.advantage.rating
            doubt += favour.advantage.variance
        return _expected(difference, doubt)

    def after_game(
        self, first: Side, second: Side, score_1: float, ended_at_us: int, favour: Favour | None = None
    ) -> Played:
        """What a game does, `score_1` being 1, 0.5 or 0 for the first side. Symmetric in the sides.

        Each player and the advantage learn from what all were before the game.
        """
        variance_1, variance_2 = first.belief.variance(first.race), second.belief.variance(second.race)
        difference = first.belief.ratings[first.race] - second.belief.ratings[second.race]
        side_variance, advantage = 0.0, None
        if favour is not None:
            known, side = favour
            side_variance = known.variance
            difference += side * known.rating
            score = score_1 if side > 0 else 1 - score_1
            step, weight = _information(side * difference, variance_1 + variance_2, side_variance, score)
            advantage = Advantage(known.rating + side_variance * step, side_variance / (1 + weight * side_variance))
        step_1, weight_1 = _information(difference, variance_2 + side_variance, variance_1, score_1)
        step_2, weight_2 = _information(-difference, variance_1 + side_variance, variance_2, 1 - score_1)
        return Played(
            _learned(first, step_1, weight_1, ended_at_us),
            _learned(second, step_2, weight_2, ended_at_us),
            _expected(difference, variance_1 + variance_2 + side_variance),
            advantage,
        )

    def shown_first(self, before: Belief, race: int) -> Shown:
        """What counts as shown of a race that was never played: what is believed of it, from the other races."""
        return Shown(before.ratings[race], before.games)

    def parts(self, shown: Shown, ready: Belief, after: Belief, race: int) -> Parts:
        """What the change of a shown rating came from, `ready` being the belief that `before_game` gave."""
        reached = ready.ratings[race]
        rise = math.fsum(self.experience_before(games) for games in range(shown.games, ready.games + 1))
        others = shown.rating if shown.games == ready.games else reached - rise
        stages = [round(rating) for rating in (shown.rating, others, reached, after.ratings[race])]
        return Parts(stages[0], stages[1] - stages[0], stages[2] - stages[1], stages[3] - stages[2])


def _cut(covariances: list[float], diagonal: tuple[int, ...], most: float) -> list[float]:
    """The covariances with each variance at this at most, and each race's row and column scaled with its variance."""
    factors = [math.sqrt(most / covariances[d]) * _KEPT if covariances[d] > most else 1.0 for d in diagonal]
    cut = []
    for row, start in enumerate(diagonal):
        factor = factors[row]
        cut.append(min(covariances[start], most))
        for column in range(row + 1, len(diagonal)):
            cut.append(covariances[start + column - row] * (factor * factors[column]))
    return cut


def _expected(difference: float, doubt: float) -> float:
    """The share of a point that goes with being better by so much, where that is known with this variance."""
    return sigmoid(_g(doubt) * difference / SCALE)


def _g(variance: float) -> float:
    """How much a difference counts that is known no better than this."""
    return 1 / math.sqrt(1 + _G_FACTOR * variance)


def _information(difference: float, others: float, own: float, score: float) -> tuple[float, float]:
    """What a result says: how far a rating moves for each point squared of covariance, and how much it is worth.

    `difference` is by how much this side is better; `others` is the variance of all but itself, `own` its own.
    """
    g = _g(others)
    expected = sigmoid(g * difference / SCALE)
    weight = g * g * expected * (1 - expected) / (SCALE * SCALE)
    return g * (score - expected) / (SCALE * (1 + weight * own)), weight


def _learned(side: Side, step: float, weight: float, ended_at_us: int) -> Belief:
    """The belief of a side's player after a game.

    The row of the race is divided by what its variance is divided by, which is the same as subtracting and takes no
    difference of nearly equal numbers.
    """
    belief, race = side
    places, before = layout(len(belief.ratings)).columns[race], belief.covariances
    column = [before[place] for place in places]
    divisor = 1 + weight * column[race]
    share = weight / divisor
    products = [own * other for row, own in enumerate(column) for other in column[row:]]
    after = [known - product * share for known, product in zip(before, products, strict=True)]
    for place, covariance in zip(places, column, strict=True):
        after[place] = covariance / divisor
    last_us = belief.last_played_us
    return Belief(
        tuple([rating + covariance * step for rating, covariance in zip(belief.ratings, column, strict=True)]),
        tuple(after),
        belief.games + 1,
        ended_at_us if last_us is None or ended_at_us > last_us else last_us,
    )
