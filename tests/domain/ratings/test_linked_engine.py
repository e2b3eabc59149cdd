"""The linked rating as a ladder's system."""

import math
from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ratings.rating_logs import ENGINES, Game, Season, SeasonStart, Step, played, race_of, seasons
from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.ratings.certainty import CertaintyByBelief, RatingColumns
from toprung.domain.ratings.engines.linked_engine import GIVEN_DEVIATION, LinkedEngine
from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, SkillEstimate
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked
from toprung.domain.ratings.rating import EntryId, EntryState, RatingChangeKind

ENGINE: Final = LinkedEngine(LinkedConstants())
LINKED: Final = Linked(LinkedConstants())
WON, LOST = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON
DAY_US: Final = MICROSECONDS_PER_DAY
ANY: Final = EntryId(1)
OTHER_RACE: Final = EntryId(6)
"""Another entry of the player of entry 1: see `rating_logs`."""


def test_two_newcomers_after_a_game_by_hand() -> None:
    """P = 40500 on both sides, so g = .84276 and w = 5.8834e-6; D = 1.23828, and the step is 79.34 points."""
    season = played(ENGINE, [Game(1, 2, WON, 1)])
    first, second = season.states()[EntryId(1)], season.states()[EntryId(2)]
    assert (first.mmr, second.mmr) == (1579, 1421)
    assert first.skill is not None
    assert first.skill.rating == pytest.approx(1579.34, abs=0.01)
    assert first.skill.deviation == pytest.approx(180.85, abs=0.01)
    assert season.log[0].expected_score == 0.5


@given(steps=seasons())
def test_a_number_changes_only_when_its_race_is_played_or_given(steps: list[Step]) -> None:
    season = Season(ENGINE)
    for number, step in enumerate(steps):
        before = season.states()
        if not isinstance(step, Game):
            continue
        season.play(step, MatchId(number))
        for entry_id, state in season.states().items():
            if entry_id not in (step.one, step.other) and entry_id in before and before[entry_id].games_played:
                assert (state.mmr, state.games_played) == (before[entry_id].mmr, before[entry_id].games_played)


@given(steps=seasons())
def test_all_entries_of_a_player_know_the_same_and_how_sure_they_are_by_it(steps: list[Step]) -> None:
    season = played(ENGINE, steps)
    for entry in season.entries.values():
        known = season.known[entry.player_id]
        assert known is not None
        assert entry.state.belief == known
        assert entry.state.skill is not None
        assert entry.state.skill.deviation == known.deviation(entry.race)
        assert entry.state.known_at_us == known.belief.last_played_us


def test_games_with_one_race_make_another_one_surer_and_move_it_once_it_is_played() -> None:
    steps: list[Step] = [Game(1, 2, WON, 1), Game(6, 3, LOST, 2), *(Game(1, 4, WON, n) for n in range(3, 9))]
    season = played(ENGINE, steps)
    by_then = played(ENGINE, steps[:2]).states()[OTHER_RACE]
    now = season.states()[OTHER_RACE]
    assert by_then.skill is not None
    assert now.skill is not None
    assert (now.mmr, now.skill.rating) == (by_then.mmr, by_then.skill.rating)
    assert now.skill.deviation < by_then.skill.deviation - 5
    assert (now.known_at_us, now.last_played_us) == (8, 2)
    season.play(Game(6, 3, LOST, 9), MatchId(99))
    assert season.states()[OTHER_RACE].mmr > now.mmr + 20  # although it was lost


def test_a_race_that_is_played_first_begins_where_the_others_let_one_believe() -> None:
    season = played(ENGINE, [Game(1, 2, WON, n) for n in range(1, 8)])
    season.play(Game(6, 3, WON, 9), MatchId(99))
    (row,) = (row for row in season.log if row.entry_id == OTHER_RACE)
    assert row.before is not None
    assert 1600 < row.before.mmr < season.states()[ANY].mmr
    assert row.before.games_played == 0


@given(steps=seasons())
def test_the_parts_of_every_change_add_up_to_it(steps: list[Step]) -> None:
    season = played(ENGINE, steps)
    for row in season.log:
        if row.kind is RatingChangeKind.MATCH and row.expected_score is not None and row.match_id is not None:
            ended_at_us = season.verdicts[row.match_id].ended_at_us
            assert row.before is not None
            parts = ENGINE.parts(row.before, row.after, race_of(row.entry_id), ended_at_us)
            assert parts is not None
            assert (parts.before, parts.after) == (row.before.mmr, row.after.mmr)
            own = row.after.games_played == 1 and row.before.belief is not None and row.before.belief.belief.games == 0
            assert not own or (parts.other_races, parts.experience) == (0, 0)


def test_parts_say_what_came_from_where() -> None:
    steps: list[Step] = [Game(6, 3, WON, 1), *(Game(1, 2, LOST, n) for n in range(2, 7)), Game(6, 3, WON, 9)]
    season = played(ENGINE, steps)
    row = next(row for row in reversed(season.log) if row.entry_id == OTHER_RACE)
    assert row.before is not None
    parts = ENGINE.parts(row.before, row.after, race_of(OTHER_RACE), 9)
    assert parts is not None
    rise = math.fsum(10 * math.exp(-games / 12) for games in range(1, 7))  # of the games 2 to 7
    assert parts.other_races < -50 < 0 < parts.this_game
    assert parts.experience == pytest.approx(rise, abs=1)


