"""The linked rating as its formulas stand on paper: whole matrices, a name for each race, no care for speed.

What the domain computes has to be this, up to rounding.
"""

import math
from dataclasses import dataclass, field

from toprung.domain.ratings.linked.constants import LinkedConstants

S = 173.7178
DAY_US = 86_400_000_000


def g(variance: float) -> float:
    return 1 / math.sqrt(1 + 3 * variance / math.pi**2)


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@dataclass
class PlainPlayer:
    """What is believed of a player: x by race, P by race and race."""

    constants: LinkedConstants
    races: str
    x: dict[str, float] = field(init=False)
    p: dict[str, dict[str, float]] = field(init=False)
    n: int = 0
    last_us: int | None = None

    def __post_init__(self) -> None:
        a, b = self.constants.strength_spread, self.constants.race_spread
        self.x = dict.fromkeys(self.races, 1500.0)
        self.p = {r: {q: a * a + (b * b if r == q else 0) for q in self.races} for r in self.races}

    def come_to_a_game(self, now_us: int) -> None:
        """Grows with the days, is cut to the most, then gets a game's noise and experience."""
        one = self.constants
        days = max(0, now_us - self.last_us) / DAY_US if self.last_us is not None else 0
        for r in self.races:
            for q in self.races:
                self.p[r][q] += one.strength_growth**2 * days + (one.race_growth**2 * days if r == q else 0)
        most = one.strength_spread**2 + one.race_spread**2
        for r in self.races:
            if self.p[r][r] > most:
                scale = math.sqrt(most / self.p[r][r])
                for q in self.races:
                    self.p[r][q] *= scale
                    self.p[q][r] *= scale
        if self.n:
            for r in self.races:
                self.x[r] += one.experience_rise * math.exp(-self.n / one.experience_games)
                for q in self.races:
                    self.p[r][q] += one.game_noise**2

    def learn(self, race: str, others: float, better_by: float, score: float, now_us: int) -> None:
        """Takes a result in; `others` is the variance of all but this side."""
        grown = g(others / S**2)
        expected = logistic(grown * better_by / S)
        w = grown**2 * expected * (1 - expected) / S**2
        d = 1 + w * self.p[race][race]
        row = dict(self.p[race])
        for i in self.races:
            self.x[i] += row[i] * grown * (score - expected) / (S * d)
            for j in self.races:
                self.p[i][j] -= row[i] * row[j] * w / d
        self.n += 1
        self.last_us = max(now_us, self.last_us or 0)


@dataclass
class PlainAdvantage:
    """What is believed of a side's advantage."""

    x: float = 0.0
    variance: float = 2500.0


def play(
    first: PlainPlayer,
    race_1: str,
    second: PlainPlayer,
    race_2: str,
    score: float,
    now_us: int,
    advantage: PlainAdvantage | None = None,
    side: int = 0,
) -> float:
    """What the first side was expected to score; all learn."""
    first.come_to_a_game(now_us)
    second.come_to_a_game(now_us)
    of_first, of_second = first.p[race_1][race_1], second.p[race_2][race_2]
    known = advantage if advantage is not None and side else PlainAdvantage(0.0, 0.0)
    better_by = first.x[race_1] - second.x[race_2] + side * known.x
    all_doubt = of_first + of_second + known.variance
    expected = logistic(g(all_doubt / S**2) * better_by / S)
    of_side = known.variance
    if side:
        grown = g((of_first + of_second) / S**2)
        e = logistic(grown * side * better_by / S)
        w = grown**2 * e * (1 - e) / S**2
        d = 1 + w * of_side
        known.x += of_side * grown * ((score if side > 0 else 1 - score) - e) / (S * d)
        known.variance -= of_side**2 * w / d
    first.learn(race_1, of_second + of_side, better_by, score, now_us)
    second.learn(race_2, of_first + of_side, -better_by, 1 - score, now_us)
    return expected
