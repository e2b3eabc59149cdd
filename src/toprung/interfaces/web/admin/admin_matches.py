"""Looking at matches over HTTP; the guard checked the token."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from toprung.application.matches.match_history import MatchHistory
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import MatchId, MatchState
from toprung.interfaces.match_shapes import match_json
from toprung.interfaces.web.api.api import json_response
from toprung.interfaces.web.api.match_answers import MatchAnswer, MatchesAnswer, WhyAnswer
from toprung.interfaces.web.api.openapi import error_answers
from toprung.interfaces.web.api.paging import PageAsked

MATCH_ID_MAX: Final = 2**63 - 1


class MatchesAsked(PageAsked):
    """Which matches to list."""

    state: Annotated[
        list[MatchState], Field(default_factory=list, description="Only in this state; repeat it for several.")
    ]
    player: Annotated[str | None, Field(min_length=1, max_length=200, description="Only this player's.")] = None


_MatchNumber = Annotated[int, Path(ge=1, le=MATCH_ID_MAX)]


def add_match_routes(router: APIRouter, matches: MatchHistory, catalog: Catalog) -> None:
    """Adds the routes."""

    @router.get("/matches", summary="The latest matches", response_model=MatchesAnswer, responses=error_answers(404))
    async def latest(asked: Annotated[MatchesAsked, Query()]) -> Response:
        page = await matches.latest(asked.limit, asked.player, asked.state, asked.cursor)
        return json_response({"matches": [match_json(view, catalog) for view in page.rows], "next": page.next})

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