@pytest.mark.parametrize("engine", ENGINES[:2], ids=["elo", "glicko2"])
def test_systems_that_rate_races_apart_have_no_parts_and_keep_no_belief(engine: LinkedEngine) -> None:
    season = played(engine, [Game(1, 2, WON, 1), Game(6, 2, WON, 2)])
    row = season.log[0]
    assert row.before is not None
    assert engine.parts(row.before, row.after, "zerg", 1) is None
    linked = played(ENGINE, [Game(1, 2, WON, 1)]).states()[ANY]
    for state in (engine.refreshed(linked, "zerg", None), engine.given(linked, "zerg", before=None, known=None)):
        assert state == replace(linked, known_at_us=None, belief=None)


@pytest.mark.parametrize(
    ("given_skill", "deviation"),
    [
        (None, GIVEN_DEVIATION),
        (SkillEstimate(1800.0, 60.0, 0.06), 60.0),
        (SkillEstimate(1800.0, 350.0, 0.06), LINKED.start(2).deviation(0)),
    ],
)
def test_what_is_given_is_as_unsure_as_it_says_and_no_less_sure_than_a_newcomer(
    given_skill: SkillEstimate | None, deviation: float
) -> None:
    state = EntryState(mmr=1800, skill=given_skill, games_won=30, games_lost=10, last_played_us=5 * DAY_US)
    after = ENGINE.given(state, "zerg", before=None, known=None)
    assert replace(after, known_at_us=None, belief=None) == state  # so that another system finds what was given
    assert after.belief is not None
    assert (after.belief.races, after.belief.belief.games, after.known_at_us) == (("zerg",), 40, 5 * DAY_US)
    assert after.belief.deviation("zerg") == pytest.approx(deviation)
    assert after.belief.belief.ratings[0] == 1800
    again = ENGINE.given(replace(state, games_won=33), "zerg", before=after, known=after.belief)
    assert again.belief is not None
    assert again.belief.belief.games == 43


@pytest.mark.parametrize("deviation", [60.0, 150.0, 350.0])
def test_a_season_makes_every_race_of_everybody_as_unsure_as_it_says_or_as_a_newcomer(deviation: float) -> None:
    steps: list[Step] = [*(Game(1, 2, WON if n % 2 else LOST, n) for n in range(1, 40)), Game(6, 2, WON, 40)]
    before, season = played(ENGINE, steps), played(ENGINE, [*steps, SeasonStart(deviation)])
    for entry_id, state in season.states().items():
        was = before.states()[entry_id]
        assert state.skill is not None
        assert was.skill is not None
        least = min(deviation, LINKED.start(2).deviation(0))
        assert state.skill.deviation == pytest.approx(max(was.skill.deviation, least))
        assert (state.mmr, state.games_played) == (was.mmr, was.games_played)
        assert state.belief is not None
        assert state.belief.deviation("protoss") >= least - 1e-9


@given(steps=seasons(), idle=st.integers(0, 3_000 * DAY_US))
def test_the_board_knows_how_sure_ratings_are_as_the_next_game_would(steps: list[Step], idle: int) -> None:
    season = played(ENGINE, steps)
    certainty = CertaintyByBelief(LinkedConstants())
    played_entries = [entry for entry in season.entries.values() if entry.state.known_at_us is not None]
    now_us = certainty.marked_us(max((one.state.known_at_us or 0 for one in played_entries), default=0) + idle)
    for entry in played_entries:
        state, known = entry.state, entry.state.belief
        assert known is not None
        assert state.skill is not None
        columns = RatingColumns(
            np.array([state.skill.deviation]),
            np.array([state.skill.volatility]),
            np.array([state.games_played]),
            np.array([state.known_at_us]),
        )
        right = LINKED.after_idle(known.belief, max(now_us, state.known_at_us or 0)).deviation(known.place(entry.race))
        marks = certainty.marks(columns, now_us)
        (told,) = marks.deviations
        assert told == pytest.approx(right, abs=0.5 + 1e-6)
        assert abs(right - 0.65 * 201.246) < 0.01 or marks.is_provisional == [right > 0.65 * 201.246]


def test_six_games_between_equals_make_a_rating_one_to_rely_on() -> None:
    certainty, steps = CertaintyByBelief(LinkedConstants()), list[Step]()
    marked = []
    for number in range(1, 9):
        steps.append(Game(1, 2, WON if number % 2 else LOST, number))
        skill = played(ENGINE, steps).states()[ANY].skill
        assert skill is not None
        columns = RatingColumns(np.array([skill.deviation]), np.zeros(1), np.array([number]), np.array([number]))
        marked += certainty.marks(columns, number).is_provisional
    assert marked == [True] * 5 + [False] * 3
