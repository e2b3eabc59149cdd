"""Matches over HTTP: opening, playing for a player, looking, correcting; the guard checked the token."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from toprung.application.matches.match_history import LISTED_MAX, MatchHistory
from toprung.application.matches.match_lifecycle import SOURCE_KEY_MAX_CODE_POINTS
from toprung.application.organising.admin_service import Administration
from toprung.application.ratings.rating_service import CorrectionOutcome
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import MatchId, MatchResult, MatchState, Outcome
from toprung.domain.matches.match_life import Step
from toprung.interfaces.match_shapes import match_json
from toprung.interfaces.web.api.api import json_response
from toprung.interfaces.web.api.match_answers import MatchAnswer, MatchesAnswer, WhyAnswer
from toprung.interfaces.web.api.openapi import PLAYER_ID_PATTERN, AttributedBody, CodeText, Name, error_answers

MATCH_ID_MAX: Final = 2**63 - 1


class MatchesAsked(BaseModel):
    """Which matches to list."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[list[MatchState], Field(description="Only in this state; repeat it for several.")] = []
    player: Annotated[str | None, Field(min_length=1, max_length=200, description="Only this player's.")] = None
    limit: Annotated[int, Field(ge=1, le=LISTED_MAX)] = 20


class NewMatchBody(AttributedBody):
    """Two players and the races they are to play. The same key again gives the match that there is."""

    player_1: Name
    race_1: CodeText
    player_2: Name
    race_2: CodeText
    map_name: Annotated[str | None, Field(max_length=100)] = None
    key: Annotated[str | None, Field(min_length=1, max_length=SOURCE_KEY_MAX_CODE_POINTS)] = None


class StepBody(AttributedBody):
    """What a player does about a match. A report has an outcome, as the player says it; nothing else has one."""

    player: Name
    step: Annotated[Step, Field(description="confirm, abort, report, withdraw or cancel")]
    outcome: Outcome | None = None


class CorrectionBody(AttributedBody):
    """How a finished match is to count: a result, or null for void. A preview changes nothing and needs no reason."""

    result: MatchResult | None
    preview: bool = False


class MoveAnswer(BaseModel):
    """What the correction does to one entry in the end."""

    entry_id: str | None
    player_id: str = Field(pattern=PLAYER_ID_PATTERN)
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
    """How many entries came out otherwise, none on a ladder in order, and how many did not."""

    entries_changed: int
    entries_unchanged: int


_MatchNumber = Annotated[int, Path(ge=1, le=MATCH_ID_MAX)]


def add_match_routes(
    router: APIRouter, administration: Administration, matches: MatchHistory, catalog: Catalog
) -> None:
    """Adds the routes."""
    _add_looking(router, matches, catalog)
    _add_playing(router, administration, matches, catalog)
    _add_judging(router, administration)


def _add_looking(router: APIRouter, matches: MatchHistory, catalog: Catalog) -> None:
    @router.get("/matches", summary="The latest matches", response_model=MatchesAnswer, responses=error_answers(404))
    async def latest(asked: Annotated[MatchesAsked, Query()]) -> Response:
        views = await matches.latest(asked.limit, asked.player, asked.state)
        return json_response({"matches": [match_json(view, catalog) for view in views]})

    @router.get("/matches/{match_id}", summary="One match", response_model=MatchAnswer, responses=error_answers(404))
    async def one(match_id: _MatchNumber) -> Response:
        return json_response(match_json(await matches.get(MatchId(match_id)), catalog))

    @router.get(
        "/matches/{match_id}/why",
        summary="Why a match changed two ratings as it did",
        response_model=WhyAnswer,
        responses=error_answers(404, 409),
    )
    async def why(match_id: _MatchNumber) -> Response:
        view = await matches.get(MatchId(match_id))
        return json_response({"match_id": str(match_id), "sentences": view.explanation()})


def _add_playing(router: APIRouter, administration: Administration, matches: MatchHistory, catalog: Catalog) -> None:
    @router.post("/open-match", summary="Open a match", response_model=MatchAnswer, responses=error_answers(404, 409))
    async def open_match(body: NewMatchBody) -> Response:
        match_id = await administration.open_match(
            (body.player_1, body.race_1),
            (body.player_2, body.race_2),
            key=body.key,
            map_name=body.map_name,
            by=body.by(),
        )
        return json_response(match_json(await matches.get(match_id), catalog))

    @router.post(
        "/matches/{match_id}/steps",
        summary="Do for a player what the player may do about a match",
        response_model=MatchAnswer,
        responses=error_answers(404, 409),
    )
    async def act(match_id: _MatchNumber, body: StepBody) -> Response:
        await administration.act_on_match(MatchId(match_id), body.player, body.step, body.outcome, by=body.by())
        return json_response(match_json(await matches.get(MatchId(match_id)), catalog))


def _add_judging(router: APIRouter, administration: Administration) -> None:

    @router.post(
        "/matches/{match_id}/correction",
        summary="Judge a match, or see what that would do",
        response_model=CorrectionAnswer,
        responses=error_answers(404, 409),
    )
    async def correct(match_id: _MatchNumber, body: CorrectionBody) -> Response:
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
    async def recompute(body: AttributedBody | None = None) -> Response:
        by = (body or AttributedBody()).by()
        counts = await administration.recompute_ratings(lambda _done, _total: None, by)
        return json_response({"entries_changed": counts.changed, "entries_unchanged": counts.unchanged})


def _outcome_json(outcome: CorrectionOutcome) -> Response:
    return json_response(
        {
            "match_id": str(outcome.match_id),
            "before": outcome.before,
            "after": outcome.after,
            "moves": [
                {
                    "entry_id": None if move.entry_id is None else str(move.entry_id),
                    "player_id": str(move.player_id),
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
