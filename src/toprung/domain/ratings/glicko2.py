"""Glicko-2: a rating with a deviation that says how sure it is, and a volatility that says how steady the player is.

Source: M. E. Glickman, "Example of the Glicko-2 system" (glicko.net/glicko/glicko2.pdf, 2022), whose steps are named
below. Here a game is a rating period of its own, and the deviation grows with the time between games instead of with
the number of periods, as step 6 does for a player who did not compete, so that one formula serves any rhythm of play.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from toprung.domain.ratings.odds import sigmoid

SCALE: Final = 173.7178  # step 2: between the familiar scale and Glicko-2's own
_CONVERGED: Final = 1e-6  # step 5.2
_ITERATIONS_MAX: Final = 100
_DOUBT_MIN: Final = (
    1e-12  # between ratings so far apart that a float knows no doubt, a result still has to say something
)

MICROSECONDS_PER_DAY: Final = 86_400_000_000


class SkillEstimate(NamedTuple):
    """What is believed of a player's skill: on the familiar scale, where a beginner has 1500."""

    rating: float
    deviation: float
    volatility: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Glicko2:
    """The system with its constants.

    `tau` bounds how fast volatilities change. `period_days` is the time in which an idle player's deviation grows by
    one volatility; `deviation_max` is as unsure as anybody becomes, and `deviation_min` as sure, so that a rating
    never freezes.
    """

    start_rating: float = 1500.0
    start_deviation: float = 350.0
    start_volatility: float = 0.06
    tau: float = 0.5
    period_days: float = 1.0
    deviation_min: float = 30.0
    deviation_max: float = 350.0

    def start(self) -> SkillEstimate:
        """What is believed of somebody who never played."""
        return SkillEstimate(self.start_rating, self.start_deviation, self.start_volatility)

    def after_idle(self, skill: SkillEstimate, idle_us: int) -> SkillEstimate:
        """The belief after so long without a game: less sure, never less than nothing known (step 6)."""
        if idle_us <= 0:
            return skill
        periods = idle_us / (MICROSECONDS_PER_DAY * self.period_days)
        deviation = math.hypot(skill.deviation, skill.volatility * SCALE * math.sqrt(periods))
        return SkillEstimate(skill.rating, min(deviation, max(self.deviation_max, skill.deviation)), skill.volatility)

    def expected_score(self, skill: SkillEstimate, opponent: SkillEstimate) -> float:
        """The share of a point that `skill` is expected to take, with both sides' deviations taken into account."""
        deviation = math.hypot(skill.deviation, opponent.deviation) / SCALE
        return sigmoid(_g(deviation) * (skill.rating - opponent.rating) / SCALE)

    def after_game(self, skill: SkillEstimate, opponent: SkillEstimate, score: float) -> SkillEstimate:
        """The belief after one game, `score` being 1, 0.5 or 0; deviations are those at the time of the game."""
        after = self.after_period(skill, ((opponent, score),))
        return after._replace(deviation=min(max(after.deviation, self.deviation_min), self.deviation_max))

    def after_period(self, skill: SkillEstimate, results: Sequence[tuple[SkillEstimate, float]]) -> SkillEstimate:
        """The belief after a period with these results, by the paper's steps 2 to 8 without step 6's growth.

        That growth is `after_idle`'s; with the paper's own period it is included here through the new volatility.
        """
        mu, phi = (skill.rating - 1500) / SCALE, skill.deviation / SCALE
        precision = improvement = 0.0
        for opponent, score in results:  # steps 3 and 4
            g = _g(opponent.deviation / SCALE)
            certain = sigmoid(g * (mu - (opponent.rating - 1500) / SCALE))
            expected = min(max(certain, _DOUBT_MIN), 1 - _DOUBT_MIN)
            precision += g * g * expected * (1 - expected)
            improvement += g * (score - expected)
        variance = 1 / precision
        volatility = self._new_volatility(phi, skill.volatility, variance, variance * improvement)
        phi_star_squared = phi * phi + volatility * volatility  # step 6
        new_phi = 1 / math.sqrt(1 / phi_star_squared + precision)  # step 7
        new_mu = mu + new_phi * new_phi * improvement
        return SkillEstimate(new_mu * SCALE + 1500, new_phi * SCALE, volatility)  # step 8

    def _new_volatility(self, phi: float, sigma: float, variance: float, delta: float) -> float:
        """Step 5: the volatility that makes the results least surprising, by the Illinois algorithm."""
        start = math.log(sigma * sigma)
        delta_squared, known = delta * delta, phi * phi + variance
        tau_squared = self.tau * self.tau

        def slope(x: float) -> float:
            growth = math.exp(x)
            total = known + growth
            return growth * (delta_squared - total) / (2 * total * total) - (x - start) / tau_squared

        low = start
        if delta_squared > known:
            high = math.log(delta_squared - known)
        else:
            steps = 1
            while slope(start - steps * self.tau) < 0 and steps < _ITERATIONS_MAX:
                steps += 1
            high = start - steps * self.tau
        slope_low, slope_high = slope(low), slope(high)
        for _ in range(_ITERATIONS_MAX):
            if abs(high - low) <= _CONVERGED:
                break
            middle = low + (low - high) * slope_low / (slope_high - slope_low)
            slope_middle = slope(middle)
            if slope_middle * slope_high <= 0:
                low, slope_low = high, slope_high
            else:
                slope_low /= 2
            high, slope_high = middle, slope_middle
        return math.exp(low / 2)


def _g(phi: float) -> float:
    """How much an opponent's result counts, who is known no better than this."""
    return 1 / math.sqrt(1 + 3 * phi * phi / (math.pi * math.pi))
