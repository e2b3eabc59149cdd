"""What a refusal looks like on the web: one JSON shape for programs, one page for people."""

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
    OutcomeUnknown,
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
    HTTPStatus.REQUEST_TIMEOUT: "body_too_slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
}
_SENTENCES: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not answer this method.",
    HTTPStatus.REQUEST_TIMEOUT: "The body of the request came too slowly, so it was not waited for; send it again.",
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


class HeadRefused(ToprungError):
    """What came is no request over HTTP, or its head is longer than any that is read here."""

    code: ClassVar[str] = "bad_request"


class HeadTooSlow(ToprungError):
    """The head of the request did not come whole in the time that there is for it."""

    code: ClassVar[str] = "head_too_slow"


class HostRefused(ToprungError):
    """The request names a site that this is not."""

    code: ClassVar[str] = "host_refused"


class TooManyRequests(ToprungError):
    """An address asks for more than is one address's share; in so many seconds it may again."""

    code: ClassVar[str] = "too_many_requests"

    def __init__(self, sentence: str, retry_after_seconds: int) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class LiveUnavailable(ToprungError):
    """No more event streams are served at this moment; everything else is."""

    code: ClassVar[str] = "live_unavailable"


_STATUSES: Final[tuple[tuple[type[ToprungError], int], ...]] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ImportRefused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Conflict, HTTPStatus.CONFLICT),
    (OutcomeUnknown, HTTPStatus.GATEWAY_TIMEOUT),
    (StorageUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (LiveUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (Busy, HTTPStatus.SERVICE_UNAVAILABLE),
    (LimitReached, HTTPStatus.TOO_MANY_REQUESTS),
    (TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS),
    (HeadRefused, HTTPStatus.BAD_REQUEST),
    (HeadTooSlow, HTTPStatus.REQUEST_TIMEOUT),
    (HostRefused, HTTPStatus.MISDIRECTED_REQUEST),
    (UploadTooSlow, HTTPStatus.REQUEST_TIMEOUT),
    (Unauthorized, HTTPStatus.UNAUTHORIZED),
    (BodyTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
)


def status_of(error: ToprungError) -> int:
    """The HTTP status that says what `error` says."""
    return status_of_kind(type(error))


def status_of_kind(error: type[ToprungError]) -> int:
    """The same for all errors of a kind."""
    return next((int(status) for kind, status in _STATUSES if issubclass(error, kind)), 500)


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


def retry_after_seconds(error: ToprungError) -> int | None:
    """In how many seconds it is worth trying again; None where time alone changes nothing."""
    if isinstance(error, TooManyRequests):
        return error.retry_after_seconds
    return RETRY_AFTER_SECONDS if status_of(error) == HTTPStatus.SERVICE_UNAVAILABLE else None


class Refusals:
    """Answers refusals: by JSON where the address is for programs, by a page where it is for people."""

    def __init__(self, error_page: ErrorPage) -> None:
        self._error_page = error_page

    def answer(self, path: str, status: int, sentence: str, body: Mapping[str, object]) -> Response:
        """The answer at an address, with this status."""
        return JSONResponse(body, status) if is_for_programs(path) else self._error_page(status, sentence)

    def of(self, path: str, error: ToprungError) -> Response:
        """The answer at an address that tells of an error."""
        status = status_of(error)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return self.internal(path)
        response = self.answer(path, status, str(error), error_body(error))
        seconds = retry_after_seconds(error)
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def told(self, path: str, error: ToprungError) -> Response:
        """The same; what is no fault of the client's is logged."""
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("web_request_refused", path=path, code=error.code, reason=str(error))
        return self.of(path, error)

    def internal(self, path: str) -> Response:
        """The answer at an address where something happened that nobody foresaw."""
        return self.answer(path, HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL_SENTENCE, internal_error_body())


def add_error_handlers(app: FastAPI, refusals: Refusals) -> None:
    """Makes the application answer every refusal in these shapes."""

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, ToprungError):
            raise error
        return refusals.told(request.url.path, error)

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
        response = refusals.answer(request.url.path, status, sentence, body)
        response.headers.update(error.headers or {})
        return response

    app.add_exception_handler(ToprungError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)


class InternalErrors:
    """Turns an exception that nobody foresaw into a logged 500 without details; the innermost line of defence."""

    def __init__(self, app: ASGIApp, refusals: Refusals) -> None:
        self._app = app
        self._refusals = refusals

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
            await self._refusals.internal(scope["path"])(scope, receive, send)
