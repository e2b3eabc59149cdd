"""Playing the log again after any correction gives, bit for bit, the season as it would have been."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.ratings.rating_logs import (
    DRAW,
    ENGINES,
    LOST,
    RESULTS,
    WON,
    Game,
    Import,
    SeasonStart,
    SetByHand,
    Step,
    corrected_seasons,
    each_engine,
    games_of,
    played,
    player_of,
    race_of,
    seasons,
    with_result,
)
from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.ratings.engines.rating_engine import Rated, RatingEngine
from toprung.domain.ratings.linked.linked import Parts
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, RatingChange, RatingChangeKind, Standing


@each_engine
@given(corrected=corrected_seasons())
@settings(max_examples=120)
def test_a_correction_gives_the_season_in_which_the_result_was_right_from_the_start(
    engine: RatingEngine, corrected: tuple[list[Step], int, MatchResult | None]
) -> None:
    steps, number, result = corrected
    season, right = played(engine, steps), played(engine, with_result(steps, number, result))
    position = season.position_of(MatchId(number))
    from_there = season.replayed(right.verdicts, position, from_nothing=False)
    assert from_there == right.log[position - 1 :]
    assert season.replayed(right.verdicts, from_nothing=True) == right.log
    season.correct(MatchId(number), result)
    assert season.states() == right.states()


@each_engine
@given(steps=seasons())
@settings(max_examples=60)
def test_an_unchanged_log_comes_out_the_same_from_nothing_and_from_anywhere(
    engine: RatingEngine, steps: list[Step]
) -> None:
    season = played(engine, steps)
    assert season.replayed(season.verdicts, from_nothing=True) == season.log
    for number in games_of(steps):
        position = season.position_of(MatchId(number))
        assert season.replayed(season.verdicts, position, from_nothing=False) == season.log[position - 1 :]


@each_engine
@given(corrected=corrected_seasons())
@settings(max_examples=60)
def test_correcting_and_correcting_back_restores_every_state(
    engine: RatingEngine, corrected: tuple[list[Step], int, MatchResult | None]
) -> None:
    steps, number, result = corrected
    season = played(engine, steps)
    log, states, before = list(season.log), season.states(), season.verdicts[MatchId(number)].result
    season.correct(MatchId(number), result)
    assert (season.log == log) == (before == result)
    season.correct(MatchId(number), before)
    assert (season.log, season.states()) == (log, states)


@each_engine
@given(data=st.data(), steps=seasons(max_steps=30))
@settings(max_examples=60)
def test_any_number_of_corrections_in_any_order_give_the_season_that_they_describe(
    engine: RatingEngine, data: st.DataObject, steps: list[Step]
) -> None:
    one = st.tuples(st.sampled_from(games_of(steps)), st.sampled_from(RESULTS))
    season = played(engine, steps)
    for number, result in data.draw(st.lists(one, min_size=2, max_size=8)):
        season.correct(MatchId(number), result)
        steps = with_result(steps, number, result)
    right = played(engine, steps)
    assert (season.log, season.states()) == (right.log, right.states())


@each_engine
@given(corrected=corrected_seasons())
@settings(max_examples=60)
def test_a_void_match_leaves_the_ladder_as_if_it_had_not_been_played(
    engine: RatingEngine, corrected: tuple[list[Step], int, MatchResult | None]
) -> None:
    steps, number, _ = corrected
    season, never = played(engine, steps), played(engine, steps, without=number)
    season.correct(MatchId(number), None)
    of_match = [row for row in season.log if row.match_id == number]
    assert [(row.after, row.expected_score, row.deviation_before) for row in of_match] == [
        (row.before, None, None) for row in of_match
    ]
    later = [row for row in season.log if row.match_id != number]
    # An entry whose first row the match was has stood as a newcomer since; without it a file would have brought it in.
    # A season has a row for such a newcomer as well, in which nothing changes.
    assert _without_seasons(later) == _without_seasons(never.log)
    assert season.states() == {
        who: never.states().get(who) or engine.newcomer(race_of(who), never.known.get(player_of(who)))
        for who in season.states()
    }


def _without_seasons(log: list[RatingChange]) -> list[EntryState]:
    return [row.after for row in log if row.kind is not RatingChangeKind.SEASON]


@dataclass
class WatchedEngine:
    """A rating engine that keeps whom it was asked to rate."""

    engine: RatingEngine
    rated: list[tuple[EntryId, EntryId]] = field(default_factory=list)

    @property
    def code(self) -> str:
        return self.engine.code

    def start(self) -> Standing:
        return self.engine.start()

    def newcomer(self, race: str, known: PlayerBelief | None) -> EntryState:
        return self.engine.newcomer(race, known)

    def set_to(self, mmr: int, deviation: float | None = None) -> Standing:
        return self.engine.set_to(mmr, deviation)

    def given(
        self, given: EntryState, race: str, *, before: EntryState | None, known: PlayerBelief | None
    ) -> EntryState:
        return self.engine.given(given, race, before=before, known=known)

    def reset(self, state: EntryState, race: str, deviation_min: float) -> EntryState:
        return self.engine.reset(state, race, deviation_min)

    def refreshed(self, state: EntryState, race: str, known: PlayerBelief | None) -> EntryState:
        return self.engine.refreshed(state, race, known)

    def parts(self, before: EntryState, after: EntryState, race: str, ended_at_us: int) -> Parts | None:
        return self.engine.parts(before, after, race, ended_at_us)

    def rate(self, first: Entry, second: Entry, *, score_1: float, ended_at_us: int) -> tuple[Rated, Rated]:
        self.rated.append((first.id, second.id))
        return self.engine.rate(first, second, score_1=score_1, ended_at_us=ended_at_us)


@each_engine
@given(corrected=corrected_seasons())
@settings(max_examples=60)
def test_only_games_that_the_correction_reaches_through_opponents_are_rated_again(
    engine: RatingEngine, corrected: tuple[list[Step], int, MatchResult | None]
) -> None:
    steps, number, result = corrected
    season = played(engine, steps)
    season.replayed(season.verdicts, from_nothing=False)
    season.engine = watched = WatchedEngine(engine)
    season.correct(MatchId(number), season.verdicts[MatchId(number)].result)
    assert watched.rated == []
    reached: set[int] = set()
    reachable = []
    through = player_of if engine.code == "linked" else int
    for later, step in enumerate(steps[number:], number):
        if isinstance(step, Game):
            both = {through(step.one), through(step.other)}
            if later == number or reached & both:
                reached |= both
                reachable.append((step.one, step.other))
        elif isinstance(step, Import) and engine.code != "linked":
            reached -= {step.who}  # one whose rating is set still has other counts than it had
    season.correct(MatchId(number), result)
    asked = iter(reachable)
    assert all(pair in asked for pair in watched.rated), "the rated games are some of the reachable ones, in order"


def test_a_chain_of_opponents_carries_a_correction_to_who_never_met_the_corrected() -> None:
    steps: list[Step] = [Game(1, 2, WON, 1), Game(2, 3, WON, 2), Game(3, 4, WON, 3), Game(5, 1, DRAW, 4)]
    season = played(ENGINES[1], steps)
    before = season.states()
    season.correct(MatchId(0), LOST)
    assert {entry_id for entry_id, state in season.states().items() if state != before[entry_id]} == {1, 2, 3, 4, 5}
    assert season.states()[EntryId(2)].games_won == 2


def test_an_import_between_stops_a_correction() -> None:
    state = EntryState(mmr=2_000, games_won=3)
    steps: list[Step] = [Game(1, 2, WON, 1), Import(2, state), Game(2, 3, LOST, 2)]
    season = played(ENGINES[1], steps)
    last = season.log[-2:]
    season.correct(MatchId(0), LOST)
    assert season.log[2].before == season.log[1].after
    assert (season.log[2].after, season.log[-2:]) == (state, last)


def test_a_result_changes_although_the_numbers_that_it_is_known_by_would_not() -> None:
    """A draw of equals moves nobody; to be void instead must still be seen."""
    season = played(ENGINES[0], [Game(1, 2, DRAW, 7)])
    assert {state.mmr for state in season.states().values()} == {1500}
    season.correct(MatchId(0), None)
    assert set(season.states().values()) == {EntryState(mmr=1500)}
    season.correct(MatchId(0), DRAW)
    assert set(season.states().values()) == {EntryState(mmr=1500, games_drawn=1, last_played_us=7)}


@each_engine
@given(corrected=corrected_seasons(), mmr=st.integers(500, 3_000))
@settings(max_examples=60)
def test_a_rating_that_was_set_stands_whatever_is_corrected_before_it(
    engine: RatingEngine, corrected: tuple[list[Step], int, MatchResult | None], mmr: int
) -> None:
    steps, number, result = corrected
    step = steps[number]
    assert isinstance(step, Game)
    season = played(engine, [*steps, SetByHand(step.one, mmr)])
    season.correct(MatchId(number), result)
    one = season.states()[EntryId(step.one)]
    assert (one.mmr, one.skill) == engine.set_to(mmr)[:2]
    right = played(engine, with_result(steps, number, result)).states()[EntryId(step.one)]
    assert (one.games_won, one.games_lost, one.games_drawn) == (right.games_won, right.games_lost, right.games_drawn)
    assert one.last_played_us == right.last_played_us


@given(steps=seasons(), deviation=st.sampled_from((60.0, 150.0, 350.0)))
@settings(max_examples=60)
def test_a_season_makes_nobody_surer_than_it_says_and_changes_nothing_else(steps: list[Step], deviation: float) -> None:
    season = played(ENGINES[1], steps)
    before = season.states()
    season.start(deviation)
    for entry_id, after in season.states().items():
        was = before[entry_id]
        assert replace(after, skill=was.skill) == was
        assert (after.skill is None) == (was.skill is None)
        if after.skill is not None and was.skill is not None:
            assert after.skill == was.skill._replace(deviation=max(was.skill.deviation, deviation))


def test_a_season_resets_who_was_unsure_when_it_began_and_after_a_correction_is_not() -> None:
    """A void first game leaves the newcomer's 350, which no reset touches; judged, it leaves less, which one does."""
    steps: list[Step] = [Game(1, 2, None, 1), SeasonStart(345.0), Game(1, 2, WON, 2)]
    season = played(ENGINES[1], steps)
    assert [row.before == row.after for row in season.log[2:4]] == [True, True]
    season.correct(MatchId(0), WON)
    assert [row.before == row.after for row in season.log[2:4]] == [False, False]
    right = played(ENGINES[1], with_result(steps, 0, WON))
    assert (season.log, season.states()) == (right.log, right.states())


def test_a_season_does_nothing_to_elo() -> None:
    season = played(ENGINES[0], [Game(1, 2, WON, 1), SeasonStart(150.0)])
    assert [row.before == row.after for row in season.log[2:]] == [True, True]
