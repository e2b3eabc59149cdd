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
from toprung.interfaces.texts.wording import Wording
from toprung.interfaces.web.door.speech import Speech, Speeches

PROGRAM_PATHS: Final = ("/api/", "/healthz", "/metrics", "/openapi.json", "/events", "/static/")
RETRY_AFTER_SECONDS: Final = 5
ACCEPT_LANGUAGE: Final = "Accept-Language"

ErrorPage = Callable[[Speech, int, str], Response]
"""Draws the page for a status and a sentence, in the language that a request is answered in."""

_log = structlog.get_logger(__name__)

_INTERNAL: Final = "internal"
_CODES: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "body_too_slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
}


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

    def __init__(self, sentence: str, retry_after_seconds: int, reason: str = "", **parameters: object) -> None:
        super().__init__(sentence, reason, **parameters)
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


def error_body(error: ToprungError, sentence: str | None = None) -> dict[str, object]:
    """The JSON of an error: what it is, in a sentence and for a program, and for an import the lines to mend.

    The sentence is the error's own, in English, where none is given.
    """
    field = error.field if isinstance(error, InvalidInput) else None
    body = _body(error.code, str(error) if sentence is None else sentence, field)
    if isinstance(error, ImportRefused):
        body |= {
            "problems": [
                {"line": problem.line, "column": problem.column, "reason": problem.reason} for problem in error.problems
            ],
            "problem_count": error.problem_count,
        }
    return {"error": body}


def internal_error_body(wording: Wording) -> dict[str, object]:
    """The JSON of an error that nobody foresaw, without details."""
    return {"error": _body(_INTERNAL, wording.say("http.internal"))}


def _body(code: str, sentence: str, field: str | None = None) -> dict[str, object]:
    return {"code": code, "message": sentence, "field": field}


def is_for_programs(path: str) -> bool:
    """Whether an address is read by programs, which get errors as JSON, rather than by people."""
    return path.startswith(PROGRAM_PATHS)


def retry_after_seconds(error: ToprungError) -> int | None:
    """In how many seconds it is worth trying again; None where time alone changes nothing."""
    if isinstance(error, TooManyRequests):
        return error.retry_after_seconds
    return RETRY_AFTER_SECONDS if status_of(error) == HTTPStatus.SERVICE_UNAVAILABLE else None


class Refusals:
    """Answers refusals: by JSON where the address is for programs, by a page where it is for people.

    Both are in the best language that the client accepts; a page's address may choose another one.
    """

    def __init__(self, error_page: ErrorPage, speeches: Speeches) -> None:
        self._error_page = error_page
        self._speeches = speeches

    def speech(self, scope: Scope) -> Speech:
        """How a request is spoken to."""
        return self._speeches.of(scope, is_chosen_by_address=not is_for_programs(scope["path"]))

    def answer(self, scope: Scope, status: int, sentence: str, body: Mapping[str, object]) -> Response:
        """The answer to a request, with this status."""
        speech = self.speech(scope)
        is_json = is_for_programs(scope["path"])
        response = JSONResponse(body, status) if is_json else self._error_page(speech, status, sentence)
        response.headers["Content-Language"] = speech.wording.language
        response.headers["Vary"] = ACCEPT_LANGUAGE
        return response

    def of(self, scope: Scope, error: ToprungError) -> Response:
        """The answer to a request that tells of an error."""
        status = status_of(error)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return self.internal(scope)
        sentence = self.speech(scope).wording.error(error)
        response = self.answer(scope, status, sentence, error_body(error, sentence))
        seconds = retry_after_seconds(error)
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def told(self, scope: Scope, error: ToprungError) -> Response:
        """The same; what is no fault of the client's is logged."""
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("web_request_refused", path=scope["path"], code=error.code, reason=str(error))
        return self.of(scope, error)

    def http(self, scope: Scope, status: int, detail: str) -> Response:
        """The answer to a request that HTTP itself refuses, with this status."""
        code = _CODES.get(status, "http_error")
        sentence = self.speech(scope).wording.say(f"http.{code}") if status in _CODES else detail
        return self.answer(scope, status, sentence, {"error": _body(code, sentence)})

    def internal(self, scope: Scope) -> Response:
        """The answer to a request at which something happened that nobody foresaw."""
        wording = self.speech(scope).wording
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return self.answer(scope, status, wording.say("http.internal"), internal_error_body(wording))


def add_error_handlers(app: FastAPI, refusals: Refusals) -> None:
    """Makes the application answer every refusal in these shapes."""

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, ToprungError):
            raise error
        return refusals.told(request.scope, error)

    async def invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return await refused(request, InvalidInput(field, "{field}: {problem}.", "value", problem=first["msg"]))

    async def http_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        status = error.status_code
        if status == HTTPStatus.BAD_REQUEST:  # the only one that is raised so: the body is not even text
            return await refused(request, InvalidInput("body", "The body must be JSON in UTF-8.", "not_json"))
        response = refusals.http(request.scope, status, str(error.detail))
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
            await self._refusals.internal(scope)(scope, receive, send)
