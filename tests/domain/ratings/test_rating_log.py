"""Playing the log again after any correction gives, bit for bit, the season as it would have been."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, Glicko2
from toprung.domain.ratings.rating import Elo, Entry, EntryId, EntryState, RatingChange, RatingChangeKind, Standing
from toprung.domain.ratings.rating_engine import EloEngine, Glicko2Engine, Rated, RatingEngine
from toprung.domain.ratings.rating_log import RatingLog, Verdict, rate, set_by_hand, soft_reset
from toprung.domain.ratings.season import SeasonId

ENGINES: Final[tuple[RatingEngine, ...]] = (EloEngine(Elo()), Glicko2Engine(Glicko2()))
WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
RESULTS: Final = (WON, LOST, DRAW, None)
HOUR_US: Final = MICROSECONDS_PER_DAY // 24
PLAYERS: Final = 5

each_engine = pytest.mark.parametrize("engine", ENGINES, ids=[engine.code for engine in ENGINES])


@dataclass(frozen=True)
class Game:
    """A match between two entries; None is a void one."""

    one: int
    other: int
    result: MatchResult | None
    ended_at_us: int


@dataclass(frozen=True)
class Import:
    """An entry that is brought in, or overwritten, by a file."""

    who: int
    state: EntryState


@dataclass(frozen=True)
class SetByHand:
    """A rating that an organiser sets."""

    who: int
    mmr: int


@dataclass(frozen=True)
class SeasonStart:
    """A soft reset of everybody's deviation."""

    deviation: float


Step = Game | Import | SetByHand | SeasonStart


@dataclass
class Season:
    """A ladder of dicts, played a step after the other as the services do it."""

    engine: RatingEngine
    entries: dict[EntryId, Entry] = field(default_factory=dict)
    verdicts: dict[MatchId, Verdict] = field(default_factory=dict)
    log: list[RatingChange] = field(default_factory=list)
    resets: dict[SeasonId, float] = field(default_factory=dict)

    def import_entry(self, who: int, state: EntryState) -> None:
        known = self.entries.get(EntryId(who))
        self.entries[EntryId(who)] = replace(self._entry(who), state=state)
        self._append(RatingChangeKind.IMPORT, who, None if known is None else known.state)

    def set_rating(self, who: int, mmr: int) -> None:
        known = self.entries.get(EntryId(who))
        standing = self.engine.set_to(mmr)
        before = None if known is None else known.state
        after = set_by_hand(before, EntryState(mmr=standing.mmr, skill=standing.skill))
        self.entries[EntryId(who)] = replace(self._entry(who), state=after)
        self._append(RatingChangeKind.SET, who, before)

    def start(self, deviation: float) -> None:
        season_id = SeasonId(len(self.resets) + 1)
        self.resets[season_id] = deviation
        for entry in list(self.entries.values()):
            self.entries[entry.id] = replace(entry, state=soft_reset(entry.state, deviation))
            self._append(RatingChangeKind.SEASON, entry.id, entry.state)
            self.log[-1] = replace(self.log[-1], season_id=season_id)

    def play(self, game: Game, match_id: MatchId) -> None:
        verdict = Verdict(result=game.result, ended_at_us=game.ended_at_us)
        self.verdicts[match_id] = verdict
        pair = rate(self.engine, self._entry(game.one), self._entry(game.other), verdict)
        for who, rated in zip((game.one, game.other), pair, strict=True):
            self.entries[EntryId(who)] = rated.after
            self._append(RatingChangeKind.MATCH, who, rated.before.state)
            self.log[-1] = replace(
                self.log[-1],
                match_id=match_id,
                expected_score=rated.expected_score,
                deviation_before=rated.deviation_before,
            )

    def _entry(self, who: int) -> Entry:
        mmr, skill = self.engine.start()
        newcomer = Entry(id=EntryId(who), player_id=PlayerId(who), race="zerg", state=EntryState(mmr=mmr, skill=skill))
        return self.entries.get(EntryId(who), newcomer)

    def _append(self, kind: RatingChangeKind, who: int, before: EntryState | None) -> None:
        after = self.entries[EntryId(who)].state
        position = len(self.log) + 1
        row = RatingChange(
            entry_id=EntryId(who), kind=kind, before=before, after=after, at_us=position, position=position
        )
        self.log.append(row)

    def states(self) -> dict[EntryId, EntryState]:
        return {entry_id: entry.state for entry_id, entry in self.entries.items()}

    def position_of(self, match_id: MatchId) -> int:
        return next(row.position or 0 for row in self.log if row.match_id == match_id)

    def replayed(
        self, verdicts: dict[MatchId, Verdict], from_position: int = 1, *, from_nothing: bool
    ) -> list[RatingChange]:
        """The log from a position on, played again under these verdicts."""
        tail = self.log[from_position - 1 :]
        pairs = list(
            RatingLog(self.engine, self.entries, verdicts, self.resets).replay(tail, from_nothing=from_nothing)
        )
        assert [old for old, _ in pairs] == tail
        return [new for _, new in pairs]

    def correct(self, match_id: MatchId, result: MatchResult | None) -> None:
        """Does to this season what a correction does to a ladder."""
        self.verdicts[match_id] = replace(self.verdicts[match_id], result=result)
        position = self.position_of(match_id)
        self.log[position - 1 :] = self.replayed(self.verdicts, position, from_nothing=False)
        for row in self.log:
            self.entries[row.entry_id] = replace(self.entries[row.entry_id], state=row.after)


