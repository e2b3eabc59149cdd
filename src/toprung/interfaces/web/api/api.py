"""The public JSON API: the leaderboard, players by name, where a player stands."""

import hashlib
from typing import Final

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from toprung.application.ladder import Ladder
from toprung.application.leaderboard.leaderboard_service import (
    SEARCH_RESULTS_MAX,
    SEARCH_TEXT_MAX_CODE_POINTS,
    LeaderboardService,
)
from toprung.application.matches.match_history import MatchHistory
from toprung.application.ratings.season_service import SeasonService
from toprung.domain.errors import InvalidInput, NotFound
from toprung.interfaces.match_shapes import head_to_head_json
from toprung.interfaces.shapes import leaderboard_json, row_json, season_json
from toprung.interfaces.web.api.openapi import (
    ETAG_HEADER,
    HeadToHeadAnswer,
    LeaderboardAnswer,
    PlayersAnswer,
    Schema,
    SeasonsAnswer,
    StandingAnswer,
    error_answers,
    filter_parameters,
    if_none_match_parameter,
    movement_parameter,
    page_parameter,
    page_size_parameter,
    past_parameters,
    player_id_parameter,
    search_parameters,
)
from toprung.interfaces.web.leaderboard.filters import (
    API_LEADERBOARD,
    API_STANDING,
    FilterReader,
    parse_player_id,
)
from toprung.interfaces.web.leaderboard.parameters import whole
from toprung.interfaces.web.site.kept import has_match

SEARCH_LIMIT_DEFAULT: Final = 10
REVALIDATE: Final = "no-cache"

_SEARCH: Final = frozenset({"search", "limit"})


def json_response(value: object, headers: dict[str, str] | None = None) -> Response:
    """A value as JSON, encoded once and straight to bytes."""
    return Response(msgspec.json.encode(value), media_type="application/json", headers=headers)


def board_etag(version: str, board_fingerprint: str) -> str:
    """The tag of a version of a board with certain settings: weak, since what is sent may be compressed or not."""
    settings = hashlib.sha256(board_fingerprint.encode()).hexdigest()[:12]
    return f'W/"{version}-{settings}"'


def api_router(ladder: Ladder, reader: FilterReader) -> APIRouter:
    """The routes under `/api/v1` that anybody may ask."""
    router = APIRouter(prefix="/api/v1", tags=["leaderboard"], responses=error_answers(429))
    filters = filter_parameters(ladder.catalog, ladder.countries)
    _add_leaderboard(router, ladder, reader, filters)
    _add_players(router, ladder.leaderboard)
    _add_standing(router, ladder.leaderboard, reader, filters)
    _add_head_to_head(router, ladder.matches)
    _add_seasons(router, ladder.seasons)
    return router


def _add_leaderboard(router: APIRouter, ladder: Ladder, reader: FilterReader, filters: list[Schema]) -> None:
    leaderboard = ladder.leaderboard

    @router.get(
        "/leaderboard",
        summary="One page of the leaderboard",
        response_model=LeaderboardAnswer,
        responses={
            200: {"headers": ETAG_HEADER},
            304: {"description": "The version that the client has is the latest.", "headers": ETAG_HEADER},
            **error_answers(422, 503),
        },
        openapi_extra={
            "parameters": [
                *filters,
                *past_parameters(),
                movement_parameter(),
                page_parameter(),
                page_size_parameter(),
                if_none_match_parameter(),
            ]
        },
    )
    async def get_leaderboard(request: Request) -> Response:
        state = reader.read(request.query_params.multi_items(), API_LEADERBOARD)
        known = request.headers.get("if-none-match")
        if state.past is None and state.movement_since is None:  # then the tag costs nothing, and a page may be spared
            etag = board_etag(await leaderboard.tag(), ladder.board_fingerprint)
            if has_match(known, etag):
                return _unchanged(etag)
        page = await leaderboard.get_leaderboard_data(
            filters=state.filters, **state.look, current_page=state.page, page_size=state.page_size
        )
        etag = board_etag(page.tag, ladder.board_fingerprint)
        if has_match(known, etag):
            return _unchanged(etag)
        return json_response(leaderboard_json(page), {"ETag": etag, "Cache-Control": REVALIDATE})


