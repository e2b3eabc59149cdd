"""Strengths are where the slope of their probability is zero, by a plain sum over games."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings

from tests.domain.matches.watch.made_games import game, numbered, random_season, seeds
from toprung.domain.matches.watch import surprise as surprises
from toprung.domain.matches.watch.games import WatchedGame, game_table
from toprung.domain.matches.watch.strengths import PAIR_SPREAD, PLAYER_SPREAD, RACE_SPREAD, Beliefs, Strengths

Entry = tuple[int, str]


def leaning(own: dict[str, float]) -> dict[str, float]:
    """How hard what is known of anybody pulls each race back: by Sherman and Morrison's formula."""
    shared = PLAYER_SPREAD**2 / (RACE_SPREAD**2 + len(own) * PLAYER_SPREAD**2)
    return {race: (value - shared * sum(own.values())) / RACE_SPREAD**2 for race, value in own.items()}


def met(games: list[WatchedGame]) -> dict[frozenset[Entry], int]:
    """How often the same two met with the same races."""
    counts: dict[frozenset[Entry], int] = defaultdict(int)
    for one in games:
        counts[frozenset(((one.player_1, one.race_1), (one.player_2, one.race_2)))] += 1
    return counts


@given(seeds)
@settings(max_examples=40)
def test_strengths_are_the_most_probable_ones(season: int) -> None:
    games = random_season(season)
    table = game_table(games)
    strengths = Strengths(table)
    known = {
        (player, race): float(strengths.mean(np.array([seat]), np.array([code]))[0])
        for seat, player in enumerate(table.players)
        for code, race in enumerate(table.races)
    }
    slope: dict[Entry, float] = defaultdict(float)
    counts = met(games)
    for one in games:
        first, second = (one.player_1, one.race_1), (one.player_2, one.race_2)
        weight = 1 / (1 + counts[frozenset((first, second))] * PAIR_SPREAD**2 / 4)
        pull = weight * (one.score_1 - 1 / (1 + math.exp(known[second] - known[first])))
        slope[first] += pull
        slope[second] -= pull
    for player in table.players:
        own = {race: known[player, race] for race in table.races}
        for race, back in leaning(own).items():
            assert slope[player, race] == pytest.approx(back, abs=1e-6)


def belief_without(games: list[WatchedGame], player: int, opponent: int) -> tuple[Beliefs, int]:
    """What a player's games but for those against one opponent say, and the place of the race that is played."""
    table = game_table(games)
    seats = [np.array([table.players.index(who)]) for who in (player, opponent)]
    return Strengths(table).without(seats[0], seats[1]), table.races.index("zerg")


def test_what_is_left_out_says_nothing() -> None:
    others = [game(1, who, 3 + other, float(turn)) for other in range(10) for turn in (0, 1) for who in (1, 2)]
    expected, race = belief_without(numbered(others), 1, 2)
    for traded in (1, 20, 200):
        found, _ = belief_without(numbered([*others, *[game(1, 1, 2, 1.0)] * traded]), 1, 2)
        assert found.mean[0, race] == pytest.approx(expected.mean[0, race], abs=0.06)
        assert found.variance[0, race] == pytest.approx(expected.variance[0, race], rel=0.1)


def test_many_games_against_one_opponent_say_less_than_as_many_against_many() -> None:
    one = numbered([game(1, 1, 2, 1.0)] * 40)
    many = numbered([game(1, 1, 2 + number % 10, 1.0) for number in range(40)])
    by_one, by_many = (Strengths(game_table(games)).mean(np.array([0]), np.array([0]))[0] for games in (one, many))
    assert by_many > by_one + 0.5


def test_a_game_with_one_race_says_something_of_the_other_and_less() -> None:
    games = numbered([game(1, 1, 2, 1.0, races=("zerg", "zerg"))] * 6 + [game(1, 3, 4, 1.0, races=("terran", "zerg"))])
    table = game_table(games)
    strengths = Strengths(table)
    played, other = (
        float(strengths.mean(np.array([0]), np.array([table.races.index(race)]))[0]) for race in ("zerg", "terran")
    )
    assert 0 < other < played


@pytest.mark.parametrize(("games", "points", "chance"), [(10, 10, 0.5), (48, 46, 0.6), (6, 1, 0.3)])
def test_surprise_is_the_same_from_either_side_and_less_where_less_is_known(
    games: float, points: float, chance: float
) -> None:
    def by(points: float, chance: float, variance: float) -> float:
        given = (np.array([value]) for value in (games, points, chance, variance))
        return float(surprises.surprise(*given)[0])

    assert by(points, chance, 0.3) == pytest.approx(-by(games - points, 1 - chance, 0.3))
    assert abs(by(points, chance, 0.5)) < abs(by(points, chance, 0.1))
    exact = math.sqrt(games * chance * (1 - chance))
    near = by(games * chance + exact, chance, 0.0)
    assert near == pytest.approx(1, abs=0.15)  # one standard deviation of a binomial


def test_what_is_predicted_is_drawn_to_a_half_by_doubt() -> None:
    certain, doubtful = (float(surprises.predicted(np.array([1.0]), np.array([doubt]))[0]) for doubt in (0.0, 2.0))
    assert certain == pytest.approx(1 / (1 + math.exp(-1)))
    assert 0.5 < doubtful < certain
