"""What a refusal looks like on the web: one JSON shape for programs, one page for people."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import ClassVar, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toprung.application.transfer.table_file import ImportRefused
from toprung.domain.errors import (
    Busy,
    Conflict,
    InvalidInput,
    LimitReached,
    NotFound,
    StorageUnavailable,
    ToprungError,
)

PROGRAM_PATHS: Final = ("/api/", "/healthz", "/metrics", "/openapi.json", "/events", "/static/")
RETRY_AFTER_SECONDS: Final = 5

ErrorPage = Callable[[int, str], Response]
"""Draws the page for a status and a sentence."""

_log = structlog.get_logger(__name__)

_CODES: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
}
_SENTENCES: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not answer this method.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is larger than this address takes.",
}
_INTERNAL_SENTENCE: Final = "Something went wrong on our side; it was noted. Try again in a moment."


class Unauthorized(ToprungError):
    """The request does not carry the token that this address asks for."""

    code: ClassVar[str] = "unauthorized"


class BodyTooLarge(ToprungError):
    """The body of the request is longer than this address takes."""

    code: ClassVar[str] = "body_too_large"


class UploadTooSlow(ToprungError):
    """The body came so slowly that it was not waited for any longer; nothing of it was kept."""

    code: ClassVar[str] = "upload_too_slow"


class LiveUnavailable(ToprungError):
    """No more event streams are served at this moment; everything else is."""

    code: ClassVar[str] = "live_unavailable"


_STATUSES: Final[tuple[tuple[type[ToprungError], int], ...]] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ImportRefused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Conflict, HTTPStatus.CONFLICT),
    (StorageUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (LiveUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (Busy, HTTPStatus.SERVICE_UNAVAILABLE),
    (LimitReached, HTTPStatus.TOO_MANY_REQUESTS),
    (UploadTooSlow, HTTPStatus.REQUEST_TIMEOUT),
    (Unauthorized, HTTPStatus.UNAUTHORIZED),
    (BodyTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
)


def status_of(error: ToprungError) -> int:
    """The HTTP status that says what `error` says."""
    return next((int(status) for kind, status in _STATUSES if isinstance(error, kind)), 500)


def error_body(error: ToprungError) -> dict[str, object]:
    """The JSON of an error: what it is, in a sentence and for a program, and for an import the lines to mend."""
    body: dict[str, object] = {
        "code": error.code,
        "message": str(error),
        "field": error.field if isinstance(error, InvalidInput) else None,
    }
    if isinstance(error, ImportRefused):
        body |= {
            "problems": [
                {"line": problem.line, "column": problem.column, "reason": problem.reason} for problem in error.problems
            ],
            "problem_count": error.problem_count,
        }
    return {"error": body}


def internal_error_body() -> dict[str, object]:
    """The JSON of an error that nobody foresaw, without details."""
    return {"error": {"code": "internal", "message": _INTERNAL_SENTENCE, "field": None}}


def is_for_programs(path: str) -> bool:
    """Whether an address is read by programs, which get errors as JSON, rather than by people."""
    return path.startswith(PROGRAM_PATHS)


def add_error_handlers(app: FastAPI, error_page: ErrorPage) -> None:
    """Makes the application answer every refusal in these shapes."""

    def answer(request: Request, status: int, sentence: str, body: Mapping[str, object]) -> Response:
        if is_for_programs(request.url.path):
            return JSONResponse(body, status)
        return error_page(status, sentence)

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, ToprungError):
            raise error
        status = status_of(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("web_request_refused", path=request.url.path, code=error.code, reason=str(error))
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return answer(request, status, _INTERNAL_SENTENCE, internal_error_body())
        response = answer(request, status, str(error), error_body(error))
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response

    async def invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return await refused(request, InvalidInput(field, f"{field}: {first['msg']}."))

    async def http_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        status = error.status_code
        if status == HTTPStatus.BAD_REQUEST:  # the only one that is raised so: the body is not even text
            return await refused(request, InvalidInput("body", "The body must be JSON in UTF-8."))
        sentence = _SENTENCES.get(status, str(error.detail))
        body = {"error": {"code": _CODES.get(status, "http_error"), "message": sentence, "field": None}}
        response = answer(request, status, sentence, body)
        response.headers.update(error.headers or {})
        return response

    app.add_exception_handler(ToprungError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)


class InternalErrors:
    """Turns an exception that nobody foresaw into a logged 500 without details; the innermost line of defence."""

    def __init__(self, app: ASGIApp, error_page: ErrorPage) -> None:
        self._app = app
        self._error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application; the exception is raised on where the response has begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def watched_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception:
            if has_begun:
                raise
            _log.exception("web_request_failed", method=scope["method"], path=scope["path"])
            await self._answer(scope["path"])(scope, receive, send)

    def _answer(self, path: str) -> Response:
        if is_for_programs(path):
            return Response(json.dumps(internal_error_body()), 500, media_type="application/json")
        return self._error_page(500, _INTERNAL_SENTENCE)
