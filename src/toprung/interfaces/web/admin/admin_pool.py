"""How the replay pool is, over HTTP; the guard checked the token."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from toprung.application.replays.pool_health import NO_POOL, PoolHealth
from toprung.interfaces.web.api.api import json_response

PoolHealthSource = Callable[[], PoolHealth]


def no_pool() -> PoolHealth:
    """What a site without a replay pool says of it."""
    return NO_POOL


def add_pool_route(router: APIRouter, pool_health: PoolHealthSource) -> None:
    """Adds the route."""

    @router.get("/pool", summary="How the processes that read replays are", response_model=PoolHealth)
    async def get_pool() -> Response:
        return json_response(pool_health())