def played(engine: RatingEngine, steps: Sequence[Step], *, without: int | None = None) -> Season:
    """The season of these steps; a match has the number of its step. The step `without` is left out."""
    season = Season(engine)
    for number, step in enumerate(steps):
        if number == without:
            continue
        if isinstance(step, Game):
            season.play(step, MatchId(number))
        elif isinstance(step, SetByHand):
            season.set_rating(step.who, step.mmr)
        elif isinstance(step, SeasonStart):
            season.start(step.deviation)
        else:
            season.import_entry(step.who, step.state)
    return season


def with_result(steps: Sequence[Step], number: int, result: MatchResult | None) -> list[Step]:
    step = steps[number]
    assert isinstance(step, Game)
    return [*steps[:number], replace(step, result=result), *steps[number + 1 :]]


def games_of(steps: Sequence[Step]) -> list[int]:
    return [number for number, step in enumerate(steps) if isinstance(step, Game)]


gaps = st.sampled_from((0, 1, HOUR_US, MICROSECONDS_PER_DAY, 90 * MICROSECONDS_PER_DAY))
pairs_of_players = st.tuples(st.integers(1, PLAYERS), st.integers(1, PLAYERS - 1)).map(
    lambda pair: (pair[0], pair[1] + (pair[1] >= pair[0]))
)
some_games = st.tuples(pairs_of_players, st.sampled_from(RESULTS), gaps)
counts = st.integers(0, 50)
imports = st.builds(
    Import,
    who=st.integers(1, PLAYERS),
    state=st.builds(
        EntryState,
        mmr=st.integers(500, 3_000),
        games_won=counts,
        games_lost=counts,
        games_drawn=counts,
        last_played_us=st.none() | st.integers(1, 1_000 * MICROSECONDS_PER_DAY),
    ),
)


sets = st.builds(SetByHand, who=st.integers(1, PLAYERS), mmr=st.integers(500, 3_000))
starts = st.builds(SeasonStart, deviation=st.sampled_from((60.0, 150.0, 350.0)))


@st.composite
def seasons(draw: st.DrawFn, max_steps: int = 60) -> list[Step]:
    """5 steps or more, times never going back, about one in four no match, and at least one match."""
    others = (imports, sets, starts)
    drawn = draw(st.lists(st.one_of(*[some_games] * 9, *others), min_size=5, max_size=max_steps))
    now_us = 500 * MICROSECONDS_PER_DAY
    steps: list[Step] = []
    for step in [((1, 2), WON, 0), *drawn]:
        if isinstance(step, Import | SetByHand | SeasonStart):
            steps.append(step)
        else:
            (one, other), result, gap = step
            now_us += gap
            steps.append(Game(one, other, result, now_us))
    return steps


@st.composite
def corrected_seasons(draw: st.DrawFn) -> tuple[list[Step], int, MatchResult | None]:
    steps = draw(seasons())
    return steps, draw(st.sampled_from(games_of(steps))), draw(st.sampled_from(RESULTS))


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
    mmr, skill = engine.start()
    newcomer = EntryState(mmr=mmr, skill=skill)
    assert season.states() == {entry_id: never.states().get(entry_id, newcomer) for entry_id in season.states()}


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

    @property
    def constants(self) -> Mapping[str, float]:
        return self.engine.constants

    def start(self) -> Standing:
        return self.engine.start()

    def set_to(self, mmr: int) -> Standing:
        return self.engine.set_to(mmr)

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
    for later, step in enumerate(steps[number:], number):
        if isinstance(step, Game) and (later == number or reached & {step.one, step.other}):
            reached |= {step.one, step.other}
            reachable.append((step.one, step.other))
        elif isinstance(step, Import):
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
    assert (one.mmr, one.skill) == engine.set_to(mmr)
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
