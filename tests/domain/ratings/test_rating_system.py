"""What a ladder may be rated by: systems, their constants and the bounds of those."""

import math
from dataclasses import asdict
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.errors import InvalidInput
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.rating_engine import EloEngine, Glicko2Engine
from toprung.domain.ratings.glicko2 import Glicko2
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.rating import Elo, Entry, EntryId, EntryState
from toprung.domain.ratings.rating_system import RATING_SYSTEMS, certainty_of, engine_of, rating_system

BOUNDS: Final[dict[str, dict[str, tuple[float, float]]]] = {
    "linked": {
        "start_rating": (-1_000_000, 1_000_000),
        "strength_spread": (10.0, 1000.0),
        "race_spread": (1.0, 1000.0),
        "strength_growth": (0.0, 100.0),
        "race_growth": (0.0, 100.0),
        "game_noise": (0.0, 100.0),
        "experience_rise": (0.0, 100.0),
        "experience_games": (0.1, 1000.0),
    },
    "glicko2": {
        "start_rating": (-1_000_000, 1_000_000),
        "start_deviation": (30, 350),
        "start_volatility": (0.0001, 1),
        "tau": (0.05, 5),
        "period_days": (0.01, 10_000),
        "deviation_min": (1, 350),
        "deviation_max": (350, 1_000),
    },
    "elo": {"k_factor": (1, 1_000), "scale": (1, 100_000), "start_mmr": (-1_000_000, 1_000_000)},
}
"""Between what each constant may lie, all others being the usual ones; written down here, not read from there."""

every = pytest.mark.parametrize(("code", "name"), [(code, name) for code, found in BOUNDS.items() for name in found])


def entries() -> tuple[Entry, Entry]:
    first, second = (
        Entry(id=EntryId(n), player_id=PlayerId(n), race="a", state=EntryState(mmr=1500 + 100 * n)) for n in (1, 2)
    )
    return first, second


def refused(code: str, **constants: float) -> InvalidInput:
    with pytest.raises(InvalidInput) as raised:
        rating_system(code, constants)
    return raised.value


def test_the_usual_constants_are_the_arithmetics_own() -> None:
    assert set(RATING_SYSTEMS) == set(BOUNDS)
    assert rating_system("linked").constants == asdict(LinkedConstants())
    assert rating_system("glicko2").constants == asdict(Glicko2())
    assert rating_system("elo").constants == asdict(Elo())


@every
def test_a_constant_may_be_at_its_bounds_and_not_beyond(code: str, name: str) -> None:
    for bound, beyond in zip(BOUNDS[code][name], (-math.inf, math.inf), strict=True):
        assert rating_system(code, {name: bound}).constants[name] == bound
        too_far = bound + math.copysign(1, beyond) if isinstance(bound, int) else math.nextafter(bound, beyond)
        for value in (too_far, beyond, math.nan):
            assert refused(code, **{name: value}).field == "constants"


@pytest.mark.parametrize("name", BOUNDS["elo"])
def test_elos_constants_are_whole_numbers(name: str) -> None:
    assert "whole number" in str(refused("elo", **{name: 7.5}))
    value = rating_system("elo", {name: 7.0}).constants[name]
    assert (value, type(value)) == (7, int)


def test_what_is_not_known_is_named_beside_what_is() -> None:
    assert "'trueskill'; there are linked, glicko2, elo" in str(refused("trueskill"))
    assert "glicko2 has no constant 'k_factor'; it has start_rating" in str(refused("glicko2", k_factor=3))


def test_a_newcomer_is_as_sure_as_anybody_may_be() -> None:
    assert "between deviation_min (30) and deviation_max (200)" in str(refused("glicko2", deviation_max=200))
    assert rating_system("glicko2", {"deviation_max": 200, "start_deviation": 200}).constants["deviation_max"] == 200


@given(st.floats(0.05, 5), st.floats(30, 350), st.integers(1, 1_000))
def test_its_engine_rates_by_its_constants(tau: float, deviation: float, k_factor: int) -> None:
    glicko2 = engine_of(rating_system("glicko2", {"tau": tau, "start_deviation": deviation}))
    elo = engine_of(rating_system("elo", {"k_factor": k_factor}))
    for engine, expected in (
        (glicko2, Glicko2Engine(Glicko2(tau=tau, start_deviation=deviation))),
        (elo, EloEngine(Elo(k_factor=k_factor))),
    ):
        assert engine.start() == expected.start()
        rated = engine.rate(*entries(), score_1=1, ended_at_us=1)
        assert rated == expected.rate(*entries(), score_1=1, ended_at_us=1)


def test_marks_grow_by_the_systems_constants() -> None:
    hour_us = 3_600_000_000
    assert certainty_of(rating_system("glicko2")).marked_us(hour_us + 1) == hour_us
    assert certainty_of(rating_system("elo")).marked_us(hour_us + 1) == 0
