"""Servers for the client of the admin API: a whole ladder, or one that answers as it is told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.web.door.refusals import plain_refusals
from tests.support.intake import REPLAY_BYTES_MAX
from toprung.adapters.admin_client import AdminClient
from toprung.application.organising.operations import Administration
from toprung.application.writing.audit import Attribution
from toprung.interfaces.cli.terminal.builder import Options
from toprung.interfaces.texts.texts import load_texts
from toprung.interfaces.web.admin.admin_api import admin_router
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.door.admin_token import AdminToken
from toprung.interfaces.web.door.errors import add_error_handlers
from toprung.interfaces.web.door.security import AdminGuard
from toprung.interfaces.web.door.speech import Speeches

ADDRESS = "http://127.0.0.1:8123"
TOKEN = "let-me-in-since-I-may"
API = Attribution(actor="api")
ANN = Attribution(actor="cli:ann", reason="왜 & why")
GAME = (
    "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2\n"
    "2026-02-28T10:00:00Z,7,Maru,Serral,2,1,sc2_terran,sc2_zerg\n"
)


@asynccontextmanager
async def client_of(ladder: Ladder, token: str = TOKEN) -> AsyncIterator[Administration]:
    """A client of the real admin API in front of this ladder."""
    async with ladder.reading(Options()) as reading:
        app = FastAPI()
        refusals = plain_refusals()
        add_error_handlers(app, refusals)
        intake = ladder.intake
        router = admin_router(
            reading.ladder.administration,
            reading.ladder.matches,
            reading.ladder.audit,
            reading.ladder.watch,
            catalog=reading.ladder.catalog,
            intake=intake.service,
            jobs=intake.jobs,
            upload_limits=UploadLimits(bytes_max=REPLAY_BYTES_MAX),
            speeches=Speeches(load_texts()),
        )
        app.include_router(router)
        app.add_middleware(AdminGuard, token=AdminToken(TOKEN), refusals=refusals)
        async with AdminClient(ADDRESS, token, httpx.ASGITransport(app)) as client:
            yield client


def answering(answer: Callable[[Request], Response]) -> AdminClient:
    """A client of a server that answers every request so."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(Request(scope, receive))(scope, receive, send)

    served: ASGIApp = app
    return AdminClient(ADDRESS + "/", TOKEN, httpx.ASGITransport(served))


def lines(*texts: str) -> Callable[[Request], Response]:
    """A server whose answer to an import is these pieces."""
    return lambda _request: StreamingResponse(
        iter([text.encode() for text in texts]), media_type="application/x-ndjson"
    )


def no_progress(done: int, total: int) -> None:
    pass
