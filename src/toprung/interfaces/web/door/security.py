"""What every response carries to keep browsers from being turned against their users, and the door of the admin API."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toprung.interfaces.web.door.admin_token import AdminToken
from toprung.interfaces.web.door.errors import BodyTooLarge, Refusals

BODY_MAX_BYTES: Final = 64 * 1024
IMPORT_BODY_MAX_BYTES: Final = 256 * 1024 * 1024
ADMIN_PREFIX: Final = "/api/v1/admin"
IMPORT_PREFIX: Final = f"{ADMIN_PREFIX}/import-"
UPLOAD_PATH: Final = f"{ADMIN_PREFIX}/replays"

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
STRICT_TRANSPORT_SECURITY: Final = "max-age=31536000"

_RAW_SECURITY_HEADERS: Final = [(name.lower().encode(), text.encode()) for name, text in SECURITY_HEADERS.items()]
_LENGTH: Final = re.compile(r"[0-9]{1,15}")


class SecurityHeaders:
    """Adds the headers above to every response; one that says nothing of caching is not to be kept.

    Redirects all lead to this site, so they name no host: one that is made from the request's own could lead elsewhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                raw = [*message["headers"], *_RAW_SECURITY_HEADERS]
                message = {**message, "headers": raw}
                headers = MutableHeaders(raw=raw)
                headers.setdefault("Cache-Control", "no-store")
                if "location" in headers:
                    headers["Location"] = _path_of(headers["location"])
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT_SECURITY
            await send(message)

        await self._app(scope, receive, send_secured)


def _path_of(location: str) -> str:
    parts = urlsplit(location)
    return urlunsplit(("", "", f"/{parts.path.lstrip('/')}", parts.query, parts.fragment))


class AdminGuard:
    """Lets nothing under the admin API's address through without its token, before any of the body is read."""

    def __init__(self, app: ASGIApp, token: AdminToken, refusals: Refusals) -> None:
        self._app = app
        self._token = token
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application, or answers 401, or 429 where somebody guesses."""
        if scope["type"] == "http" and scope["path"].startswith(ADMIN_PREFIX):
            error = self._token.refusal(scope)
            if error is not None:
                response = self._refusals.of(scope, error)
                if response.status_code == HTTPStatus.UNAUTHORIZED:
                    response.headers["WWW-Authenticate"] = "Bearer"
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


class DeclaredBodyLimit:
    """Refuses a body that says it is too long, before any of it is read; one that does not say so is counted later."""

    def __init__(self, app: ASGIApp, upload_bytes_max: int, refusals: Refusals) -> None:
        self._app = app
        self._upload_bytes_max = upload_bytes_max
        self._refusals = refusals

    def _limit(self, path: str) -> int:
        if path == UPLOAD_PATH:
            return self._upload_bytes_max
        return IMPORT_BODY_MAX_BYTES if path.startswith(IMPORT_PREFIX) else BODY_MAX_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application, or answers 413."""
        if scope["type"] == "http":
            limit = self._limit(scope["path"])
            declared = Headers(scope=scope).get("content-length", "0")
            if not _LENGTH.fullmatch(declared) or int(declared) > limit:
                error = BodyTooLarge("The body may have at most {most} bytes here.", "body", most=limit)
                await self._refusals.of(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
