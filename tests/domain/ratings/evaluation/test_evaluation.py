"""Judging forecasts: measures by hand and as laws, and the choice of constants without a look at what is held out."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.ratings.evaluation.fitting import fit_elo, fit_glicko2, fit_linked
from toprung.domain.ratings.evaluation.forecasters import (
    CoinFlip,
    EloForecaster,
    Forecaster,
    Game,
    Glicko2Forecaster,
    LinkedForecaster,
    WinRate,
    forecasts,
)
from toprung.domain.ratings.evaluation.scoring import first_held_out, log_loss, quality
from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, Glicko2
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked
from toprung.domain.ratings.rating import Elo

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


def forecasters(games: Sequence[Game]) -> list[Forecaster]:
    linked = LinkedForecaster(Linked(LinkedConstants()), games)
    return [linked, Glicko2Forecaster(Glicko2()), EloForecaster(Elo()), CoinFlip(), WinRate()]


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
    for ours, theirs in zip(forecasters(games), forecasters(games), strict=True):
        last, turned_last = forecasts(games, ours, scored_from=59)[0], forecasts(turned, theirs, scored_from=59)[0]
        assert last[0] == turned_last[0]


def test_constants_are_chosen_without_a_look_at_the_held_out_games() -> None:
    games = season(3, 400)
    cut = first_held_out(len(games))
    turned = games[:cut] + [game._replace(score_1=1 - game.score_1) for game in games[cut:]]
    assert fit_glicko2(games, Glicko2(), lambda: None) == fit_glicko2(turned, Glicko2(), lambda: None)
    assert fit_elo(games, Elo(), lambda: None) == fit_elo(turned, Elo(), lambda: None)
    default = LinkedConstants()
    assert fit_linked(games, default, lambda: None) == fit_linked(turned, default, lambda: None)


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
    assert fit_linked(season(4, 1), LinkedConstants(), lambda: None) == LinkedConstants()


def test_systems_that_learn_beat_those_that_do_not() -> None:
    games = season(6, 2000)
    linked, glicko2, elo, coin_flip, win_rate = (
        log_loss(forecasts(games, forecaster, scored_from=1400)) for forecaster in forecasters(games)
    )
    assert linked < elo
    assert glicko2 < elo < coin_flip
    assert glicko2 < win_rate < coin_flip


def raced(games: Sequence[Game], seed: int) -> list[Game]:
    """The same games, each side with one of three races."""
    chance = random.Random(seed)
    return [game._replace(race_1=chance.choice("pzt"), race_2=chance.choice("pzt")) for game in games]


def test_races_are_one_player_to_the_linked_rating_and_several_to_the_others() -> None:
    games = season(7, 1500)
    several = raced(games, 8)
    linked, glicko2, elo, _, win_rate = (forecasts(games, one, scored_from=0) for one in forecasters(games))
    linked_r, glicko2_r, elo_r, _, win_rate_r = (forecasts(several, one, scored_from=0) for one in forecasters(several))
    assert win_rate_r == win_rate
    assert elo_r != elo
    lost = log_loss(linked_r[1000:]) - log_loss(linked[1000:])
    assert lost < (log_loss(glicko2_r[1000:]) - log_loss(glicko2[1000:])) / 2


def test_an_advantage_of_a_side_is_found_where_games_name_sides() -> None:
    chance = random.Random(9)
    named, unnamed = [], []
    for game in season(9, 2000):
        favoured = chance.choice((1, -1))
        score = float(favoured > 0) if chance.random() < 0.4 else game.score_1
        named.append(game._replace(score_1=score, favoured=favoured))
        unnamed.append(game._replace(score_1=score))
    with_sides, without = (
        log_loss(forecasts(games, LinkedForecaster(Linked(LinkedConstants()), games), scored_from=1000))
        for games in (named, unnamed)
    )
    assert with_sides < without - 0.03


def test_experience_is_not_fitted() -> None:
    default = replace(LinkedConstants(), experience_rise=7.0, experience_games=9.0)
    chosen = fit_linked(season(12, 300), default, lambda: None)
    assert (chosen.experience_rise, chosen.experience_games) == (7.0, 9.0)
    assert chosen != default
