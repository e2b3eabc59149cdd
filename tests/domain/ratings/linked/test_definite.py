"""The covariances of a player's races stay a positive definite matrix, whatever is played, however often and when."""

import os
import random
from dataclasses import replace
from typing import Final

import pytest

from tests.domain.ratings.linked.playing import DAY_US, matrix, smallest_pivot
from toprung.domain.ratings.linked.belief import Belief
from toprung.domain.ratings.linked.constants import RANGES, LinkedConstants
from toprung.domain.ratings.linked.linked import Linked, Side

GAMES: Final = 1_000_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 20_000
RACES: Final = 6
LEAST: Final = 1e-12
"""A pivot's share that is far above what rounding could feign, which is some 1e-15."""

DEFAULT: Final = LinkedConstants()
CONSTANTS: Final = {
    "the defaults": DEFAULT,
    "nothing grows": replace(DEFAULT, strength_growth=0.0, race_growth=0.0, game_noise=0.0),
    "races are one": replace(DEFAULT, strength_spread=1000.0, race_spread=1.0, race_growth=0.0),
    "all is noise": replace(DEFAULT, strength_spread=10.0, race_spread=1.0, game_noise=100.0, race_growth=0.0),
    "every day is a year": replace(DEFAULT, strength_growth=100.0, race_growth=0.0),
    **{
        f"{name} at the {end}": replace(DEFAULT, **{name: bounds[end == "most"]})
        for name, bounds in RANGES.items()
        for end in ("least", "most")
    },
}


def played(constants: LinkedConstants, games: int) -> list[Belief]:
    """Every belief that comes out of so many random games among twenty players."""
    system, chance = Linked(constants), random.Random(19)
    beliefs = [system.start(RACES) for _ in range(20)]
    strengths = [chance.gauss(0, 1) for _ in beliefs]
    now_us, seen = 0, list[Belief]()
    for number in range(games):
        now_us += chance.choice((0, 0, DAY_US // 50, DAY_US, 400 * DAY_US))
        one, other = chance.sample(range(20), 2)
        first, second = (
            Side(system.before_game(beliefs[who], now_us), chance.randrange(RACES)) for who in (one, other)
        )
        score = float(chance.random() < 0.5 + 0.3 * max(-1, min(1, strengths[one] - strengths[other])))
        result = system.after_game(first, second, score, now_us)
        beliefs[one], beliefs[other] = result.first, result.second
        if number % 20 == 0 or number > games - 200:
            seen += (first.belief, result.first, result.second)
    return seen


@pytest.mark.timeout(3600)
def test_it_is_definite_in_very_many_random_games() -> None:
    assert min(smallest_pivot(matrix(belief)) for belief in played(DEFAULT, GAMES)) > LEAST


@pytest.mark.parametrize("name", CONSTANTS)
def test_it_is_definite_with_any_lawful_constants(name: str) -> None:
    assert min(smallest_pivot(matrix(belief)) for belief in played(CONSTANTS[name], 1_000)) > LEAST


@pytest.mark.parametrize("name", CONSTANTS)
def test_it_is_definite_after_years_of_games_that_say_nothing(name: str) -> None:
    system = Linked(CONSTANTS[name])
    hopeless = Side(Belief((9_000.0,), (900.0,)), 0)
    for idle_us in (0, DAY_US // 24, 900 * DAY_US):
        belief, now_us = system.start(3), 0
        for number in range(4_000):
            now_us += idle_us
            ready = system.before_game(belief, now_us)
            belief = system.after_game(Side(ready, number % 2), hopeless, 0.0, now_us).first
            belief = belief._replace(ratings=(1_500.0,) * 3)
        assert smallest_pivot(matrix(ready)) > LEAST
        assert smallest_pivot(matrix(belief)) > LEAST
