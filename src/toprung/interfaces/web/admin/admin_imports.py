"""Importing files over HTTP: one at a time, with its progress told line by line; the guard checked the token."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import MISSING, Field, asdict
from typing import Any, Final

import msgspec
import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from toprung.application.organising.asking import hints_of, own_fields
from toprung.application.organising.operation import Operation, Route, Taken
from toprung.application.organising.operations import Administration
from toprung.application.ports.progress import Progress
from toprung.application.transfer.import_service import ImportSummary
from toprung.application.writing.audit import Attribution
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS
from toprung.domain.errors import Conflict, InvalidInput, ToprungError
from toprung.interfaces.texts.wording import Wording
from toprung.interfaces.web.admin.operation_bodies import ACTOR_MAX_CODE_POINTS, UNNAMED_ACTOR, taken_of
from toprung.interfaces.web.api.openapi import error_answers
from toprung.interfaces.web.door.errors import error_body, internal_error_body, status_of_kind
from toprung.interfaces.web.door.security import IMPORT_BODY_MAX_BYTES
from toprung.interfaces.web.door.speech import Speeches

PROGRESS_INTERVAL_SECONDS: Final = 0.1

_log = structlog.get_logger(__name__)

Import = Callable[[Progress], Awaitable[ImportSummary]]


class ImportStream:
    """One import at a time, told line by line: some `progress`, then exactly one `summary` or `error`.

    An import that has begun is finished even where the client goes away: its transaction is all or none anyway.
    """

    def __init__(self) -> None:
        self._running: asyncio.Task[ImportSummary] | None = None

    def start(self, run: Import, wording: Wording) -> AsyncGenerator[bytes, None]:
        """Begins an import and gives its lines, in these words. Raises `Conflict` while another one runs."""
        if self._running is not None:
            raise Conflict("Another import is running; wait until it is done.", "import_running")
        feed = _ProgressFeed(asyncio.get_running_loop())
        self._running = asyncio.ensure_future(run(feed.tell))
        self._running.add_done_callback(self._finished)
        return _lines(self._running, feed, wording)

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


async def _lines(
    task: asyncio.Task[ImportSummary], feed: _ProgressFeed, wording: Wording
) -> AsyncGenerator[bytes, None]:
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
    yield _line(_outcome(task, wording))


def _outcome(task: asyncio.Task[ImportSummary], wording: Wording) -> Mapping[str, object]:
    try:
        summary = task.result()
    except ToprungError as error:
        return {"error": _with_problems(error_body(error, wording.error(error)))}
    except Exception:  # noqa: BLE001 - the status line is sent already, so the last line has to say it
        _log.exception("import_failed")
        return {"error": _with_problems(internal_error_body(wording))}
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
        raise InvalidInput("body", "The file is empty.", "body_empty")
    try:
        return parts.decode()
    except UnicodeDecodeError as error:
        sentence = "The file is not UTF-8 text: byte {position} is wrong."
        raise InvalidInput("body", sentence, "body_not_text", position=str(error.start + 1)) from None


def add_import_route(
    router: APIRouter,
    administration: Administration,
    stream: ImportStream,
    speeches: Speeches,
    kind: type[Operation[object]],
    route: Route,
) -> None:
    """Adds the route of an operation that imports a file; of those that share a stream only one is done at a time."""
    asked = [field for field in own_fields(kind) if field.name != TEXT]
    lines = 'One line `{"progress": [done, total]}` now and then, and a last one with `summary` or `error`.'
    answers: dict[int | str, dict[str, Any]] = {
        200: {"description": lines, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}},
        **error_answers(*map(status_of_kind, route.refusals)),
    }
    body = {"required": True, "content": {"text/csv": {"schema": {"type": "string", "minLength": 1}}}}
    parameters = [_parameter(field.name, _taken(kind, field), is_required=_is_required(field)) for field in asked]
    parameters += [_parameter(name, taken, is_required=False) for name, taken in _BY.items()]

    @router.post(
        route.path,
        name=route.name,
        summary=route.summary,
        response_class=StreamingResponse,
        responses=answers,
        openapi_extra={"requestBody": body, "parameters": parameters},
        max_body_size=IMPORT_BODY_MAX_BYTES,
    )
    async def import_file(request: Request) -> Response:
        told = {field.name: _told(request, field.name, _taken(kind, field), _is_required(field)) for field in asked}
        by = {name: _told(request, name, taken, is_required=False) for name, taken in _BY.items()}
        attribution = Attribution(actor=by["actor"] or UNNAMED_ACTOR, reason=by["reason"])
        operation: Operation[Any] = kind(**{TEXT: await _text(request)}, **told, by=attribution)
        wording = speeches.of(request.scope).wording
        lines = stream.start(lambda progress: administration.perform(operation, progress), wording)
        return StreamingResponse(lines, media_type="application/x-ndjson")


TEXT: Final = "text"
_BY: Final[Mapping[str, Taken]] = {
    "actor": Taken(max_length=ACTOR_MAX_CODE_POINTS),
    "reason": Taken(max_length=REASON_MAX_CODE_POINTS),
}


def _taken(kind: type[Operation[object]], field: Field[Any]) -> Taken:
    return taken_of(hints_of(kind)[field.name]) or Taken()


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING


def _parameter(name: str, taken: Taken, *, is_required: bool) -> dict[str, object]:
    limits = {"minLength": taken.min_length, "maxLength": taken.max_length}
    schema = {"type": "string", **{limit: number for limit, number in limits.items() if number is not None}}
    return {"name": name, "in": "query", "required": is_required, "schema": schema}


def _told(request: Request, name: str, taken: Taken, is_required: bool) -> str:
    """What the query says. Raises `InvalidInput` for what is missing, or too long to keep."""
    text = request.query_params.get(name, "")
    limit = taken.max_length or len(text)
    if is_required and not (taken.min_length or 0) <= len(text) <= limit:
        raise InvalidInput(
            name,
            "{what}, in {least} to {most} characters.",
            "told_length",
            what=taken.description,
            least=str(taken.min_length),
            most=str(limit),
        )
    if len(text) > limit:
        raise InvalidInput(
            name, "At most {most} characters are kept of {field}; shorten it.", "told_too_long", most=str(limit)
        )
    return text
