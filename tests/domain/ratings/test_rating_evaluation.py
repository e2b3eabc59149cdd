"""Judging forecasts: measures by hand and as laws, and the choice of constants without a look at what is held out."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, Glicko2
from toprung.domain.ratings.rating import Elo
from toprung.domain.ratings.rating_evaluation import (
    CoinFlip,
    EloForecaster,
    Forecaster,
    Game,
    Glicko2Forecaster,
    WinRate,
    first_held_out,
    fit_elo,
    fit_glicko2,
    forecasts,
    log_loss,
    quality,
)

told_forecasts = st.lists(
    st.tuples(st.floats(min_value=0.01, max_value=0.99), st.sampled_from((0.0, 0.5, 1.0))), min_size=1, max_size=40
)


def season(seed: int, games: int, players: int = 40) -> list[Game]:
    """Games among players of hidden skill, one an hour."""
    chance = random.Random(seed)
    skill = {f"player {number}": chance.gauss(1500, 250) for number in range(players)}
    played = []
    for number in range(games):
        first, second = chance.sample(sorted(skill), 2)
        expected = 1 / (1 + 10 ** ((skill[second] - skill[first]) / 400))
        score = 0.5 if chance.random() < 0.03 else float(chance.random() < expected)
        played.append(Game(first, second, score, number * MICROSECONDS_PER_DAY // 24))
    return played


def forecasters() -> list[Forecaster]:
    return [Glicko2Forecaster(Glicko2()), EloForecaster(Elo()), CoinFlip(), WinRate()]


def test_measures_by_hand() -> None:
    found = quality([(0.8, 1.0), (0.6, 0.0), (0.5, 1.0), (0.7, 0.5)])
    assert found.log_loss == pytest.approx(
        -(math.log(0.8) + math.log(0.4) + math.log(0.5) + (math.log(0.7) + math.log(0.3)) / 2) / 4
    )
    assert found.brier == pytest.approx((0.04 + 0.36 + 0.25 + 0.04) / 4)
    assert found.accuracy == (1 + 0 + 0.5 + 0.5) / 4  # an even forecast and a draw count half


def test_a_coin_flip_knows_nothing() -> None:
    found = quality(forecasts(season(1, 100), CoinFlip(), scored_from=0))
    assert found.log_loss == pytest.approx(math.log(2))
    assert found.accuracy == 0.5
    assert found.calibration_slope is None


@given(told_forecasts)
def test_measures_do_not_depend_on_which_side_is_named_first(told: list[tuple[float, float]]) -> None:
    found, turned = quality(told), quality([(1 - expected, 1 - score) for expected, score in told])
    assert turned.log_loss == pytest.approx(found.log_loss)
    assert turned.brier == pytest.approx(found.brier)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_the_slope_tells_by_how_much_odds_are_too_bold(factor: float) -> None:
    chance = random.Random(5)
    told = []
    for _ in range(20_000):
        odds = chance.gauss(0, 1)
        won = chance.random() < 1 / (1 + math.exp(-odds))
        told.append((1 / (1 + math.exp(-odds * factor)), float(won)))
    assert quality(told).calibration_slope == pytest.approx(1 / factor, rel=0.08)


@pytest.mark.parametrize(("games", "first"), [(10, 7), (11, 7), (13, 9), (6028, 4219)])
def test_the_last_three_tenths_are_held_out(games: int, first: int) -> None:
    assert first_held_out(games) == first


def test_no_forecast_looks_at_its_own_result() -> None:
    games = season(2, 60)
    turned = [*games[:-1], games[-1]._replace(score_1=1 - games[-1].score_1)]
    for ours, theirs in zip(forecasters(), forecasters(), strict=True):
        last, turned_last = forecasts(games, ours, scored_from=59)[0], forecasts(turned, theirs, scored_from=59)[0]
        assert last[0] == turned_last[0]


def test_constants_are_chosen_without_a_look_at_the_held_out_games() -> None:
    games = season(3, 400)
    cut = first_held_out(len(games))
    turned = games[:cut] + [game._replace(score_1=1 - game.score_1) for game in games[cut:]]
    assert fit_glicko2(games, Glicko2(), lambda: None) == fit_glicko2(turned, Glicko2(), lambda: None)
    assert fit_elo(games, Elo(), lambda: None) == fit_elo(turned, Elo(), lambda: None)


@pytest.mark.parametrize("seed", range(4))
def test_chosen_constants_are_no_worse_on_games_that_nobody_has_seen(seed: int) -> None:
    games = season(10 + seed, 1500)
    cut = first_held_out(len(games))
    chosen = fit_glicko2(games, Glicko2(), lambda: None)
    with_chosen = log_loss(forecasts(games, Glicko2Forecaster(chosen), scored_from=cut))
    with_default = log_loss(forecasts(games, Glicko2Forecaster(Glicko2()), scored_from=cut))
    assert with_chosen <= with_default + 0.002


def test_too_few_games_leave_the_defaults() -> None:
    assert fit_glicko2(season(4, 1), Glicko2(), lambda: None) == Glicko2()


def test_systems_that_learn_beat_those_that_do_not() -> None:
    games = season(6, 2000)
    glicko2, elo, coin_flip, win_rate = (
        log_loss(forecasts(games, forecaster, scored_from=1400)) for forecaster in forecasters()
    )
    assert glicko2 < elo < coin_flip
    assert glicko2 < win_rate < coin_flip
