"""Odds that people are told: the slope is the likeliest, follows the last games only, and is the same however found."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.ratings.odds import (
    LOOKED_AT_GAMES_MAX,
    PRIOR_WEIGHT,
    RENEWED_GAMES,
    WINDOW_GAMES_MAX,
    StatedOdds,
    log_odds,
    sigmoid,
    slope_after,
    slope_of,
    stated_forecasts,
)

Games = list[tuple[float, float]]
told_games = st.lists(st.tuples(st.floats(0, 1), st.sampled_from((0.0, 0.5, 1.0))), max_size=170)


def bold(factor: float, games: int, seed: int = 3) -> Games:
    """Forecasts whose log-odds are the true ones times a factor, and their results."""
    chance = random.Random(seed)
    told = []
    for _ in range(games):
        odds = chance.gauss(0, 1.2)
        told.append((sigmoid(odds * factor), float(chance.random() < sigmoid(odds))))
    return told


def likelihood(slope: float, games: Games) -> float:
    """The logarithm of how likely these results are, with what is held against slopes other than 1."""
    total = -PRIOR_WEIGHT * (slope - 1) ** 2 / 2
    for expected, score in games:
        told = slope * log_odds(expected)
        total -= score * math.log1p(math.exp(-told)) + (1 - score) * math.log1p(math.exp(told))
    return total


@given(told_games)
def test_no_other_slope_is_likelier(games: Games) -> None:
    slope = slope_of(games)
    most = likelihood(slope, games)
    for other in (slope - 0.01, slope + 0.01, slope - 1, slope + 1, 1.0):
        assert likelihood(other, games) <= most + 1e-9


@given(told_games)
def test_the_slope_does_not_depend_on_which_side_is_named_first(games: Games) -> None:
    assert slope_of([(1 - expected, 1 - score) for expected, score in games]) == pytest.approx(
        slope_of(games), abs=1e-6
    )


def after_all(games: Games) -> float:
    return slope_after(len(games), games)


@given(told_games, st.integers(0, 3))
def test_no_more_of_the_last_games_are_looked_at_than_it_says(games: Games, more: int) -> None:
    many = [*bold(1.5, WINDOW_GAMES_MAX), *games]
    assert slope_after(len(many), many[-(LOOKED_AT_GAMES_MAX + more) :]) == after_all(many)


def test_nothing_known_is_a_slope_of_one() -> None:
    assert slope_of([]) == after_all([]) == StatedOdds().slope == 1.0
    assert after_all([(0.9, 0.0)] * (RENEWED_GAMES - 1)) == 1.0
    assert slope_of([(0.5, 1.0)] * 300) == 1.0


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_odds_come_to_be_as_bold_as_results_bear_out(factor: float) -> None:
    slope = after_all(bold(factor, 4_000))
    assert slope == pytest.approx(1 / factor, rel=0.2)
    assert abs(slope - 1) <= abs(1 / factor - 1) + 0.05


def test_a_few_games_hardly_move_it() -> None:
    assert abs(after_all(bold(2.0, 50)) - 1) < 0.2


@given(told_games, st.floats(0, 1))
def test_game_by_game_it_is_what_it_is_at_once(games: Games, expected: float) -> None:
    odds = StatedOdds()
    for number, (told, score) in enumerate(games):
        if number % 7 == 0:
            assert odds.slope == after_all(games[:number])
        odds.learn(told, score)
    assert odds.slope == after_all(games)
    assert odds.stated(expected) == sigmoid(after_all(games) * log_odds(expected))


def test_it_is_renewed_every_fifty_games_and_forgets_what_is_older_than_the_last_four_thousand() -> None:
    old, new = bold(2.0, 1_000), bold(0.5, WINDOW_GAMES_MAX, seed=4)
    odds = StatedOdds()
    for expected, score in (*old, *new, *old[: RENEWED_GAMES - 1]):
        odds.learn(expected, score)
    assert odds.slope == slope_of(new)
    odds.learn(0.9, 0.0)
    assert odds.slope == slope_of([*new[RENEWED_GAMES:], *old[: RENEWED_GAMES - 1], (0.9, 0.0)])


@given(told_games, st.integers(0, 170))
def test_stated_forecasts_know_only_the_games_before(games: Games, scored_from: int) -> None:
    told = stated_forecasts(games, scored_from=scored_from)
    assert [score for _, score in told] == [score for _, score in games[scored_from:]]
    for number, (stated, _) in enumerate(told, scored_from):
        assert stated == sigmoid(after_all(games[:number]) * log_odds(games[number][0]))


@given(st.floats(-800, 800))
def test_the_chances_of_both_sides_are_one_together_to_the_bit(x: float) -> None:
    assert sigmoid(x) + sigmoid(-x) == 1
    assert sigmoid(-x) == 1 - sigmoid(x)


@given(st.floats(1e-6, 1 - 1e-6))
def test_log_odds_are_turned_back(probability: float) -> None:
    assert sigmoid(log_odds(probability)) == pytest.approx(probability)


def test_log_odds_of_what_is_certain_are_finite() -> None:
    assert -30 < log_odds(0.0) < log_odds(1.0) < 30


def test_slopes_of_wild_forecasts_are_found() -> None:
    for games in ([(1.0, 0.0)] * 4_000, [(1.0, 1.0)] * 4_000, [(1e-9, 1.0), (0.999, 0.0)] * 2_000):
        slope = slope_of(games)
        assert math.isfinite(slope)
        assert likelihood(slope, games) >= max(likelihood(other, games) for other in (slope - 0.001, slope + 0.001, 1))
