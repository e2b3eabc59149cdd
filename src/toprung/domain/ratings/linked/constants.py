"""The constants of the linked rating, and between what they may lie."""

from dataclasses import dataclass
from typing import Final

from toprung.domain.errors import InvalidInput

SIDE_DEVIATION: Final = 50.0
"""How far an advantage of a side (home, the first move) may be expected to lie from none before any game, in points."""

RANGES: Final = {
    "strength_spread": (10.0, 1000.0),
    "race_spread": (1.0, 1000.0),
    "strength_growth": (0.0, 100.0),
    "race_growth": (0.0, 100.0),
    "game_noise": (0.0, 100.0),
    "experience_rise": (0.0, 100.0),
    "experience_games": (0.1, 1000.0),
}
"""The least and the most that each constant may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedConstants:
    """What the linked rating takes for granted, in points unless said otherwise.

    Players' strengths lie `strength_spread` around the start, the races of one player `race_spread` around the
    strength. Doubt grows with the square root of the days without a game: `strength_growth` and `race_growth` are what
    one day adds to a certainty. Each game adds `game_noise` likewise. Before its game n + 1 a player is believed to
    have become `experience_rise` * exp(-n / `experience_games`) better, from the second game on.

    The defaults were rounded from fits on StarCraft II, tennis, Halo 2 and football. Raises `InvalidInput` for a
    constant out of its range.
    """

    strength_spread: float = 180.0
    race_spread: float = 90.0
    strength_growth: float = 3.5
    race_growth: float = 0.7
    game_noise: float = 5.0
    experience_rise: float = 10.0
    experience_games: float = 12.0
    start_rating: float = 1500.0

    def __post_init__(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:  # not a number is refused too
                raise InvalidInput(
                    name,
                    "The constant {constant} has to be from {least} to {most}; {value} is not.",
                    "rating_constant",
                    constant=name,
                    least=least,
                    most=most,
                    value=float(value),
                )

    @property
    def variance_max(self) -> float:
        """The variance of a rating of which nothing is known, beyond which no absence takes any."""
        return self.strength_spread * self.strength_spread + self.race_spread * self.race_spread
