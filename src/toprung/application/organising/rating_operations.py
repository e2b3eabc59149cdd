"""What organisers do to ratings and seasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from toprung.application.organising.operation import (
    AT_A_TERMINAL,
    EVERYWHERE,
    Body,
    Carries,
    Desk,
    Foreseeable,
    Operation,
    PlayerName,
    Route,
    Spec,
    Taken,
)
from toprung.application.ports.progress import Progress
from toprung.application.ratings.rating_adjustment import GIVEN_DEVIATION_MAX, RatingSetOutcome
from toprung.application.ratings.season_service import SeasonStarted
from toprung.application.ratings.system_service import SystemChange
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.ratings.engines.linked_engine import GIVEN_DEVIATION_MIN
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN
from toprung.domain.ratings.rating_system import RATING_SYSTEMS
from toprung.domain.ratings.season import (
    NAME_MAX_CODE_POINTS,
    RESET_DEVIATION_DEFAULT,
    RESET_DEVIATION_MAX,
    LadderSeason,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRating(Foreseeable[RatingSetOutcome, RatingSetOutcome]):
    """Sets a player's rating by hand."""

    name: PlayerName
    race: Annotated[str, Taken(min_length=1, max_length=32)]
    mmr: Annotated[int, Taken(ge=MMR_MIN, le=MMR_MAX)]
    deviation: Annotated[
        float | None,
        Taken(
            ge=GIVEN_DEVIATION_MIN,
            le=GIVEN_DEVIATION_MAX,
            description="By how many points the number may be off; without it, what the rating system usually takes.",
        ),
    ] = None

    async def carry_out(self, desk: Desk, tell: Progress) -> RatingSetOutcome:
        """See `RatingAdjustment.set_rating`."""
        player = await desk.players.by_name(self.name)
        return await desk.adjustment.set_rating(player.id, self.race, self.mmr, self.by, self.deviation)

    async def preview(self, desk: Desk) -> RatingSetOutcome:
        """See `RatingAdjustment.preview`."""
        player = await desk.players.by_name(self.name)
        return await desk.adjustment.preview(player.id, self.race, self.mmr, self.deviation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """How many entries came out otherwise, none on a ladder in order, and how many did not."""

    entries_changed: int
    entries_unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputeRatings(Operation[Recomputed]):
    """Plays the whole rating log again."""

    async def carry_out(self, desk: Desk, tell: Progress) -> Recomputed:
        """See `RatingService.recompute`."""
        counts = await desk.ratings.recompute(tell, self.by)
        return Recomputed(entries_changed=counts.changed, entries_unchanged=counts.unchanged)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRatingSystem(Foreseeable[SystemChange, SystemChange]):
    """Rates the ladder by another system or by other constants, all games anew."""

    system: Annotated[str, Taken(min_length=1, max_length=16, examples=RATING_SYSTEMS)]
    constants: Annotated[
        Mapping[str, float], Taken(description="The constants that are not to be the usual ones, by name.")
    ] = field(default_factory=dict)

    async def carry_out(self, desk: Desk, tell: Progress) -> SystemChange:
        """See `RatingSystemService.change`."""
        return await desk.systems.change(self.system, self.constants, tell, self.by)

    async def preview(self, desk: Desk) -> SystemChange:
        """See `RatingSystemService.preview`."""
        return await desk.systems.preview(self.system, self.constants)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSeason(Operation[SeasonStarted]):
    """Starts a season, with a soft reset of deviations unless `reset_deviation` is None."""

    code: Annotated[str, Taken(min_length=1, max_length=32)]
    name: Annotated[str, Taken(min_length=1, max_length=NAME_MAX_CODE_POINTS)]
    reset_deviation: Annotated[float | None, Taken(gt=0, le=RESET_DEVIATION_MAX)] = RESET_DEVIATION_DEFAULT

    async def carry_out(self, desk: Desk, tell: Progress) -> SeasonStarted:
        """See `SeasonService.start`."""
        return await desk.seasons.start(self.code, self.name, reset_to=self.reset_deviation, by=self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSeason(Operation[LadderSeason]):
    """Ends the season that runs."""

    async def carry_out(self, desk: Desk, tell: Progress) -> LadderSeason:
        """See `SeasonService.end`."""
        return await desk.seasons.end(self.by)


RATING_OPERATIONS: tuple[Spec, ...] = (
    Spec(
        kind=SetRating,
        actions=frozenset({"set_rating"}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/players/rating",
            name="set_rating",
            summary="Set a player's rating by hand, or see what that would do",
            refusals=(NotFound, Conflict),
            body=Body(
                name="RatingBody",
                description=(
                    "What a player's rating with a race is to be. A preview changes nothing and needs no reason."
                ),
            ),
            previews=True,
            takes_long=True,
        ),
        moves_ratings=True,
    ),
    Spec(
        kind=RecomputeRatings,
        actions=frozenset({"recompute"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/ratings/recompute",
            name="recompute",
            summary="Play the rating log again",
            refusals=(Conflict,),
            body=Body(
                name="AttributedBody",
                description="Who does something as an organiser, and why; the audit keeps both.",
            ),
            carries=Carries.JSON_OR_NOTHING,
            takes_long=True,
        ),
        moves_ratings=True,
        makes_copy=True,
    ),
    Spec(
        kind=ChangeRatingSystem,
        actions=frozenset({"change_rating_system"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/ratings/system",
            name="change_rating_system",
            summary="Rate the ladder by another system or other constants, or see what that would do",
            refusals=(Conflict,),
            body=Body(
                name="RatingSystemBody",
                description=(
                    "What the ladder is to be rated by, all games anew. A preview changes nothing and needs no reason."
                ),
            ),
            previews=True,
            takes_long=True,
        ),
        moves_ratings=True,
        makes_copy=True,
    ),
    Spec(
        kind=StartSeason,
        actions=frozenset({"start_season"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/seasons/start",
            name="start_season",
            summary="Start a season",
            refusals=(Conflict,),
            body=Body(
                name="SeasonStartBody",
                description="A season to start; `reset_deviation` is null for no reset.",
            ),
            needs_reason=True,
            takes_long=True,
        ),
    ),
    Spec(
        kind=EndSeason,
        actions=frozenset({"end_season"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/seasons/end",
            name="end_season",
            summary="End the season that runs",
            refusals=(Conflict,),
            body=Body(name="SeasonEndBody", description="Why the season that runs ends."),
            needs_reason=True,
            takes_long=True,
        ),
    ),
)
