"""Rating logs of made-up seasons: as they are played, and as they are played again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pytest
from hypothesis import strategies as st

from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.linked_engine import LinkedEngine
from toprung.domain.ratings.engines.rating_engine import EloEngine, Glicko2Engine, RatingEngine
from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, Glicko2
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import Elo, Entry, EntryId, EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.rating_log import RatingLog, Verdict, rate, set_by_hand
from toprung.domain.ratings.season import SeasonId

ENGINES: Final[tuple[RatingEngine, ...]] = (
    EloEngine(Elo()),
    Glicko2Engine(Glicko2()),
    LinkedEngine(LinkedConstants()),
)
WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
RESULTS: Final = (WON, LOST, DRAW, None)
HOUR_US: Final = MICROSECONDS_PER_DAY // 24
PLAYERS: Final = 5
ENTRIES: Final = 8
"""The entries 1 to 5 are of as many players, 6 to 8 those of the first three with another race."""

each_engine = pytest.mark.parametrize("engine", ENGINES, ids=[engine.code for engine in ENGINES])


def player_of(who: int) -> PlayerId:
    """Whose entry it is."""
    return PlayerId((who - 1) % PLAYERS + 1)


def race_of(who: int) -> str:
    """With which race."""
    return "zerg" if who <= PLAYERS else "terran"


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
    known: dict[PlayerId, PlayerBelief | None] = field(default_factory=dict)

    def import_entry(self, who: int, state: EntryState) -> None:
        self._give(RatingChangeKind.IMPORT, who, state)

    def set_rating(self, who: int, mmr: int) -> None:
        known = self.entries.get(EntryId(who))
        standing = self.engine.set_to(mmr)
        given = set_by_hand(None if known is None else known.state, EntryState(mmr=standing.mmr, skill=standing.skill))
        self._give(RatingChangeKind.SET, who, given)

    def _give(self, kind: RatingChangeKind, who: int, given: EntryState) -> None:
        known = self.entries.get(EntryId(who))
        before = None if known is None else known.state
        after = self.engine.given(given, race_of(who), before=before, known=self.known.get(player_of(who)))
        self._append(kind, who, before, after)

    def start(self, deviation: float) -> None:
        season_id = SeasonId(len(self.resets) + 1)
        self.resets[season_id] = deviation
        for who in list(self.entries):
            before = self.entries[who].state  # as the rows of the player's other entries have left it
            self._append(RatingChangeKind.SEASON, who, before, self.engine.reset(before, race_of(who), deviation))
            self.log[-1] = replace(self.log[-1], season_id=season_id)

    def play(self, game: Game, match_id: MatchId) -> None:
        verdict = Verdict(result=game.result, ended_at_us=game.ended_at_us)
        self.verdicts[match_id] = verdict
        pair = rate(self.engine, self._entry(game.one), self._entry(game.other), verdict)
        for who, rated in zip((game.one, game.other), pair, strict=True):
            self._append(RatingChangeKind.MATCH, who, rated.before.state, rated.after.state)
            self.log[-1] = replace(
                self.log[-1],
                match_id=match_id,
                expected_score=rated.expected_score,
                deviation_before=rated.deviation_before,
            )

    def _entry(self, who: int) -> Entry:
        known = self.entries.get(EntryId(who))
        if known is not None:
            return known
        newcomer = self.engine.newcomer(race_of(who), self.known.get(player_of(who)))
        return Entry(id=EntryId(who), player_id=player_of(who), race=race_of(who), state=newcomer)

    def _append(self, kind: RatingChangeKind, who: int, before: EntryState | None, after: EntryState) -> None:
        position = len(self.log) + 1
        row = RatingChange(
            entry_id=EntryId(who), kind=kind, before=before, after=after, at_us=position, position=position
        )
        self.log.append(row)
        self.entries[EntryId(who)] = replace(self._entry(who), state=after)
        self._know(player_of(who), after.belief)

    def _know(self, player_id: PlayerId, known: PlayerBelief | None) -> None:
        """All entries of a player know what is known of the player."""
        self.known[player_id] = known
        for entry in self.entries.values():
            if entry.player_id == player_id:
                state = self.engine.refreshed(entry.state, entry.race, known)
                self.entries[entry.id] = replace(entry, state=state)

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
        for player_id, known in {player_of(row.entry_id): row.after.belief for row in self.log}.items():
            self._know(player_id, known)


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
pairs_of_entries = st.tuples(st.integers(1, ENTRIES), st.integers(1, ENTRIES)).filter(
    lambda pair: player_of(pair[0]) != player_of(pair[1])
)
some_games = st.tuples(pairs_of_entries, st.sampled_from(RESULTS), gaps)
counts = st.integers(0, 50)
imports = st.builds(
    Import,
    who=st.integers(1, ENTRIES),
    state=st.builds(
        EntryState,
        mmr=st.integers(500, 3_000),
        games_won=counts,
        games_lost=counts,
        games_drawn=counts,
        last_played_us=st.none() | st.integers(1, 1_000 * MICROSECONDS_PER_DAY),
    ),
)
sets = st.builds(SetByHand, who=st.integers(1, ENTRIES), mmr=st.integers(500, 3_000))
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
