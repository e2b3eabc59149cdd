"""The constants with which a system foretells games best, chosen on the games before those that are scored."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.domain.ratings.evaluation.forecasters import (
    EloForecaster,
    Forecaster,
    Game,
    Glicko2Forecaster,
    LinkedForecaster,
    forecasts,
)
from toprung.domain.ratings.evaluation.scoring import first_held_out, log_loss
from toprung.domain.ratings.glicko2 import Glicko2
from toprung.domain.ratings.linked.constants import RANGES, LinkedConstants
from toprung.domain.ratings.linked.linked import Linked
from toprung.domain.ratings.rating import Elo

FIT_BURN_IN_TENTHS: Final = 2
"""When constants are chosen, the first two tenths only teach: there nobody is known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Constant:
    """A constant to choose: its name, its bounds, and how far (as a factor) it is believed to lie from the default."""

    name: str
    smallest: float
    largest: float
    spread: float


_GLICKO2_CONSTANTS: Final = (
    _Constant(name="start_deviation", smallest=50, largest=700, spread=2),
    _Constant(name="start_volatility", smallest=0.002, largest=0.5, spread=4),
    _Constant(name="period_days", smallest=0.02, largest=1000, spread=10),
)
_ELO_CONSTANTS: Final = (_Constant(name="k_factor", smallest=4, largest=400, spread=3),)

_SPREADS: Final = {"strength_spread": 2, "race_spread": 2, "strength_growth": 3, "race_growth": 3, "game_noise": 3}
_LINKED_CONSTANTS: Final = tuple(
    _Constant(name=name, smallest=max(RANGES[name][0], 0.01), largest=RANGES[name][1], spread=spread)
    for name, spread in _SPREADS.items()
)

_FIRST_STEP: Final = math.log(2)
_LAST_STEP: Final = math.log(1.03)


def fit_linked(games: Sequence[Game], default: LinkedConstants, tried: Callable[[], None]) -> LinkedConstants:
    """The linked rating's constants that foretell the earlier part of these games best; the held-out part is not seen.

    Experience stays as it is: chosen on a few years it takes strong players who enter late for players who learn.
    """

    def forecaster(values: Mapping[str, float]) -> Forecaster:
        return LinkedForecaster(Linked(replace(default, **values)), games)

    start = {constant.name: float(getattr(default, constant.name)) for constant in _LINKED_CONSTANTS}
    return replace(default, **_fit(games, _LINKED_CONSTANTS, start, forecaster, tried))


def fit_glicko2(games: Sequence[Game], default: Glicko2, tried: Callable[[], None]) -> Glicko2:
    """Glicko-2 with the constants that foretell the earlier part of these games best; the held-out part is not seen.

    Nobody is believed to become less known than a newcomer. `tried` is called after each set of constants.
    """

    def system(values: Mapping[str, float]) -> Glicko2:
        return replace(default, **values, deviation_max=values["start_deviation"])

    start = {constant.name: float(getattr(default, constant.name)) for constant in _GLICKO2_CONSTANTS}
    found = _fit(games, _GLICKO2_CONSTANTS, start, lambda values: Glicko2Forecaster(system(values)), tried)
    return system(found)


def fit_elo(games: Sequence[Game], default: Elo, tried: Callable[[], None]) -> Elo:
    """Elo with the K that foretells the earlier part of these games best; the scale only names the unit, and stays."""

    def system(values: Mapping[str, float]) -> Elo:
        return replace(default, k_factor=round(values["k_factor"]))

    start = {"k_factor": float(default.k_factor)}
    return system(_fit(games, _ELO_CONSTANTS, start, lambda values: EloForecaster(system(values)), tried))


def _fit(
    games: Sequence[Game],
    constants: Sequence[_Constant],
    default: Mapping[str, float],
    forecaster: Callable[[Mapping[str, float]], Forecaster],
    tried: Callable[[], None],
) -> dict[str, float]:
    """The constants of the least loss, by pattern search (R. Hooke and T. A. Jeeves, 1961) over their logarithms.

    The loss carries a prior: a constant that lies a `spread` away from its default costs half a unit of log-likelihood
    in all, so that a few games move nothing much and many games decide.
    """
    earlier = games[: first_held_out(len(games))]
    scored_from = len(earlier) * FIT_BURN_IN_TENTHS // 10
    if len(earlier) - scored_from < 1:
        return dict(default)

    def loss(values: Mapping[str, float]) -> float:
        told = forecasts(earlier, forecaster(values), scored_from=scored_from)
        prior = sum(
            (math.log(values[one.name] / default[one.name]) / math.log(one.spread)) ** 2 / 2 for one in constants
        )
        tried()
        return log_loss(told) + prior / len(told)

    best, least, step = dict(default), loss(default), _FIRST_STEP
    while step > _LAST_STEP:
        improved = False
        for constant in constants:
            for factor in (math.exp(step), math.exp(-step)):
                value = min(max(best[constant.name] * factor, constant.smallest), constant.largest)
                trial = {**best, constant.name: value}
                if value != best[constant.name] and (now := loss(trial)) < least:
                    best, least, improved = trial, now, True
                    break
        step = step if improved else step / 2
    return best
