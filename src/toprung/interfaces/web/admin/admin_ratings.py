"""Setting ratings by hand and running seasons over HTTP; the guard checked the token."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from toprung.application.organising.admin_service import Administration
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN
from toprung.domain.ratings.season import (
    NAME_MAX_CODE_POINTS,
    RESET_DEVIATION_DEFAULT,
    RESET_DEVIATION_MAX,
    LadderSeason,
)
from toprung.interfaces.shapes import season_json
from toprung.interfaces.web.api.api import json_response
from toprung.interfaces.web.api.openapi import ACTOR_MAX_CODE_POINTS, Name, SeasonAnswer, error_answers

_Reason = Annotated[str, Field(max_length=REASON_MAX_CODE_POINTS)]
_Actor = Annotated[str, Field(min_length=1, max_length=ACTOR_MAX_CODE_POINTS)]


class RatingBody(BaseModel):
    """What a player's rating with a race is to be. A preview changes nothing and needs no reason."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    race: Annotated[str, Field(min_length=1, max_length=32)]
    mmr: Annotated[int, Field(ge=MMR_MIN, le=MMR_MAX)]
    reason: _Reason = ""
    actor: _Actor = "api"
    preview: bool = False


class RatingSetAnswer(BaseModel):
    """What setting a rating does. What was before is null where there was no entry; deviations where there are none."""

    player_name: str
    race: str
    mmr_before: int | None
    mmr_after: int
    deviation_before: float | None
    deviation_after: float | None
    games_played: int


class SeasonStartBody(BaseModel):
    """A season to start; `reset_deviation` is null for no reset."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=32)]
    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX_CODE_POINTS)]
    reset_deviation: Annotated[float | None, Field(gt=0, le=RESET_DEVIATION_MAX)] = RESET_DEVIATION_DEFAULT
    reason: _Reason
    actor: _Actor = "api"


class SeasonEndBody(BaseModel):
    """Why the season that runs ends."""

    model_config = ConfigDict(extra="forbid")

    reason: _Reason
    actor: _Actor = "api"


class SeasonStartedAnswer(BaseModel):
    """The season that begins, and how many ratings it made less sure."""

    season: SeasonAnswer
    entries_reset: int


def add_rating_routes(router: APIRouter, administration: Administration) -> None:
    """Adds the routes."""

    @router.post(
        "/players/rating",
        summary="Set a player's rating by hand, or see what that would do",
        response_model=RatingSetAnswer,
        responses=error_answers(404, 409),
    )
    async def set_rating(body: RatingBody) -> Response:
        if body.preview:
            return json_response(asdict(await administration.preview_rating(body.name, body.race, body.mmr)))
        outcome = await administration.set_rating(body.name, body.race, body.mmr, reason=body.reason, actor=body.actor)
        return json_response(asdict(outcome))

    @router.post(
        "/seasons/start",
        summary="Start a season",
        response_model=SeasonStartedAnswer,
        responses=error_answers(409),
    )
    async def start_season(body: SeasonStartBody) -> Response:
        started = await administration.start_season(
            body.code, body.name, reset_to=body.reset_deviation, reason=body.reason, actor=body.actor
        )
        return json_response({"season": season_json(started.season), "entries_reset": started.entries_reset})

    @router.post(
        "/seasons/end",
        summary="End the season that runs",
        response_model=SeasonAnswer,
        responses=error_answers(409),
    )
    async def end_season(body: SeasonEndBody) -> Response:
        season: LadderSeason = await administration.end_season(reason=body.reason, actor=body.actor)
        return json_response(season_json(season))
