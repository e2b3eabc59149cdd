"""The organiser's operations over HTTP, for the command line beside a running server; the guard checked the token."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

import msgspec
import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPBearer
from starlette.responses import Response, StreamingResponse

from toprung.application.jobs.job_queue import JobHistory
from toprung.application.matches.match_history import MatchHistory
from toprung.application.organising.admin_service import Administration
from toprung.application.ports.progress import Progress
from toprung.application.replays.intake import Intake
from toprung.application.transfer.import_service import FILE_NAME_MAX_CODE_POINTS, ImportOrigin, ImportSummary
from toprung.application.writing.audit import Attribution, AuditLog
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS
from toprung.domain.errors import Conflict, InvalidInput, ToprungError
from toprung.domain.game.catalog import Catalog
from toprung.domain.players.player import Player
from toprung.interfaces.web.admin.admin_audit import add_audit_route
from toprung.interfaces.web.admin.admin_matches import add_match_routes
from toprung.interfaces.web.admin.admin_pool import PoolHealthSource, add_pool_route, no_pool
from toprung.interfaces.web.admin.admin_ratings import add_rating_routes
from toprung.interfaces.web.admin.admin_replays import add_job_routes, add_mod_route, add_replay_routes
from toprung.interfaces.web.api.api import json_response
from toprung.interfaces.web.api.openapi import (
    ACTOR_MAX_CODE_POINTS,
    AdminPlayerAnswer,
    CountryBody,
    NewPlayerBody,
    PardonAnswer,
    PlayerBody,
    RenameBody,
    error_answers,
)
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.door.errors import error_body, internal_error_body
from toprung.interfaces.web.door.security import ADMIN_PREFIX, BODY_MAX_BYTES, IMPORT_BODY_MAX_BYTES

PROGRESS_INTERVAL_SECONDS: Final = 0.1
SOURCE_MAX_CODE_POINTS: Final = 100

_log = structlog.get_logger(__name__)

Import = Callable[[Progress], Awaitable[ImportSummary]]


class ImportStream:
    """One import at a time, told line by line: some `progress`, then exactly one `summary` or `error`.

    An import that has begun is finished even where the client goes away: its transaction is all or none anyway.
    """

    def __init__(self) -> None:
        self._running: asyncio.Task[ImportSummary] | None = None

    def start(self, run: Import) -> AsyncGenerator[bytes, None]:
        """Begins an import and gives its lines. Raises `Conflict` while another one runs."""
        if self._running is not None:
            raise Conflict("Another import is running; wait until it is done.")
        feed = _ProgressFeed(asyncio.get_running_loop())
        self._running = asyncio.ensure_future(run(feed.tell))
        self._running.add_done_callback(self._finished)
        return _lines(self._running, feed)

    def _finished(self, task: asyncio.Task[ImportSummary]) -> None:
        self._running = None
        if not task.cancelled():
            task.exception()  # whoever reads the stream is told of it; nobody may be reading any more


class _ProgressFeed:
    """The latest progress, told from any thread and read in the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._latest: tuple[int, int] | None = None
        self.has_news = asyncio.Event()

    def tell(self, done: int, total: int) -> None:
        """Notes how far the import is."""
        self._loop.call_soon_threadsafe(self._note, done, total)

    def _note(self, done: int, total: int) -> None:
        self._latest = (done, total)
        self.has_news.set()

    def take(self) -> tuple[int, int] | None:
        """What was told since the last time."""
        latest, self._latest = self._latest, None
        self.has_news.clear()
        return latest


