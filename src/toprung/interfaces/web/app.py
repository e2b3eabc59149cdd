"""The web site put together: pages, the public API, the admin API, events, health, metrics."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.responses import Response

from toprung.application.ladder import Ladder
from toprung.interfaces.texts.texts import load_texts
from toprung.interfaces.web.admin.admin_api import admin_router
from toprung.interfaces.web.admin.admin_pool import PoolHealthSource, no_pool
from toprung.interfaces.web.api.api import api_router, json_response
from toprung.interfaces.web.api.openapi import DESCRIPTION, HealthAnswer
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.door.admin_token import AdminToken
from toprung.interfaces.web.door.errors import InternalErrors, Refusals, add_error_handlers
from toprung.interfaces.web.door.front_door import DoorRules, Forwarded, FrontDoor
from toprung.interfaces.web.door.request_bodies import BodyLimits, RequestBodies
from toprung.interfaces.web.door.security import AdminGuard, DeclaredBodyLimit, SecurityHeaders
from toprung.interfaces.web.door.speech import Speeches
from toprung.interfaces.web.leaderboard.filters import FilterReader
from toprung.interfaces.web.leaderboard.pages import KeptPages, LeaderboardPages, Templates, pages_router
from toprung.interfaces.web.site.assets import Assets
from toprung.interfaces.web.site.kept import COMPRESS_FROM_BYTES, Keeper
from toprung.interfaces.web.site.live import BoardHub, live_router

API_VERSION: Final = "1"
COMPRESS_LEVEL: Final = 5

Health = Callable[[], dict[str, object]]
Metrics = Callable[[], tuple[bytes, str]]
"""What is measured, as the body of a response and its content type."""


def create_app(
    ladder: Ladder,
    *,
    hub: BoardHub,
    upload_limits: UploadLimits,
    admin_token: str,
    health: Health,
    metrics: Metrics,
    pool_health: PoolHealthSource = no_pool,
    door: DoorRules | None = None,
    body_limits: BodyLimits | None = None,
    keeper: Keeper | None = None,
) -> FastAPI:
    """The site as an ASGI application. Raises ValueError for a token that is too weak.

    Whoever serves it lets the hub follow the ladder, and calls `hub.close()` when the server is to stop, so that open
    event streams do not hold it up.
    """
    door = door or DoorRules()
    token = AdminToken(admin_token, wrong_max=door.wrong_tokens_max)
    assets = Assets()
    templates = Templates(ladder, assets, site_url=door.site_url)
    texts = load_texts()
    speeches = Speeches(texts)
    refusals = Refusals(templates.error, speeches)
    app = FastAPI(
        title=f"Toprung: {ladder.catalog.name}",
        version=API_VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        servers=None if door.site_url is None else [{"url": door.site_url}],
    )
    app.include_router(api_router(ladder, FilterReader(catalog=ladder.catalog, countries=ladder.countries)))
    app.include_router(
        admin_router(
            ladder.administration,
            ladder.matches,
            ladder.audit,
            ladder.watch,
            catalog=ladder.catalog,
            intake=ladder.intake,
            jobs=ladder.jobs,
            upload_limits=upload_limits,
            speeches=speeches,
            pool_health=pool_health,
        )
    )
    pages = LeaderboardPages(ladder, hub, templates, assets, Keeper() if keeper is None else keeper, texts)
    app.include_router(pages_router(pages, assets))
    app.include_router(live_router(hub))
    app.include_router(_operations_router(health, metrics))
    add_error_handlers(app, refusals)
    # The last one added sees a request first.
    app.add_middleware(DeclaredBodyLimit, upload_bytes_max=upload_limits.bytes_max, refusals=refusals)
    app.add_middleware(AdminGuard, token=token, refusals=refusals)
    app.add_middleware(
        GZipMiddleware,
        minimum_size=COMPRESS_FROM_BYTES,
        compresslevel=COMPRESS_LEVEL,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/x-ndjson"),
    )
    app.add_middleware(KeptPages, pages=pages, refusals=refusals)
    app.add_middleware(InternalErrors, refusals=refusals)
    app.add_middleware(FrontDoor, rules=door, token=token, refusals=refusals)
    app.add_middleware(RequestBodies, limits=body_limits or BodyLimits())
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Forwarded, proxies=door.proxies)
    return app


def _operations_router(health: Health, metrics: Metrics) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/healthz",
        tags=["operations"],
        summary="Whether the ladder works",
        response_model=HealthAnswer,
        responses={503: {"model": HealthAnswer, "description": "It does not; `status` says what is wrong."}},
    )
    async def get_health() -> Response:
        state: dict[str, object] = {"status": "ok", "serves": True, **health()}
        response = json_response(state)
        response.status_code = 200 if state["serves"] else 503
        return response

    @router.get("/metrics", include_in_schema=False)
    async def get_metrics() -> Response:
        body, content_type = metrics()
        return Response(body, headers={"Content-Type": content_type})

    return router
