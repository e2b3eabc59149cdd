"""Bodies of requests that come slowly, never end, or are not wanted: a deadline, and an answer that still arrives."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How long a body may take: a moment's grace and then the least rate, but no longer than `seconds_max`.

    What is still on its way when the answer is sent is read and thrown away, up to `drain_bytes_max` and for no longer
    than `drain_seconds_max`.
    """

    grace_seconds: float = 10.0
    bytes_per_second_min: int = 8 * 1024
    seconds_max: float = 1_800.0
    drain_bytes_max: int = 32 * 1024 * 1024
    drain_grace_seconds: float = 2.0
    drain_seconds_max: float = 20.0

    def deadline(self, started: float, received: int) -> float:
        """Until when a body may take that began then and of which so much has come."""
        return started + min(self.seconds_max, self.grace_seconds + received / self.bytes_per_second_min)

    def drain_deadline(self, started: float, received: int) -> float:
        """The same for what is thrown away."""
        return started + min(self.drain_seconds_max, self.drain_grace_seconds + received / self.bytes_per_second_min)


class RequestBodies:
    """Waits for no body longer than it may take, and drains what the application did not want.

    A connection that is closed while its client is still sending is reset, and the client never reads what it was told.
    So the whole answer goes out first, then the rest of the body is read, and then the connection ends.
    """

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._limits)
        await self._app(scope, exchange.receive, exchange.send)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


class _Exchange:
    """One request with a body, and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: BodyLimits) -> None:
        self._receive = receive
        self._send = send
        self._limits = limits
        self._now = asyncio.get_running_loop().time
        self._started = self._now()
        self._received = 0
        self._is_over = False
        # Who waits to be told to go on sends nothing before.
        self._is_held_back = Headers(scope=scope).get("expect", "").lower() == "100-continue"

    async def receive(self) -> Message:
        """The next part of the body. Raises `HTTPException` with 408 where it does not come in time."""
        if self._is_over:
            return await self._receive()
        self._is_held_back = False
        try:
            return await self._next(self._limits.deadline)
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None

    async def _next(self, deadline: Callable[[float, int], float]) -> Message:
        async with asyncio.timeout_at(deadline(self._started, self._received)):
            message = await self._receive()
        self._received += len(message.get("body", b""))
        self._is_over = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Sends the answer; where the body is not over by then, the connection ends with it."""
        if self._is_over or message["type"] not in {"http.response.start", "http.response.body"}:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._send({**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]})
        elif message.get("more_body", False) or self._is_held_back:
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            with suppress(TimeoutError):
                await self._drain()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self) -> None:
        self._started, self._received = self._now(), 0
        while not self._is_over and self._received <= self._limits.drain_bytes_max:
            await self._next(self._limits.drain_deadline)
