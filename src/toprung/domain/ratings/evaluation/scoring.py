"""How good forecasts were: scored on games that whoever foretold them had not seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from toprung.domain.ratings.odds import PROBABILITY_MIN, log_odds, sigmoid

HELD_OUT_SHARE_TENTHS: Final = 3
"""The last three tenths of the games are scored, and never used to choose constants."""

_NEWTON_STEPS_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good forecasts were. Lower is better for the first two; a coin flip has 0.6931 and, without draws, 0.25.

    `accuracy` is the share of games whose favourite won, a draw or an even forecast counting half. The slope is that
    of outcomes on the stated log-odds: 1 is calibrated, below 1 over-confident, None where all forecasts are even.
    """

    log_loss: float
    brier: float
    accuracy: float
    calibration_slope: float | None


def first_held_out(games: int) -> int:
    """The index of the first game that is scored: floor(0.7 n)."""
    return games * (10 - HELD_OUT_SHARE_TENTHS) // 10


def quality(told: Sequence[tuple[float, float]]) -> Quality:
    """The quality of these forecasts, of which there must be one at least."""
    count = len(told)
    return Quality(
        log_loss=log_loss(told),
        brier=sum((expected - score) ** 2 for expected, score in told) / count,
        accuracy=sum(_right(expected, score) for expected, score in told) / count,
        calibration_slope=_calibration_slope(told),
    )


def log_loss(told: Sequence[tuple[float, float]]) -> float:
    """The mean of what the forecasts were surprised by, in natural units."""
    total = 0.0
    for expected, score in told:
        sure = min(max(expected, PROBABILITY_MIN), 1 - PROBABILITY_MIN)
        total -= score * math.log(sure) + (1 - score) * math.log(1 - sure)
    return total / len(told)


def _right(expected: float, score: float) -> float:
    if score == 0.5 or expected == 0.5:
        return 0.5
    return float((expected > 0.5) == (score > 0.5))


def _calibration_slope(told: Sequence[tuple[float, float]]) -> float | None:
    """The one number by which all log-odds are multiplied to fit the outcomes best, by Newton's method."""
    odds = [(log_odds(expected), score) for expected, score in told]
    slope = 1.0
    for _ in range(_NEWTON_STEPS_MAX):
        gradient = curvature = 0.0
        for x, score in odds:
            expected = sigmoid(max(-500.0, min(500.0, slope * x)))
            gradient += x * (score - expected)
            curvature += x * x * expected * (1 - expected)
        if curvature < 1e-12:
            return None
        step = max(-1.0, min(1.0, gradient / curvature))
        slope += step
        if abs(step) < 1e-9:
            break
    return slope