def _unchanged(etag: str) -> Response:
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": REVALIDATE})


def _add_players(router: APIRouter, leaderboard: LeaderboardService) -> None:
    @router.get(
        "/players",
        summary="Players by name",
        response_model=PlayersAnswer,
        responses=error_answers(422, 503),
        openapi_extra={
            "parameters": search_parameters(SEARCH_TEXT_MAX_CODE_POINTS, SEARCH_RESULTS_MAX, SEARCH_LIMIT_DEFAULT)
        },
    )
    async def get_players(request: Request) -> Response:
        items = request.query_params.multi_items()
        for name, _ in items:
            if name not in _SEARCH or len([item for item in items if item[0] == name]) > 1:
                raise InvalidInput(
                    name[:40],
                    "{name} is unknown here, or there twice; use search and limit.",
                    "search_parameter",
                    name=ascii(name[:40]),
                )
        given = dict(items)
        if not given.get("search"):
            raise InvalidInput("search", "Say what to search for: a name or a part of one.", "search_empty")
        limit = whole(given, "limit", 1, SEARCH_RESULTS_MAX) or SEARCH_LIMIT_DEFAULT
        found = await leaderboard.search_players(given["search"], limit=limit)
        players = [
            {
                "player_id": str(player.player_id),
                "player_name": player.player_name,
                "country": player.country,
                "is_listed": player.is_listed,
            }
            for player in found
        ]
        return json_response({"players": players}, {"Cache-Control": REVALIDATE})


def _add_standing(
    router: APIRouter, leaderboard: LeaderboardService, reader: FilterReader, filters: list[Schema]
) -> None:
    @router.get(
        "/players/{player_id}/standing",
        summary="The page and the row that a player has under the filters",
        response_model=StandingAnswer,
        responses=error_answers(404, 422, 503),
        openapi_extra={"parameters": [player_id_parameter(), *filters, *past_parameters(), page_size_parameter()]},
    )
    async def get_standing(request: Request) -> Response:
        player_id = parse_player_id(request.path_params["player_id"])
        state = reader.read(request.query_params.multi_items(), API_STANDING)
        standing = await leaderboard.find_player(player_id, state.filters, page_size=state.page_size, past=state.past)
        if standing is None:
            raise NotFound(
                "No entry of player {number} is listed under these filters.", "standing", number=str(player_id)
            )
        answer = {
            "page": standing.page,
            "player": row_json(standing.row),
            "version": await leaderboard.version(),
        }
        return json_response(answer, {"Cache-Control": REVALIDATE})


def _add_head_to_head(router: APIRouter, matches: MatchHistory) -> None:
    opponent = player_id_parameter("opponent_id", "The opponent's id.")

    @router.get(
        "/players/{player_id}/head-to-head/{opponent_id}",
        summary="The games between two players",
        response_model=HeadToHeadAnswer,
        responses=error_answers(404, 409, 422, 503),
        openapi_extra={"parameters": [player_id_parameter(), opponent]},
    )
    async def get_head_to_head(request: Request) -> Response:
        player_id = parse_player_id(request.path_params["player_id"])
        opponent_id = parse_player_id(request.path_params["opponent_id"], "opponent_id")
        rivals = await matches.head_to_head(player_id, opponent_id)
        return json_response(head_to_head_json(rivals), {"Cache-Control": REVALIDATE})


def _add_seasons(router: APIRouter, seasons: SeasonService) -> None:
    @router.get(
        "/seasons",
        summary="The seasons of the ladder",
        response_model=SeasonsAnswer,
        responses=error_answers(503),
    )
    async def get_seasons() -> Response:
        told = [season_json(season) for season in await seasons.all()]
        return json_response({"seasons": told}, {"Cache-Control": REVALIDATE})
