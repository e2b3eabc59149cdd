"""With one race, no noise and no experience it is Glicko with a game as a period, from the paper's own formulas.

Source: M. E. Glickman, "The Glicko system" (glicko.net/glicko/glicko.pdf), steps 1 and 2, whose q is 1 / SCALE here.
"""

import math
import random

import pytest

from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, SCALE
from toprung.domain.ratings.linked.belief import Belief
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked, Side

START = 200.0


def alone(deviation: float, growth: float = 0.0) -> Linked:
    """A system in which a player is one rating that starts, and ends, as unsure as this."""
    spread = 100.0
    return Linked(
        LinkedConstants(
            strength_spread=math.sqrt(deviation * deviation - spread * spread),
            race_spread=spread,
            strength_growth=growth,
            race_growth=0.0,
            game_noise=0.0,
            experience_rise=0.0,
        )
    )


def glicko(rating: float, deviation: float, other: float, other_deviation: float, score: float) -> tuple[float, float]:
    """The paper's new rating and deviation after one game."""
    q = 1 / SCALE
    g = 1 / math.sqrt(1 + 3 * q * q * other_deviation**2 / math.pi**2)
    e = 1 / (1 + math.exp(-g * (rating - other) * q))
    d2 = 1 / (q * q * g * g * e * (1 - e))
    precision = 1 / deviation**2 + 1 / d2
    return rating + q / precision * g * (score - e), math.sqrt(1 / precision)


def test_the_papers_example_a_game_at_a_time() -> None:
    system = alone(START)
    player = system.start(1)
    for rating, deviation, score in ((1400.0, 30.0, 1.0), (1550.0, 100.0, 0.0), (1700.0, 300.0, 0.0)):
        other = Side(Belief((rating,), (deviation * deviation,)), 0)
        player = system.after_game(Side(system.before_game(player, 0), 0), other, score, 0).first
    assert round(player.ratings[0], 2) == 1464.22
    assert round(player.deviation(0), 2) == 151.25


def test_random_games_are_rated_as_glicko_rates_them() -> None:
    growth = 8.0
    system, chance = alone(350.0, growth), random.Random(4)
    beliefs = [system.start(1) for _ in range(8)]
    known = [(1500.0, 350.0, 0) for _ in range(8)]
    now_us = 0
    for _ in range(3000):
        now_us += chance.randrange(3 * MICROSECONDS_PER_DAY)
        one, other = chance.sample(range(8), 2)
        score = chance.choice((0.0, 0.5, 1.0))
        first, second = (Side(system.before_game(beliefs[who], now_us), 0) for who in (one, other))
        played = system.after_game(first, second, score, now_us)
        beliefs[one], beliefs[other] = played.first, played.second
        grown = []
        for who in (one, other):
            rating, deviation, last_us = known[who]
            days = (now_us - last_us) / MICROSECONDS_PER_DAY if last_us else 0
            grown.append((rating, min(math.sqrt(deviation**2 + growth**2 * days), 350.0)))
        known[one] = (*glicko(*grown[0], *grown[1], score), now_us)
        known[other] = (*glicko(*grown[1], *grown[0], 1 - score), now_us)
        for who in (one, other):
            assert beliefs[who].ratings[0] == pytest.approx(known[who][0], abs=1e-9, rel=1e-12)
            assert beliefs[who].deviation(0) == pytest.approx(known[who][1], abs=1e-9, rel=1e-12)
