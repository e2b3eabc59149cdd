"""What organisers do about matches: open them, act for a player, judge them."""

from dataclasses import dataclass
from typing import Annotated

from toprung.application.matches.match_lifecycle import SOURCE_KEY_MAX_CODE_POINTS
from toprung.application.organising.operation import (
    EVERYWHERE,
    Body,
    Desk,
    Foreseeable,
    Operation,
    PlayerName,
    Route,
    Spec,
    Taken,
)
from toprung.application.ports.progress import Progress
from toprung.application.ratings.rating_service import CorrectionOutcome
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.matches.match import Match, MatchId, MatchResult, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import Step

RaceCode = Annotated[str, Taken(min_length=1, max_length=40, examples=("sc2_zerg",))]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchNow:
    """A match, and the state that it has now."""

    match_id: MatchId
    state: MatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMatch(Operation[MatchNow]):
    """Opens a match for two players to play, each by name and race; the same key again gives the same match."""

    player_1: PlayerName
    race_1: RaceCode
    player_2: PlayerName
    race_2: RaceCode
    map_name: Annotated[str | None, Taken(max_length=100)] = None
    key: Annotated[str | None, Taken(min_length=1, max_length=SOURCE_KEY_MAX_CODE_POINTS)] = None

    async def carry_out(self, desk: Desk, tell: Progress) -> MatchNow:
        """See `MatchLifecycle.open`."""
        first, second = [
            Participant(player_id=(await desk.players.by_name(name)).id, race=race)
            for name, race in ((self.player_1, self.race_1), (self.player_2, self.race_2))
        ]
        opened = await desk.lifecycle.open(first, second, source_key=self.key, map_name=self.map_name, by=self.by)
        return MatchNow(match_id=opened.id, state=opened.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForeseen:
    """A match as it is, as a step would leave it, and what its result would do to ratings, if it has one then."""

    before: Match
    after: Match
    rated: CorrectionOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActForPlayer(Foreseeable[MatchNow, StepForeseen]):
    """Does for a player what the player may do about a match; `outcome` is what a report says."""

    match_id: MatchId
    player: PlayerName
    step: Annotated[Step, Taken(description="confirm, abort, report, withdraw or cancel")]
    outcome: Outcome | None = None

    async def carry_out(self, desk: Desk, tell: Progress) -> MatchNow:
        """See `MatchLifecycle.act`."""
        player = await desk.players.by_name(self.player)
        after = await desk.lifecycle.act(self.match_id, player.id, self.step, self.outcome, self.by)
        return MatchNow(match_id=after.id, state=after.state)

    async def preview(self, desk: Desk) -> StepForeseen:
        """See `MatchLifecycle.foresee`."""
        player = await desk.players.by_name(self.player)
        before, after = await desk.lifecycle.foresee(self.match_id, player.id, self.step, self.outcome)
        result = after.standing_result
        rated = None if result is None else await desk.ratings.preview(self.match_id, result)
        return StepForeseen(before=before, after=after, rated=rated)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectMatch(Foreseeable[CorrectionOutcome, CorrectionOutcome]):
    """Judges a match (None: void), with everything that follows from it."""

    match_id: MatchId
    result: MatchResult | None

    async def carry_out(self, desk: Desk, tell: Progress) -> CorrectionOutcome:
        """See `RatingService.correct`."""
        return await desk.ratings.correct(self.match_id, self.result, self.by)

    async def preview(self, desk: Desk) -> CorrectionOutcome:
        """See `RatingService.preview`."""
        return await desk.ratings.preview(self.match_id, self.result)


MATCH_OPERATIONS: tuple[Spec, ...] = (
    Spec(
        kind=OpenMatch,
        actions=frozenset({"open_match"}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/open-match",
            name="open_match",
            summary="Open a match",
            refusals=(NotFound, Conflict),
            body=Body(
                name="NewMatchBody",
                description=(
                    "Two players and the races they are to play. The same key again gives the match that there is."
                ),
            ),
            takes_long=True,
        ),
    ),
    Spec(
        kind=ActForPlayer,
        actions=frozenset({Step.CONFIRM, Step.ABORT, Step.REPORT, Step.WITHDRAW, Step.CANCEL}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/matches/{match_id}/steps",
            name="act",
            summary="Do for a player what the player may do about a match",
            refusals=(NotFound, Conflict),
            body=Body(
                name="StepBody",
                description=(
                    "What a player does about a match. A report has an outcome, as the player says it; nothing else "
                    "has one."
                ),
            ),
            takes_long=True,
        ),
        moves_ratings=True,
    ),
    Spec(
        kind=CorrectMatch,
        actions=frozenset({"correct_match"}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/matches/{match_id}/correction",
            name="correct",
            summary="Judge a match, or see what that would do",
            refusals=(NotFound, Conflict),
            body=Body(
                name="CorrectionBody",
                description=(
                    "How a finished match is to count: a result, or null for void. A preview changes nothing and "
                    "needs no reason."
                ),
            ),
            previews=True,
            takes_long=True,
        ),
        moves_ratings=True,
    ),
)
