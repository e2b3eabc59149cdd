"""How well a rating system foretells results: scored on games that it had not seen, and fitted on those before them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.rating import Elo

HELD_OUT_SHARE_TENTHS: Final = 3
"""The last three tenths of the games are scored, and never used to choose constants."""

FIT_BURN_IN_TENTHS: Final = 2
"""When constants are chosen, the first two tenths only teach: there nobody is known yet."""

_PROBABILITY_MIN: Final = 1e-9
_NEWTON_STEPS_MAX: Final = 50


class Game(NamedTuple):
    """One game in the order of time: who played, what the first side scored (1, 0.5 or 0), and when."""

    player_1: str
    player_2: str
    score_1: float
    ended_at_us: int


class Forecaster(Protocol):
    """Something that says beforehand what it expects and learns afterwards."""

    def forecast(self, game: Game) -> float:
        """The score that the first side is expected to take, from 0 to 1; looks at who plays and when, only."""
        ...

    def learn(self, game: Game) -> None:
        """Takes note of the result."""
        ...


class Glicko2Forecaster:
    """Glicko-2, game by game."""

    def __init__(self, system: Glicko2) -> None:
        self._system = system
        self._skills: dict[str, tuple[SkillEstimate, int]] = {}

    def _skill(self, player: str, now_us: int) -> SkillEstimate:
        known = self._skills.get(player)
        return self._system.start() if known is None else self._system.after_idle(known[0], now_us - known[1])

    def forecast(self, game: Game) -> float:
        """See `Forecaster`."""
        first, second = (self._skill(player, game.ended_at_us) for player in (game.player_1, game.player_2))
        return self._system.expected_score(first, second)

    def learn(self, game: Game) -> None:
        """See `Forecaster`."""
        first, second = (self._skill(player, game.ended_at_us) for player in (game.player_1, game.player_2))
        after_1 = self._system.after_game(first, second, game.score_1)
        after_2 = self._system.after_game(second, first, 1 - game.score_1)
        self._skills[game.player_1] = (after_1, game.ended_at_us)
        self._skills[game.player_2] = (after_2, game.ended_at_us)


class EloForecaster:
    """Elo with the ladder's whole numbers."""

    def __init__(self, system: Elo) -> None:
        self._system = system
        self._mmr: dict[str, int] = {}

    def _pair(self, game: Game) -> tuple[int, int]:
        start = self._system.start_mmr
        return self._mmr.get(game.player_1, start), self._mmr.get(game.player_2, start)

    def forecast(self, game: Game) -> float:
        """See `Forecaster`."""
        return self._system.expected_score(*self._pair(game))

    def learn(self, game: Game) -> None:
        """See `Forecaster`."""
        first, second = self._pair(game)
        change = self._system.mmr_change(first, second, game.score_1)
        self._mmr[game.player_1], self._mmr[game.player_2] = first + change, second - change


class CoinFlip:
    """Expects nothing of anybody: the baseline that knows nothing."""

    def forecast(self, game: Game) -> float:  # noqa: ARG002 - it looks at nothing
        """See `Forecaster`."""
        return 0.5

    def learn(self, game: Game) -> None:
        """See `Forecaster`."""


class WinRate:
    """Expects by the two players' win rates, whoever they were won against: the baseline that ignores opponents.

    The rates are combined by odds (B. James, "Pythagoras and the Logarithms", 1981), after one win and one loss are
    given to everybody, so that a first game is even.
    """

    def __init__(self) -> None:
        self._points: dict[str, float] = {}
        self._games: dict[str, int] = {}

    def _rate(self, player: str) -> float:
        return (self._points.get(player, 0) + 1) / (self._games.get(player, 0) + 2)

    def forecast(self, game: Game) -> float:
        """See `Forecaster`."""
        first, second = self._rate(game.player_1), self._rate(game.player_2)
        return first * (1 - second) / (first * (1 - second) + second * (1 - first))

    def learn(self, game: Game) -> None:
        """See `Forecaster`."""
        for player, score in ((game.player_1, game.score_1), (game.player_2, 1 - game.score_1)):
            self._points[player] = self._points.get(player, 0) + score
            self._games[player] = self._games.get(player, 0) + 1


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


def forecasts(games: Sequence[Game], forecaster: Forecaster, *, scored_from: int) -> list[tuple[float, float]]:
    """(forecast, score) of each game from an index on; the forecaster learns from each after its forecast."""
    told: list[tuple[float, float]] = []
    for index, game in enumerate(games):
        if index >= scored_from:
            told.append((forecaster.forecast(game), game.score_1))
        forecaster.learn(game)
    return told


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
        sure = min(max(expected, _PROBABILITY_MIN), 1 - _PROBABILITY_MIN)
        total -= score * math.log(sure) + (1 - score) * math.log(1 - sure)
    return total / len(told)


def _right(expected: float, score: float) -> float:
    if score == 0.5 or expected == 0.5:
        return 0.5
    return float((expected > 0.5) == (score > 0.5))


def _calibration_slope(told: Sequence[tuple[float, float]]) -> float | None:
    """The one number by which all log-odds are multiplied to fit the outcomes best, by Newton's method."""
    odds = []
    for expected, score in told:
        sure = min(max(expected, _PROBABILITY_MIN), 1 - _PROBABILITY_MIN)
        odds.append((math.log(sure / (1 - sure)), score))
    slope = 1.0
    for _ in range(_NEWTON_STEPS_MAX):
        gradient = curvature = 0.0
        for x, score in odds:
            expected = 1 / (1 + math.exp(-max(-500.0, min(500.0, slope * x))))
            gradient += x * (score - expected)
            curvature += x * x * expected * (1 - expected)
        if curvature < 1e-12:
            return None
        step = max(-1.0, min(1.0, gradient / curvature))
        slope += step
        if abs(step) < 1e-9:
            break
    return slope


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

_FIRST_STEP: Final = math.log(2)
_LAST_STEP: Final = math.log(1.03)


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
