"""Both rating systems behind their one interface: what must hold whoever plays whom, and when."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.rating_engine import EloEngine, Glicko2Engine, Rated, RatingEngine
from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, Glicko2, SkillEstimate
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, Elo, Entry, EntryId, EntryState, Standing

ELO: Final = EloEngine(Elo())
GLICKO2: Final = Glicko2Engine(Glicko2())
ENGINES: Final[tuple[RatingEngine, ...]] = (ELO, GLICKO2)
NOW_US: Final = 2_000 * MICROSECONDS_PER_DAY

each_engine = pytest.mark.parametrize("engine", ENGINES, ids=[engine.code for engine in ENGINES])
scores = st.sampled_from((0.0, 0.5, 1.0))
skills = st.builds(
    SkillEstimate,
    st.floats(min_value=200, max_value=3000),
    st.floats(min_value=30, max_value=350),
    st.floats(min_value=0.02, max_value=0.2),
)
moments = st.none() | st.integers(0, NOW_US)


def entry(
    mmr: int, skill: SkillEstimate | None = None, last_played_us: int | None = None, *, games: int = 0, number: int = 1
) -> Entry:
    return Entry(
        id=EntryId(number),
        player_id=PlayerId(number),
        race="zerg",
        state=EntryState(mmr=mmr, skill=skill, games_won=games, last_played_us=last_played_us),
    )


believed = st.builds(lambda skill, moment: entry(round(skill.rating), skill, moment), skills, moments)
imported = st.builds(lambda mmr, moment: entry(mmr, None, moment), st.integers(0, 4_000), moments)
entries = believed | imported


def game(engine: RatingEngine, first: Entry, second: Entry, score_1: float) -> tuple[Rated, Rated]:
    return engine.rate(first, second, score_1=score_1, ended_at_us=NOW_US)


@each_engine
@given(first=entries, second=entries, score=scores)
def test_it_does_not_matter_which_side_is_called_the_first(
    engine: RatingEngine, first: Entry, second: Entry, score: float
) -> None:
    one, other = game(engine, first, second, score)
    mirrored_other, mirrored_one = game(engine, second, first, 1 - score)
    for rated, mirrored in ((one, mirrored_one), (other, mirrored_other)):
        assert rated.after == mirrored.after
        assert rated.deviation_before == mirrored.deviation_before
        assert rated.expected_score == pytest.approx(mirrored.expected_score, abs=1e-12)


@each_engine
@given(first=entries, second=entries)
def test_a_winner_never_loses_points_and_a_loser_never_gains_any(
    engine: RatingEngine, first: Entry, second: Entry
) -> None:
    winner, loser = game(engine, first, second, 1.0)
    assert winner.after.mmr >= first.mmr
    assert loser.after.mmr <= second.mmr


@each_engine
@given(first=entries, second=entries)
def test_a_better_result_never_leaves_less(engine: RatingEngine, first: Entry, second: Entry) -> None:
    after = [game(engine, first, second, score)[0].after.mmr for score in (0.0, 0.5, 1.0)]
    assert after == sorted(after)


@each_engine
@given(first=entries, second=entries, score=scores)
def test_both_sides_expect_one_point_together_whatever_comes(
    engine: RatingEngine, first: Entry, second: Entry, score: float
) -> None:
    one, other = game(engine, first, second, score)
    assert one.expected_score + other.expected_score == 1
    assert 0 <= one.expected_score <= 1
    assert one.expected_score == game(engine, first, second, 1 - score)[0].expected_score


@each_engine
def test_equals_expect_half_a_point_and_move_alike(engine: RatingEngine) -> None:
    mmr, skill, _ = engine.start()
    one, other = game(engine, entry(mmr, skill), entry(mmr, skill, number=2), 1.0)
    assert (one.expected_score, other.expected_score) == (0.5, 0.5)
    assert one.after.mmr - mmr == mmr - other.after.mmr > 0


@each_engine
@given(first=st.integers(MMR_MIN, MMR_MAX), second=st.integers(MMR_MIN, MMR_MAX), score=scores)
@example(first=12_000, second=1_500, score=1.0)
@example(first=MMR_MAX, second=MMR_MIN, score=0.0)
def test_any_two_lawful_ratings_can_play(engine: RatingEngine, first: int, second: int, score: float) -> None:
    for rated in game(engine, entry(first), entry(second, number=2), score):
        assert math.isfinite(rated.after.mmr)
        assert 0 <= rated.expected_score <= 1


@given(first=entries, second=entries, score=scores)
def test_elo_changes_add_up_to_zero_and_know_no_deviation(first: Entry, second: Entry, score: float) -> None:
    one, other = game(ELO, first, second, score)
    assert one.after.mmr - first.mmr == second.mmr - other.after.mmr
    assert (one.after.skill, other.after.skill) == (None, None)
    assert (one.deviation_before, other.deviation_before) == (None, None)


@given(first=entries, second=entries, score=scores, idle_us=st.integers(0, NOW_US))
def test_elo_does_not_look_at_the_time(first: Entry, second: Entry, score: float, idle_us: int) -> None:
    rested = replace(first, state=replace(first.state, last_played_us=NOW_US - idle_us))
    assert game(ELO, rested, second, score) == game(ELO, first, second, score)


def test_an_elo_newcomer_has_1500_and_wins_20_from_another() -> None:
    assert ELO.start() == Standing(1500, None)
    one, other = game(ELO, entry(1500), entry(1500, number=2), 1.0)
    assert (one.after, other.after) == (Standing(1520, None), Standing(1480, None))


@given(first=entries, second=entries, score=scores)
def test_glicko2_shows_its_rating_as_the_nearest_whole_number(first: Entry, second: Entry, score: float) -> None:
    for rated in game(GLICKO2, first, second, score):
        assert rated.after.skill is not None
        assert rated.after.mmr == round(rated.after.skill.rating)
        assert isinstance(rated.after.mmr, int)


def test_a_glicko2_newcomer_is_shown_at_the_start_and_known_to_350() -> None:
    assert GLICKO2.start() == Standing(1500, SkillEstimate(1500, 350, 0.06))


@given(
    skill=skills,
    idle_days=st.lists(st.integers(0, 1_000), min_size=2, max_size=6, unique=True).map(sorted),
    opponent=entries,
    score=scores,
)
def test_absence_alone_makes_a_deviation_grow_before_the_game(
    skill: SkillEstimate, idle_days: list[int], opponent: Entry, score: float
) -> None:
    deviations = []
    for days in idle_days:
        rested = entry(round(skill.rating), skill, NOW_US - days * MICROSECONDS_PER_DAY)
        before = game(GLICKO2, rested, opponent, score)[0].deviation_before
        assert before is not None
        grown = math.hypot(skill.deviation, skill.volatility * 173.7178 * math.sqrt(days))
        assert before == pytest.approx(min(grown, 350.0))
        deviations.append(before)
    assert all(one < other or other == 350 for one, other in pairwise(deviations))


@given(skill=skills, opponent=believed, score=scores, late_us=st.integers(0, NOW_US))
def test_a_game_that_is_older_than_the_last_one_finds_the_deviation_as_it_is(
    skill: SkillEstimate, opponent: Entry, score: float, late_us: int
) -> None:
    ahead = entry(round(skill.rating), skill, NOW_US + late_us)
    assert game(GLICKO2, ahead, opponent, score)[0].deviation_before == skill.deviation


def test_who_was_away_for_long_moves_further() -> None:
    skill = SkillEstimate(1500, 60, 0.06)
    fresh, rested = (entry(1500, skill, NOW_US - days * MICROSECONDS_PER_DAY) for days in (0, 365))
    opponent = entry(1500, skill, NOW_US, number=2)
    assert game(GLICKO2, rested, opponent, 1.0)[0].after.mmr > game(GLICKO2, fresh, opponent, 1.0)[0].after.mmr > 1500


@given(first=imported, second=entries, score=scores)
def test_an_entry_that_came_without_a_deviation_plays_as_an_unsure_newcomer_at_its_mmr(
    first: Entry, second: Entry, score: float
) -> None:
    newcomer = replace(first, state=replace(first.state, skill=SkillEstimate(float(first.mmr), 350.0, 0.06)))
    assert game(GLICKO2, first, second, score) == game(GLICKO2, newcomer, second, score)
    assert game(GLICKO2, first, second, score)[0].deviation_before == 350


def test_the_engines_are_called_what_a_database_remembers_them_by() -> None:
    assert [engine.code for engine in ENGINES] == ["elo", "glicko2"]