async def _lines(task: asyncio.Task[ImportSummary], feed: _ProgressFeed) -> AsyncGenerator[bytes, None]:
    while not task.done():
        news = asyncio.ensure_future(feed.has_news.wait())
        try:
            await asyncio.wait({task, news}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        progress = feed.take()
        if progress is not None:
            yield _line({"progress": progress})
            await asyncio.wait({task}, timeout=PROGRESS_INTERVAL_SECONDS)
    progress = feed.take()
    if progress is not None:
        yield _line({"progress": progress})
    yield _line(_outcome(task))


def _outcome(task: asyncio.Task[ImportSummary]) -> Mapping[str, object]:
    try:
        summary = task.result()
    except ToprungError as error:
        return {"error": _with_problems(error_body(error))}
    except Exception:  # noqa: BLE001 - the status line is sent already, so the last line has to say it
        _log.exception("import_failed")
        return {"error": _with_problems(internal_error_body())}
    return {
        "summary": {
            "rows": summary.rows,
            "players": asdict(summary.players),
            "ratings": asdict(summary.ratings),
            "matches": asdict(summary.matches),
            "backup": summary.backup,
        }
    }


def _with_problems(body: dict[str, object]) -> dict[str, object]:
    error = body["error"]
    return {"problems": [], "problem_count": 0, **(error if isinstance(error, dict) else {})}


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


async def _text(request: Request) -> str:
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
    if not parts:
        raise InvalidInput("body", "The file is empty.")
    try:
        return parts.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("body", f"The file is not UTF-8 text: byte {error.start + 1} is wrong.") from None


def _player_json(player: Player) -> Response:
    return json_response(
        {
            "player_id": str(player.id),
            "player_name": player.name,
            "country": player.country,
            "region": player.region,
            "in_game_names": player.in_game_names,
            "handles": player.handles,
            "is_banned": player.is_banned,
        }
    )


def admin_router(
    administration: Administration,
    matches: MatchHistory,
    audit: AuditLog,
    *,
    catalog: Catalog,
    intake: Intake,
    jobs: JobHistory,
    upload_limits: UploadLimits,
    pool_health: PoolHealthSource = no_pool,
) -> APIRouter:
    """The routes under `/api/v1/admin`; `AdminGuard` must stand before them."""
    router = APIRouter(
        prefix=ADMIN_PREFIX,
        tags=["admin"],
        # For the description only: the guard has answered already where the token is wrong.
        dependencies=[Depends(HTTPBearer(auto_error=False, description="The server's admin token."))],
        responses=error_answers(401, 408, 413, 422, 429, 503),
        max_body_size=BODY_MAX_BYTES,
    )
    _add_imports(router, administration)
    _add_players(router, administration)
    add_match_routes(router, administration, matches, catalog)
    add_pool_route(router, pool_health)
    add_replay_routes(router, intake, upload_limits)
    add_mod_route(router, administration)
    add_job_routes(router, intake, jobs)
    add_rating_routes(router, administration)
    add_audit_route(router, audit)
    return router


def _add_imports(router: APIRouter, administration: Administration) -> None:
    stream = ImportStream()
    lines = 'One line `{"progress": [done, total]}` now and then, and a last one with `summary` or `error`.'
    answers: dict[int | str, dict[str, Any]] = {
        200: {"description": lines, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}},
        **error_answers(409),
    }
    body = {"required": True, "content": {"text/csv": {"schema": {"type": "string", "minLength": 1}}}}
    source_schema = {"type": "string", "minLength": 1, "maxLength": SOURCE_MAX_CODE_POINTS}
    source = {"name": "source", "in": "query", "required": True, "schema": source_schema}

    @router.post(
        "/import-entries",
        summary="Import a CSV of entries, all rows or none",
        response_class=StreamingResponse,
        responses=answers,
        openapi_extra={"requestBody": body, "parameters": _ORIGIN},
        max_body_size=IMPORT_BODY_MAX_BYTES,
    )
    async def import_entries(request: Request) -> Response:
        origin = _origin(request)
        text = await _text(request)
        return _streamed(stream.start(lambda progress: administration.import_entries(text, progress, origin)))

    @router.post(
        "/import-games",
        summary="Play a CSV of games through the ladder",
        response_class=StreamingResponse,
        responses=answers,
        openapi_extra={"requestBody": body, "parameters": [source, *_ORIGIN]},
        max_body_size=IMPORT_BODY_MAX_BYTES,
    )
    async def import_games(request: Request) -> Response:
        name = request.query_params.get("source", "")
        if not 1 <= len(name) <= SOURCE_MAX_CODE_POINTS:
            raise InvalidInput("source", f"Say where the games come from, in 1 to {SOURCE_MAX_CODE_POINTS} characters.")
        origin = _origin(request)
        text = await _text(request)
        return _streamed(stream.start(lambda progress: administration.import_games(text, name, progress, origin)))


def _origin(request: Request) -> ImportOrigin:
    """Who sends the file and what it is called, for the audit. Raises `InvalidInput` for what is too long to keep."""
    told = {name: request.query_params.get(name, "") for name, _ in _ORIGIN_LIMITS}
    for name, limit in _ORIGIN_LIMITS:
        if len(told[name]) > limit:
            raise InvalidInput(name, f"At most {limit} characters are kept of {name}; shorten it.")
    by = Attribution(actor=told["actor"] or "api", reason=told["reason"])
    return ImportOrigin(by=by, file_name=told["file"])


_ORIGIN_LIMITS: Final = (
    ("file", FILE_NAME_MAX_CODE_POINTS),
    ("actor", ACTOR_MAX_CODE_POINTS),
    ("reason", REASON_MAX_CODE_POINTS),
)
_ORIGIN: Final = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "string", "maxLength": limit}}
    for name, limit in _ORIGIN_LIMITS
]


def _streamed(lines: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(lines, media_type="application/x-ndjson")


def _add_players(router: APIRouter, administration: Administration) -> None:
    not_found, conflict = error_answers(404), error_answers(404, 409)

    @router.post("/players", summary="Add a player", response_model=AdminPlayerAnswer, responses=error_answers(409))
    async def register(body: NewPlayerBody) -> Response:
        return _player_json(await administration.register_player(body.name, body.country, body.by()))

    @router.post("/players/rename", summary="Rename a player", response_model=AdminPlayerAnswer, responses=conflict)
    async def rename(body: RenameBody) -> Response:
        return _player_json(await administration.rename_player(body.name, body.new_name, body.by()))

    @router.post("/players/country", summary="Change a country", response_model=AdminPlayerAnswer, responses=not_found)
    async def set_country(body: CountryBody) -> Response:
        return _player_json(await administration.set_country(body.name, body.country, body.by()))

    @router.post("/players/ban", summary="Ban a player", response_model=AdminPlayerAnswer, responses=not_found)
    async def ban(body: PlayerBody) -> Response:
        return _player_json(await administration.ban_player(body.name, body.by()))

    @router.post("/players/unban", summary="Lift a ban", response_model=AdminPlayerAnswer, responses=not_found)
    async def unban(body: PlayerBody) -> Response:
        return _player_json(await administration.unban_player(body.name, body.by()))

    @router.post(
        "/players/pardon", summary="Lift a player's penalties", response_model=PardonAnswer, responses=not_found
    )
    async def pardon(body: PlayerBody) -> Response:
        return json_response({"pardoned": await administration.pardon_player(body.name, body.by())})

    @router.post(
        "/players/restore", summary="Give an old entry back", response_model=AdminPlayerAnswer, responses=conflict
    )
    async def restore(body: PlayerBody) -> Response:
        return _player_json(await administration.restore_player(body.name, body.by()))
