"""What a rating that takes a player's races together gives, beside a rating for each entry, and what it costs.

A made-up community: players of hidden strength with a leaning for each race, who play one race most, learn, drift and
come and go. Nobody's spreads are those that any rating system takes for granted.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean, stdev
from time import process_time
from typing import Final

from benchmarks.measuring import Plan, Results, ratio, rounded
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.ratings.evaluation.forecasters import (
    Forecaster,
    Game,
    Glicko2Forecaster,
    LinkedForecaster,
    forecasts,
)
from toprung.domain.ratings.evaluation.scoring import first_held_out, log_loss
from toprung.domain.ratings.glicko2 import SCALE, Glicko2
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked, Side
from toprung.domain.ratings.odds import sigmoid, stated_forecasts

PLAYERS: Final = 120
RACES: Final = 6
GAMES: Final = 8_000
DAYS: Final = 240
SEEDS: Final = 8

STRENGTH_SPREAD: Final = 220.0
RACE_SPREAD: Final = 110.0
DRIFT_A_DAY: Final = 2.5
LEARNT: Final = 90.0
"""How much better a player becomes in a few dozen games, on average; some learn nothing, some twice as much."""

MAIN_RACE_SHARE: Final = 0.7

NEW_GAMES_MAX: Final = 4
KNOWN_GAMES_MIN: Final = 10

Told = list[tuple[float, float]]


def measure(plan: Plan) -> Results:
    """Mean log-losses over several communities, and microseconds of arithmetic a game."""
    seeds = plan.times(SEEDS)
    games = max(400, round(GAMES * min(1.0, plan.effort * 2)))
    losses: dict[str, list[float]] = {way: [] for way in ("truth", "linked", "separate")}
    new_race: dict[str, list[float]] = {way: [] for way in losses}
    for seed in range(seeds):
        played, truth = community(seed, games)
        told = {
            "truth": truth,
            "linked": stated_forecasts(_expected(played, LinkedForecaster(_linked(), played)), scored_from=0),
            "separate": stated_forecasts(_expected(played, Glicko2Forecaster(Glicko2())), scored_from=0),
        }
        scored_from = first_held_out(games)
        is_new = _new_races(played)
        for way, every in told.items():
            losses[way].append(log_loss(every[scored_from:]))
            new_race[way].append(log_loss([one for one, new in zip(every, is_new, strict=True) if new]))
    gains = [separate - linked for separate, linked in zip(losses["separate"], losses["linked"], strict=True)]
    us_a_game = _cost(community(SEEDS, min(games, 4_000))[0], plan.times(5))
    return {
        "players": PLAYERS,
        "races": RACES,
        "games": games,
        "communities": seeds,
        "log_loss": {way: rounded(fmean(found)) for way, found in losses.items()},
        "log_loss_of_a_new_race": {way: rounded(fmean(found)) for way, found in new_race.items()},
        "standard_error_of_the_difference": rounded(stdev(gains) / math.sqrt(seeds)),
        "us_a_game": {way: rounded(found) for way, found in us_a_game.items()},
        "times_glicko2": ratio(us_a_game["linked"], us_a_game["separate"]),
    }


def community(seed: int, games: int) -> tuple[list[Game], Told]:
    """The games of a community, and (the true chance, the score) of each."""
    chance = random.Random(seed)
    strengths = [chance.gauss(0, STRENGTH_SPREAD) for _ in range(PLAYERS)]
    leanings = [[chance.gauss(0, RACE_SPREAD) for _ in range(RACES)] for _ in range(PLAYERS)]
    mains = [chance.randrange(RACES) for _ in range(PLAYERS)]
    learns = [chance.uniform(0, 2 * LEARNT) for _ in range(PLAYERS)]
    keen = [chance.paretovariate(1.2) for _ in range(PLAYERS)]
    played, counts, told = list[Game](), Counter[int](), Told()
    step_us, day = DAYS * MICROSECONDS_PER_DAY // games, 0
    for number in range(games):
        now_us = number * step_us
        while now_us // MICROSECONDS_PER_DAY > day:
            day += 1
            strengths = [strength + chance.gauss(0, DRIFT_A_DAY) for strength in strengths]
        first, second = _pair(chance, keen, strengths)
        races = [
            mains[who] if chance.random() < MAIN_RACE_SHARE else chance.randrange(RACES) for who in (first, second)
        ]
        one, other = (
            strengths[who] + leanings[who][race] + learns[who] * (1 - math.exp(-counts[who] / 15))
            for who, race in zip((first, second), races, strict=True)
        )
        expected = sigmoid((one - other) / SCALE)
        score = float(chance.random() < expected)
        told.append((expected, score))
        played.append(Game(str(first), str(second), score, now_us, str(races[0]), str(races[1])))
        counts.update((first, second))
    return played, told


def _pair(chance: random.Random, keen: Sequence[float], strengths: Sequence[float]) -> tuple[int, int]:
    """Who plays whom: the keen more often, and rather with somebody about as strong."""
    (first,) = chance.choices(range(PLAYERS), keen)
    near = [
        0.0 if who == first else weight * (0.1 + math.exp(-abs(strengths[who] - strengths[first]) / 150))
        for who, weight in enumerate(keen)
    ]
    (second,) = chance.choices(range(PLAYERS), near)
    return first, second


def _linked() -> Linked:
    return Linked(LinkedConstants())


def _expected(games: Sequence[Game], forecaster: Forecaster) -> Told:
    return forecasts(games, forecaster, scored_from=0)


def _new_races(games: Sequence[Game]) -> list[bool]:
    """Whether a side had hardly a game with its race and is known by others."""
    entries, players = Counter[tuple[str, str]](), Counter[str]()
    found = []
    for game in games:
        found.append(
            any(
                entries[entry] <= NEW_GAMES_MAX and players[entry[0]] - entries[entry] >= KNOWN_GAMES_MIN
                for entry in game.entries
            )
        )
        entries.update(game.entries)
        players.update((game.player_1, game.player_2))
    return found


def _cost(games: Sequence[Game], rounds: int) -> dict[str, float]:
    """Microseconds of this process's time a game, the least of some rounds in turn: all six races, and each apart."""
    ways: dict[str, Callable[[], object]] = {
        "linked": lambda: _rate_linked(games),
        "separate": lambda: _expected(games, Glicko2Forecaster(Glicko2())),
    }
    least = dict.fromkeys(ways, math.inf)
    for _ in range(rounds):
        for way, work in ways.items():
            started = process_time()
            work()
            least[way] = min(least[way], (process_time() - started) / len(games) * 1e6)
    return least


def _rate_linked(games: Sequence[Game]) -> None:
    """Rates with every race in every belief, as a ladder does."""
    system = _linked()
    beliefs = [system.start(RACES) for _ in range(PLAYERS)]
    for game in games:
        one, other, now_us = int(game.player_1), int(game.player_2), game.ended_at_us
        first = Side(system.before_game(beliefs[one], now_us), int(game.race_1))
        second = Side(system.before_game(beliefs[other], now_us), int(game.race_2))
        played = system.after_game(first, second, game.score_1, now_us)
        beliefs[one], beliefs[other] = played.first, played.second
