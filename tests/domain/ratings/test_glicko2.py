"""Glicko-2: the paper's own numbers, and what must hold whatever the numbers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, Glicko2, SkillEstimate

GLICKO2 = Glicko2()

skills = st.builds(
    SkillEstimate,
    st.floats(min_value=200, max_value=3000),
    st.floats(min_value=30, max_value=350),
    st.floats(min_value=0.02, max_value=0.2),
)
scores = st.sampled_from((0.0, 0.5, 1.0))


def test_the_published_example_comes_out_to_its_digits() -> None:
    after = GLICKO2.after_period(
        SkillEstimate(1500, 200, 0.06),
        [
            (SkillEstimate(1400, 30, 0.06), 1),
            (SkillEstimate(1550, 100, 0.06), 0),
            (SkillEstimate(1700, 300, 0.06), 0),
        ],
    )
    # The paper rounds on the way and prints 1464.06; without that rounding it is 1464.05.
    assert after.rating == pytest.approx(1464.05, abs=0.005)
    assert after.deviation == pytest.approx(151.52, abs=0.005)
    assert after.volatility == pytest.approx(0.05999, abs=0.00001)


@given(skills, skills)
def test_both_sides_expect_one_point_together(first: SkillEstimate, second: SkillEstimate) -> None:
    together = GLICKO2.expected_score(first, second) + GLICKO2.expected_score(second, first)
    assert together == pytest.approx(1, abs=1e-12)


@given(skills, skills)
def test_a_winner_never_loses_and_a_loser_never_gains(first: SkillEstimate, second: SkillEstimate) -> None:
    assert GLICKO2.after_game(first, second, 1).rating >= first.rating
    assert GLICKO2.after_game(first, second, 0).rating <= first.rating


@given(skills, skills, scores)
def test_equals_change_alike_and_in_opposite_ways(first: SkillEstimate, second: SkillEstimate, score: float) -> None:
    twin = second._replace(rating=first.rating, deviation=first.deviation, volatility=first.volatility)
    after, mirrored = GLICKO2.after_game(first, twin, score), GLICKO2.after_game(twin, first, 1 - score)
    assert after.rating - first.rating == pytest.approx(first.rating - mirrored.rating, abs=1e-6)
    assert after.deviation == pytest.approx(mirrored.deviation, abs=1e-6)


@given(skills, skills, scores)
def test_deviations_stay_within_their_bounds(first: SkillEstimate, second: SkillEstimate, score: float) -> None:
    after = GLICKO2.after_game(first, second, score)
    assert GLICKO2.deviation_min <= after.deviation <= GLICKO2.deviation_max
    assert 0 < after.volatility < 1


@given(skills, st.integers(min_value=0, max_value=4000), st.integers(min_value=0, max_value=4000))
def test_absence_only_makes_less_sure_and_the_longer_the_more(skill: SkillEstimate, days: int, more: int) -> None:
    short = GLICKO2.after_idle(skill, days * MICROSECONDS_PER_DAY)
    long = GLICKO2.after_idle(skill, (days + more) * MICROSECONDS_PER_DAY)
    assert skill.deviation <= short.deviation <= long.deviation <= GLICKO2.deviation_max
    assert (short.rating, short.volatility) == (skill.rating, skill.volatility)


@given(skills, st.integers(min_value=1, max_value=400), st.integers(min_value=1, max_value=400))
def test_two_absences_are_one(skill: SkillEstimate, days: int, more: int) -> None:
    twice = GLICKO2.after_idle(GLICKO2.after_idle(skill, days * MICROSECONDS_PER_DAY), more * MICROSECONDS_PER_DAY)
    assert twice.deviation == pytest.approx(
        GLICKO2.after_idle(skill, (days + more) * MICROSECONDS_PER_DAY).deviation, rel=1e-9
    )


def test_a_clock_set_back_changes_nothing() -> None:
    skill = SkillEstimate(1500, 80, 0.06)
    assert GLICKO2.after_idle(skill, -MICROSECONDS_PER_DAY) == skill
