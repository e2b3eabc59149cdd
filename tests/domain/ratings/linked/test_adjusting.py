"""What is done to a belief by other things than games."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ratings.linked.playing import RACES, Step, matrix, smallest_pivot, steps
from tests.domain.ratings.linked.test_player_belief import LINKED, played
from toprung.domain.ratings.linked import adjusting
from toprung.domain.ratings.linked.player_belief import PlayerBelief, unknown_player

races = st.sampled_from(RACES)
START = unknown_player(LINKED.start(2))


def correlation(known: PlayerBelief, one: int, other: int) -> float:
    rows = matrix(known.belief)
    return rows[one][other] / math.sqrt(rows[one][one] * rows[other][other])


@given(steps(), races, st.floats(-3000, 5000), st.floats(30, 200))
def test_a_given_rating_is_that_and_leaves_the_players_other_ratings(
    games: list[Step], race: str, rating: float, deviation: float
) -> None:
    before = played(games)[0].naming(race)
    after = adjusting.given_rating(before, race, rating, deviation)
    place, named = before.place(race), len(before.races)
    assert after.belief.ratings[place] == rating
    assert after.deviation(race) == pytest.approx(deviation)
    assert smallest_pivot(matrix(after.belief)) > 0
    for other in range(named):
        if other != place:
            assert after.belief.ratings[other] == before.belief.ratings[other]
            assert after.belief.variance(other) == before.belief.variance(other)
            assert correlation(after, place, other) == pytest.approx(correlation(before, place, other))
    assert (after.belief.games, after.belief.last_played_us) == (before.belief.games, before.belief.last_played_us)


@given(steps(), races)
def test_what_is_given_as_it_is_changes_nothing(games: list[Step], race: str) -> None:
    before = played(games)[0].naming(race)
    after = adjusting.given_rating(before, race, before.belief.ratings[before.place(race)], before.deviation(race))
    assert after.belief.ratings == pytest.approx(before.belief.ratings)
    assert after.belief.covariances == pytest.approx(before.belief.covariances)


@given(steps(), races, st.floats(-3000, 5000), st.floats(30, 200))
def test_races_without_a_number_are_believed_as_before_given_those_with_one(
    games: list[Step], race: str, rating: float, deviation: float
) -> None:
    """By the law of total variance, with what is unexplained of them as it was."""
    before = played(games)[0].naming(race)
    after = adjusting.given_rating(before, race, rating, deviation)
    named = len(before.races)
    unexplained = []
    for known in (before, after):
        rows = [row[: named + 1] for row in matrix(known.belief)[: named + 1]]
        unexplained.append(_rest(rows))
    assert unexplained[1] == pytest.approx(unexplained[0], rel=1e-6)


def _rest(rows: list[list[float]]) -> float:
    """What is left of the last variance once all others are known: the last pivot."""
    left = [list(row) for row in rows]
    for k in range(len(left)):
        for i in range(k + 1, len(left)):
            factor = left[i][k] / left[k][k]
            for j in range(k, len(left)):
                left[i][j] -= factor * left[k][j]
    return left[-1][-1]


def test_a_newcomer_whose_rating_is_given_is_known_a_little_with_each_race() -> None:
    after = adjusting.given_rating(START.naming("p"), "p", 2000.0, 110.0)
    assert after.belief.ratings == pytest.approx((2000.0, 1900.0, 1900.0))
    assert 110 < after.deviation("z") < START.deviation("z")


@given(st.permutations([("p", 2000.0, 60.0), ("t", 1500.0, 60.0), ("z", 1000.0, 60.0)]))
def test_several_given_numbers_all_stand_whatever_their_order(numbers: list[tuple[str, float, float]]) -> None:
    known = START
    for race, rating, deviation in numbers:
        known = adjusting.given_rating(known.naming(race), race, rating, deviation)
    for race, rating, deviation in numbers:
        assert known.belief.ratings[known.place(race)] == rating
        assert known.deviation(race) == pytest.approx(deviation)
    assert known.belief.ratings[known.place("x")] == pytest.approx(1500.0)


@given(steps(), races, st.floats(0, 200))
def test_a_season_makes_no_rating_surer_and_keeps_how_races_go_together(
    games: list[Step], race: str, least: float
) -> None:
    before = played(games)[0].naming(race)
    after = adjusting.no_surer_than(before, race, least)
    reset = {before.place(race), len(before.races), len(before.races) + 1}
    assert after.belief.ratings == before.belief.ratings
    assert smallest_pivot(matrix(after.belief)) > 0
    for row, old in enumerate(matrix(before.belief)):
        for column, covariance in enumerate(old):
            expected = max(covariance, least * least) if row == column and row in reset else covariance
            assert matrix(after.belief)[row][column] == expected
    assert adjusting.no_surer_than(after, race, least) == after


@pytest.mark.parametrize(
    ("games", "last_us", "expected"), [(0, None, (5, 10)), (7, 3, (12, 10)), (-9, 20, (0, 20)), (2, 11, (7, 11))]
)
def test_games_from_a_file_count_as_experience(games: int, last_us: int | None, expected: tuple[int, int]) -> None:
    known = START._replace(belief=START.belief._replace(games=5, last_played_us=10))
    after = adjusting.having_played(known, games, last_us).belief
    assert (after.games, after.last_played_us) == expected
    assert adjusting.having_played(START, 0, None) == START
