"""The test of the test: bugs of a ladder on the linked rating that the tests of the log and the engine must find."""

import pytest

from tests.domain.ratings import test_linked_engine
from tests.domain.ratings.linked import test_adjusting, test_player_belief
from tests.domain.ratings.linked.playing import random_steps
from tests.domain.ratings.rating_logs import (
    DRAW,
    LOST,
    WON,
    Game,
    Import,
    SeasonStart,
    SetByHand,
    Step,
    games_of,
    played,
    with_result,
)
from tests.support.seeding import Seed, line
from toprung.domain.matches.match import MatchId
from toprung.domain.ratings.certainty import CertaintyByBelief
from toprung.domain.ratings.engines.linked_engine import LinkedEngine
from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, SkillEstimate
from toprung.domain.ratings.linked import adjusting
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import EntryState
from toprung.domain.ratings.rating_log import RatingLog

DAY_US = MICROSECONDS_PER_DAY

BUGS: dict[str, Seed] = {
    "a row knows its own race's games only": line(
        RatingLog._before, "return self._engine.refreshed(state, entry.race, known)", "return state"
    ),
    "a correction stops at the player's other race": line(
        RatingLog.replay, "self.known[self._entries[row.entry_id].player_id] = new.after.belief", "pass"
    ),
    "a race that is played first starts from nothing": line(
        RatingLog._before, "self._engine.newcomer(entry.race, known)", "self._engine.newcomer(entry.race, None)"
    ),
    "a set rating forgets the player": line(
        RatingLog._restated, "known = self.known.get(entry.player_id)", "known = None"
    ),
    "a set rating is not set again": line(RatingLog._restated, "RatingChangeKind.SET:", "RatingChangeKind.MATCH:"),
    "an import is not made again": line(RatingLog._restated, "RatingChangeKind.IMPORT:", "RatingChangeKind.MATCH:"),
    "a season does not reach what is believed": line(
        LinkedEngine.reset, "no_surer_than(state.belief, race, least)", "state.belief"
    ),
    "a season drops how races go together": line(
        adjusting.no_surer_than,
        "covariances, least = list(belief.covariances), ",
        "covariances, least = [v * 0.5 for v in belief.covariances], ",
    ),
    "a season resets beyond a newcomer's doubt": line(
        LinkedEngine.reset, "min(deviation_min, self._deviation_max)", "deviation_min"
    ),
    "games from a file are no experience": line(
        LinkedEngine.given, "(known or self._start).naming(race), games,", "(known or self._start).naming(race), 0,"
    ),
    "games from a file count anew each time": line(
        LinkedEngine.given, "(0 if before is None else before.games_played)", "0"
    ),
    "a given rating moves the others": line(adjusting.given_rating, "if column != place:", "if False:"),
    "a given rating tells nothing of new races": line(
        adjusting.given_rating, "belief.ratings[named] + shares[place] * moved", "belief.ratings[named]"
    ),
    "a given number is taken for certain": line(
        LinkedEngine.given, "min(skill.deviation, self._deviation_max)", "30.0"
    ),
    "entries do not hear of games with other races": line(
        LinkedEngine.refreshed,
        "known.deviation(race), _VOLATILITY)",
        "state.skill.deviation if state.skill else 1.0, _VOLATILITY)",
    ),
    "a number moves without its race being played": line(
        LinkedEngine.refreshed,
        "rating = float(state.mmr) if state.skill is None else state.skill.rating",
        "rating = known.belief.ratings[known.place(race)]; state = replace(state, mmr=round(rating))",
    ),
    "a new race is a newcomer's": line(LinkedEngine.newcomer, "known or self._start", "self._start"),
    "a race is named with nothing in common": line(
        PlayerBelief.naming, "first != second and row == column == new", "row == column == new and False"
    ),
    "a race was always shown just now": line(
        PlayerBelief.showing,
        "(*self.shown_games[:place], belief.games, *self.shown_games[place + 1 :])",
        "tuple([belief.games] * len(self.races))",
    ),
    "parts begin with what is believed": line(
        LinkedEngine.parts,
        "before.skill.rating, (*known.shown_games, known.belief.games)[place]",
        "known.belief.ratings[place], known.belief.games",
    ),
    "absence makes nobody less sure": line(CertaintyByBelief.marks, "self._growth * idle_us", "0 * idle_us"),
    "absence knows no end": line(
        CertaintyByBelief.marks,
        "np.minimum(np.sqrt(before * before + self._growth * idle_us), most)",
        "np.sqrt(before * before + self._growth * idle_us)",
    ),
}

