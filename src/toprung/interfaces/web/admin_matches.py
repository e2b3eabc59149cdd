"""Correcting finished matches and recomputing ratings over HTTP; the guard checked the token."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from toprung.application.admin_service import Administration
from toprung.application.rating_service import REASON_MAX_CODE_POINTS, CorrectionOutcome
from toprung.domain.match import MatchId, MatchResult
from toprung.interfaces.web.api import json_response
from toprung.interfaces.web.openapi import error_answers

MATCH_ID_MAX: Final = 2**63 - 1
ACTOR_MAX_CODE_POINTS: Final = 100


class CorrectionBody(BaseModel):
    """How a finished match is to count: a result, or null for void. A preview changes nothing and needs no reason."""

    model_config = ConfigDict(extra="forbid")

    result: MatchResult | None
    reason: Annotated[str, Field(max_length=REASON_MAX_CODE_POINTS)] = ""
    actor: Annotated[str, Field(min_length=1, max_length=ACTOR_MAX_CODE_POINTS)] = "api"
    preview: bool = False


class MoveAnswer(BaseModel):
    """What the correction does to one entry in the end."""

    entry_id: str
    player_name: str
    race: str
    mmr_before: int
    mmr_after: int


class CorrectionAnswer(BaseModel):
    """What a correction does: the largest move first. `rated_anew` counts the journal rows that get a new revision."""

    match_id: str
    before: MatchResult | None
    after: MatchResult | None
    moves: list[MoveAnswer]
    rated_anew: int


class RecomputeAnswer(BaseModel):
    """How many entries came out otherwise; none on a ladder in order."""

    entries_changed: int


def add_match_routes(router: APIRouter, administration: Administration) -> None:
    """Adds the routes."""

    @router.post(
        "/matches/{match_id}/correction",
        summary="Judge a finished match anew, or see what that would do",
        response_model=CorrectionAnswer,
        responses=error_answers(404, 409),
    )
    async def correct(match_id: Annotated[int, Path(ge=1, le=MATCH_ID_MAX)], body: CorrectionBody) -> Response:
        match = MatchId(match_id)
        if body.preview:
            return _outcome_json(await administration.preview_correction(match, body.result))
        outcome = await administration.correct_match(match, body.result, reason=body.reason, actor=body.actor)
        return _outcome_json(outcome)

    @router.post(
        "/ratings/recompute",
        summary="Play the rating log again",
        response_model=RecomputeAnswer,
        responses=error_answers(409),
    )
    async def recompute() -> Response:
        return json_response({"entries_changed": await administration.recompute_ratings(lambda _done, _total: None)})


def _outcome_json(outcome: CorrectionOutcome) -> Response:
    return json_response(
        {
            "match_id": str(outcome.match_id),
            "before": outcome.before,
            "after": outcome.after,
            "moves": [
                {
                    "entry_id": str(move.entry_id),
                    "player_name": move.player_name,
                    "race": move.race,
                    "mmr_before": move.mmr_before,
                    "mmr_after": move.mmr_after,
                }
                for move in outcome.moves
            ],
            "rated_anew": outcome.rated_anew,
        }
    )
