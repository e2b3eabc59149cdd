"""How sure ratings are, and which are marked as provisional: for columns of entries, as a page of a board has them."""

import math
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from toprung.domain.ratings.engines.rating_engine import PROVISIONAL_DEVIATION_MIN
from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, SCALE, Glicko2
from toprung.domain.ratings.linked.constants import LinkedConstants

PROVISIONAL_GAMES_MAX: Final = 10
"""An Elo entry with fewer games than this counts as provisional. The number is our own: Elo knows none."""

PROVISIONAL_SHARE_MIN: Final = 0.65
"""A linked rating of which this share of a newcomer's doubt is left counts as provisional.

Six games between equals make a rating one to rely on; Glicko-2's 160 asks for about as many.
"""

STEP_US: Final = MICROSECONDS_PER_DAY // 24
"""Absence makes a board less sure by whole hours, so that between two of them the same board looks the same."""

NO_DEVIATION: Final = 0.0
"""What stands in a column for an entry of which nothing but a number is known."""

Float64s = npt.NDArray[np.float64]


class RatingColumns(NamedTuple):
    """What is known of some entries, each of which was played: deviations and volatilities as of `known_at_us`.

    That is the last game, with any race where the system learns of a player by each of them.
    """

    deviation: Float64s
    volatility: Float64s
    games_played: npt.NDArray[np.integer]
    known_at_us: npt.NDArray[np.int64]


class Marks(NamedTuple):
    """For each entry the deviation as a whole number, where there is one, and whether it is provisional."""

    deviations: list[int] | list[None]
    is_provisional: list[bool]


class Certainty(Protocol):
    """What a rating system says of how sure ratings are."""

    def marked_us(self, now_us: int) -> int:
        """The moment at which marks are made for who looks now: the same moment, the same marks."""
        ...

    def marks(self, entries: RatingColumns, now_us: int) -> Marks:
        """The marks of entries at a moment, which lies after the last game or counts as that."""
        ...


class CertaintyByDeviation:
    """Glicko-2's: unsure is whose deviation is large, by few games or by absence."""

    def __init__(self, system: Glicko2) -> None:
        self._system = system

    def marked_us(self, now_us: int) -> int:
        """See `Certainty`: the last whole hour."""
        return now_us - now_us % STEP_US

    def marks(self, entries: RatingColumns, now_us: int) -> Marks:
        """See `Certainty`. It grows as in `Glicko2.after_idle`; who has no deviation is as unsure as a newcomer."""
        before, volatility, system = entries.deviation, entries.volatility, self._system
        if not before.all():
            is_unknown = before == NO_DEVIATION
            before = np.where(is_unknown, system.start_deviation, before)
            volatility = np.where(is_unknown, system.start_volatility, volatility)
        idle_us = np.maximum(self.marked_us(now_us) - entries.known_at_us, 0)
        growth = idle_us * (SCALE * SCALE / (MICROSECONDS_PER_DAY * system.period_days))
        grown = np.sqrt(before * before + volatility * volatility * growth)
        deviations = np.minimum(grown, np.maximum(before, system.deviation_max))
        return Marks(np.rint(deviations).astype(np.int64).tolist(), (deviations > PROVISIONAL_DEVIATION_MIN).tolist())


class CertaintyByBelief:
    """The linked rating's: unsure is of whom little is known with a race, by few games with any, or by absence."""

    def __init__(self, constants: LinkedConstants) -> None:
        growth = constants.strength_growth * constants.strength_growth + constants.race_growth * constants.race_growth
        self._growth = growth / MICROSECONDS_PER_DAY
        self._deviation_max = math.sqrt(constants.variance_max)

    def marked_us(self, now_us: int) -> int:
        """See `Certainty`: the last whole hour."""
        return now_us - now_us % STEP_US

    def marks(self, entries: RatingColumns, now_us: int) -> Marks:
        """See `Certainty`. It grows as in `Linked.after_idle`; who has no deviation is as unsure as a newcomer."""
        before, most = entries.deviation, self._deviation_max
        if not before.all():
            before = np.where(before == NO_DEVIATION, most, before)
        idle_us = np.maximum(self.marked_us(now_us) - entries.known_at_us, 0)
        deviations = np.minimum(np.sqrt(before * before + self._growth * idle_us), most)
        is_provisional = deviations > PROVISIONAL_SHARE_MIN * most
        return Marks(np.rint(deviations).astype(np.int64).tolist(), is_provisional.tolist())


class CertaintyByGames:
    """Elo's, which has no deviation: unsure is who has few games."""

    def marked_us(self, now_us: int) -> int:  # noqa: ARG002
        """See `Certainty`: time does nothing to them."""
        return 0

    def marks(self, entries: RatingColumns, now_us: int) -> Marks:  # noqa: ARG002 - time does nothing to it
        """See `Certainty`."""
        played = entries.games_played
        return Marks([None] * len(played), (played < PROVISIONAL_GAMES_MAX).tolist())