SEASON: list[Step] = [
    Game(1, 2, WON, DAY_US),
    Game(6, 2, LOST, 3 * DAY_US),
    Game(7, 3, WON, 3 * DAY_US),
    SetByHand(4, 1900),
    SetByHand(7, 1700),
    Game(4, 1, LOST, 9 * DAY_US),
    Game(1, 5, DRAW, 10 * DAY_US),
    Import(8, EntryState(mmr=1300, games_won=12, games_lost=30, last_played_us=2 * DAY_US)),
    Game(8, 6, WON, 40 * DAY_US),
    SeasonStart(190.0),
    Game(3, 1, WON, 41 * DAY_US),
    Import(8, EntryState(mmr=1350, games_won=14, games_lost=30, last_played_us=4 * DAY_US)),
    Game(2, 6, None, 42 * DAY_US),
    SeasonStart(350.0),
    Game(6, 7, WON, 43 * DAY_US),
    Game(1, 2, LOST, 44 * DAY_US),
]
"""Everything that can happen to a ladder, with two races for three of its players."""


def check() -> None:
    """What the tests of the log and of the engine say, on one season."""
    engine = test_linked_engine.ENGINE
    season = played(engine, SEASON)
    assert season.replayed(season.verdicts, from_nothing=True) == season.log
    for number in games_of(SEASON):
        for result in (WON, LOST, None):
            corrected = played(engine, SEASON)
            corrected.correct(MatchId(number), result)
            right = played(engine, with_result(SEASON, number, result))
            assert (corrected.log, corrected.states()) == (right.log, right.states())
    tests = test_linked_engine
    tests.test_a_number_changes_only_when_its_race_is_played_or_given.hypothesis.inner_test(steps=SEASON)  # type: ignore[attr-defined]
    tests.test_all_entries_of_a_player_know_the_same_and_how_sure_they_are_by_it.hypothesis.inner_test(steps=SEASON)  # type: ignore[attr-defined]
    tests.test_the_parts_of_every_change_add_up_to_it.hypothesis.inner_test(steps=SEASON)  # type: ignore[attr-defined]
    for idle in (0, 50, 3_000):
        tests.test_the_board_knows_how_sure_ratings_are_as_the_next_game_would.hypothesis.inner_test(  # type: ignore[attr-defined]
            steps=SEASON, idle=idle * DAY_US
        )
    tests.test_games_with_one_race_make_another_one_surer_and_move_it_once_it_is_played()
    tests.test_a_race_that_is_played_first_begins_where_the_others_let_one_believe()
    tests.test_parts_say_what_came_from_where()
    for skill, deviation in ((None, 110.0), (SkillEstimate(1800.0, 350.0, 0.06), 201.246118)):
        tests.test_what_is_given_is_as_unsure_as_it_says_and_no_less_sure_than_a_newcomer(skill, deviation)
    games = [step._replace(favoured=0) for step in random_steps(5, 30)]
    test_player_belief.test_naming_races_as_they_are_played_gives_the_bits_of_knowing_them_all_along.hypothesis.inner_test(  # type: ignore[attr-defined]
        games=games
    )
    test_player_belief.test_a_race_was_shown_last_when_it_was_played_last.hypothesis.inner_test(games=games)  # type: ignore[attr-defined]
    test_adjusting.test_a_newcomer_whose_rating_is_given_is_known_a_little_with_each_race()
    test_adjusting.test_a_given_rating_is_that_and_leaves_the_players_other_ratings.hypothesis.inner_test(  # type: ignore[attr-defined]
        games=games, race="t", rating=1900.0, deviation=100.0
    )
    test_adjusting.test_a_season_makes_no_rating_surer_and_keeps_how_races_go_together.hypothesis.inner_test(  # type: ignore[attr-defined]
        games=games, race="t", least=150.0
    )
    for deviation in (150.0, 350.0):
        tests.test_a_season_makes_every_race_of_everybody_as_unsure_as_it_says_or_as_a_newcomer(deviation)
    resets = played(engine, SEASON).states().values()
    assert all(state.skill is not None and state.skill.deviation < 201.3 for state in resets)


def test_without_a_bug_all_is_well() -> None:
    check()


@pytest.mark.parametrize("bug", BUGS)
def test_the_tests_find(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    with pytest.raises((AssertionError, ValueError, IndexError, KeyError, ZeroDivisionError)):
        check()
