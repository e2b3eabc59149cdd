import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.matches.match import MatchResult
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, Elo, Entry, EntryId, EntryState, Standing

LADDER = Elo()

usual_mmrs = st.integers(0, 4_000)
lawful_mmrs = st.integers(MMR_MIN, MMR_MAX) | st.sampled_from((MMR_MIN, MMR_MAX))
scores = st.sampled_from((0.0, 0.5, 1.0))
ladders = st.builds(Elo, k_factor=st.integers(1, 200), scale=st.integers(100, 1_000))


@pytest.mark.parametrize(
    ("mmr_1", "mmr_2", "result", "after_1", "after_2"),
    [
        (1500, 1500, MatchResult.SIDE_1_WON, 1520, 1480),
        (1700, 1500, MatchResult.SIDE_2_WON, 1671, 1529),
        (1600, 1400, MatchResult.DRAW, 1591, 1409),
        (1500, 1500, MatchResult.DRAW, 1500, 1500),
    ],
)
def test_a_game_changes_ratings_as_in_the_reference(
    mmr_1: int, mmr_2: int, result: MatchResult, after_1: int, after_2: int
) -> None:
    change = LADDER.mmr_change(mmr_1, mmr_2, result.score_of_side_1)
    assert (mmr_1 + change, mmr_2 - change) == (after_1, after_2)


def test_the_ladder_starts_at_1500_with_k_40_and_scale_500() -> None:
    assert Elo(k_factor=40, scale=500, start_mmr=1500) == LADDER


@given(ladders, usual_mmrs, usual_mmrs, scores)
def test_what_one_side_gains_the_other_loses(elo: Elo, mmr: int, opponent_mmr: int, score: float) -> None:
    assert elo.mmr_change(mmr, opponent_mmr, score) == -elo.mmr_change(opponent_mmr, mmr, 1 - score)


@given(ladders, usual_mmrs, usual_mmrs)
def test_a_winner_never_loses_points_and_nobody_moves_further_than_k(elo: Elo, mmr: int, opponent_mmr: int) -> None:
    assert 0 <= elo.mmr_change(mmr, opponent_mmr, 1) <= elo.k_factor
    assert -elo.k_factor <= elo.mmr_change(mmr, opponent_mmr, 0) <= 0


@given(ladders, usual_mmrs, usual_mmrs, scores, st.integers(0, 500))
def test_a_stronger_opponent_never_gives_less(elo: Elo, mmr: int, opponent_mmr: int, score: float, more: int) -> None:
    assert elo.mmr_change(mmr, opponent_mmr + more, score) >= elo.mmr_change(mmr, opponent_mmr, score)


@given(ladders, usual_mmrs, usual_mmrs, st.integers(-500, 500))
def test_only_the_difference_counts(elo: Elo, mmr: int, opponent_mmr: int, shift: int) -> None:
    assert elo.expected_score(mmr, opponent_mmr) == elo.expected_score(mmr + shift, opponent_mmr + shift)


@given(usual_mmrs, usual_mmrs)
def test_expected_scores_share_one_point(mmr: int, opponent_mmr: int) -> None:
    expected = LADDER.expected_score(mmr, opponent_mmr)
    assert 0 < expected < 1
    assert math.isclose(expected + LADDER.expected_score(opponent_mmr, mmr), 1)


def test_a_scale_apart_the_stronger_is_expected_to_score_ten_times_as_much() -> None:
    stronger, weaker = LADDER.expected_score(2000, 1500), LADDER.expected_score(1500, 2000)
    assert math.isclose(stronger, 10 * weaker)


@given(lawful_mmrs, lawful_mmrs, scores)
def test_any_two_lawful_ratings_can_play(mmr: int, opponent_mmr: int, score: float) -> None:
    assert -40 <= LADDER.mmr_change(mmr, opponent_mmr, score) <= 40


@given(st.integers(0, 100), scores, st.integers(-40, 40), st.integers(0, 10**16), st.none() | st.integers(0, 10**16))
def test_a_game_is_counted_once_and_never_takes_time_back(
    won: int, score: float, change: int, ended_at_us: int, last_played_us: int | None
) -> None:
    before = Entry(
        id=EntryId(1),
        player_id=PlayerId(2),
        race="zerg",
        state=EntryState(mmr=1500, games_won=won, last_played_us=last_played_us),
    )
    after = before.after_game(Standing(before.mmr + change), score=score, ended_at_us=ended_at_us)
    assert (after.id, after.player_id, after.race) == (before.id, before.player_id, before.race)
    assert (after.mmr, after.state.games_played) == (1500 + change, won + 1)
    assert after.state.games_won + after.state.games_lost + after.state.games_drawn == after.state.games_played
    assert (after.state.games_won, after.state.games_lost, after.state.games_drawn) == (
        won + (score == 1),
        score == 0,
        score == 0.5,
    )
    assert after.state.last_played_us == max(time for time in (last_played_us, ended_at_us) if time is not None)
