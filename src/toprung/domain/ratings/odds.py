"""Odds that people are told: what a rating system expects, made as bold as the results so far bear out.

Ratings move by what the system expects. What it expects is too bold or too timid by a factor of the log-odds that
differs between communities and does not last, so the factor is found anew as games go by. It is a function of the
forecasts and results alone: the same log gives the same odds, and a correction changes them with it.
"""

import math
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Final

WINDOW_GAMES_MAX: Final = 4_000
"""So many of the last games say how bold odds may be."""

RENEWED_GAMES: Final = 50
"""After so many games the slope is found anew."""

LOOKED_AT_GAMES_MAX: Final = WINDOW_GAMES_MAX + RENEWED_GAMES - 1
"""How many of the last games the slope may depend on."""

PRIOR_WEIGHT: Final = 100.0
"""How much is held against a slope other than 1."""

PROBABILITY_MIN: Final = 1e-9
"""Nothing is surer than this."""

_CONVERGED: Final = 1e-9
_STEPS_MAX: Final = 100
_STEP_MAX: Final = 1.0


def sigmoid(x: float) -> float:
    """The probability of log-odds; that of `-x` is exactly 1 less that of `x`."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else 1 - 1 / (1 + math.exp(x))


def log_odds(probability: float) -> float:
    """The natural logarithm of the odds, those of a certainty being large and finite."""
    sure = min(max(probability, PROBABILITY_MIN), 1 - PROBABILITY_MIN)
    return math.log(sure / (1 - sure))


def slope_of(games: Iterable[tuple[float, float]]) -> float:
    """The slope that fits (expected score, score) best, drawn towards 1; the games are taken as they are."""
    return _fitted([(log_odds(expected), score) for expected, score in games])


def slope_after(games: int, last: Sequence[tuple[float, float]]) -> float:
    """The slope that holds after so many rated games, of which these (expected score, score) are the last, in order.

    No more are looked at than `LOOKED_AT_GAMES_MAX`.
    """
    renewed = len(last) - games % RENEWED_GAMES
    return slope_of(last[max(0, renewed - WINDOW_GAMES_MAX) : renewed])


class StatedOdds:
    """The odds to tell, game by game: the slope is that of `slope_after`, found when it is asked for."""

    def __init__(self) -> None:
        self._window = deque[tuple[float, float]](maxlen=WINDOW_GAMES_MAX)
        self._fresh: list[tuple[float, float]] = []
        self._slope: float | None = 1.0

    @property
    def slope(self) -> float:
        """By what log-odds are multiplied now."""
        if self._slope is None:
            self._slope = _fitted(self._window)
        return self._slope

    def stated(self, expected: float) -> float:
        """The share of a point to tell where the system expects this one."""
        return stated_by(self.slope, expected)

    def learn(self, expected: float, score: float) -> None:
        """Takes note of a game: what the system expected, and the score."""
        self._fresh.append((log_odds(expected), score))
        if len(self._fresh) == RENEWED_GAMES:
            self._window.extend(self._fresh)
            self._fresh.clear()
            self._slope = None


def stated_by(slope: float, expected: float) -> float:
    """The share of a point to tell where the system expects this one, and the slope is this."""
    return sigmoid(slope * log_odds(expected))


def stated_forecasts(games: Iterable[tuple[float, float]], *, scored_from: int) -> list[tuple[float, float]]:
    """(stated, score) of each game from an index on, for the (expected score, score) of all of them."""
    odds, told = StatedOdds(), list[tuple[float, float]]()
    games = iter(games)
    for expected, score in islice(games, scored_from):
        odds.learn(expected, score)
    for expected, score in games:
        told.append((odds.stated(expected), score))
        odds.learn(expected, score)
    return told


def _fitted(games: Collection[tuple[float, float]]) -> float:
    """The most likely slope for (log-odds, score), by Newton's method between bounds that only ever close in."""
    slope, least, most = 1.0, -math.inf, math.inf
    for _ in range(_STEPS_MAX):
        gradient, curvature = PRIOR_WEIGHT * (1 - slope), PRIOR_WEIGHT
        for x, score in games:
            expected = sigmoid(slope * x)
            gradient += x * (score - expected)
            curvature += x * x * expected * (1 - expected)
        if gradient > 0:
            least = slope
        else:
            most = slope
        step = max(-_STEP_MAX, min(_STEP_MAX, gradient / curvature))
        target = slope + step
        if not least <= target <= most:
            target = (least + most) / 2
        if abs(target - slope) <= _CONVERGED:
            return target
        slope = target
    return slope
