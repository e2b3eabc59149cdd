"""Connections: how many there may be, how long each may take for what, and who goes when there is no more room.

The protocol is uvicorn's on h11, which reads one request at a time and stops reading from a client that sends more of
them before it takes its answers. What is added are deadlines, shares and answers to what is no request.
"""

import asyncio
import json
import math
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any, Final

import h11
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from toprung.domain.errors import ToprungError
from toprung.interfaces.web.door.addresses import TrustedProxies, counted_as
from toprung.interfaces.web.door.errors import HeadRefused, HeadTooSlow, error_body, status_of
from toprung.interfaces.web.door.security import SECURITY_HEADERS
from toprung.interfaces.web.door.shares import CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS

NEVER: Final = math.inf
HEADERS_TOO_LARGE: Final = 431
FULL_TOLD_EVERY_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """How many connections there may be, in all and of one address, and how long each may take.

    `reserve` are those beyond either number that are let in to be heard, since they may ask for health or bring the
    admin token; the front door answers all others with a refusal. A connection whose answer is not taken is dropped
    once nothing of it, or hardly anything, went out within `write_seconds`.
    """

    connections_max: int = CONNECTIONS_MAX
    connections_per_address: int = CONNECTIONS_PER_ADDRESS
    reserve: int = 20
    head_bytes_max: int = 32 * 1024
    head_seconds: float = 10.0
    idle_seconds: float = 10.0
    write_seconds: float = 20.0
    write_progress_bytes_min: int = 4 * 1024
    linger_seconds: float = 2.0
    linger_bytes_max: int = 1024 * 1024


class Connections:
    """All connections of a server. Those that are between two requests are the first to go when room is needed."""

    def __init__(self, limits: ConnectionLimits, proxies: TrustedProxies, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.now = clock
        self._proxies = proxies
        self._all: set[Connection] = set()  # those that are on their way out as well
        self._inside: set[Connection] = set()
        self._idle: dict[Connection, None] = {}  # in the order in which they became it
        self._by_address: dict[str, dict[Connection, None]] = {}
        self._told_full_at = -math.inf

    def __len__(self) -> int:
        """How many there are."""
        return len(self._inside)

    def new(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None
    ) -> "Connection":
        """The protocol of a connection that is being made, as uvicorn asks for it."""
        return Connection(config, server_state, app_state, _loop, connections=self)

    def admit(self, connection: "Connection", host: str) -> bool:
        """Takes a connection in, for which an idle one may have to go; False where there is no room even so."""
        limits = self.limits
        is_proxy = host in self._proxies
        connection.address = "" if is_proxy else counted_as(host)
        of_address = {} if is_proxy else self._by_address.setdefault(connection.address, {})
        if len(of_address) >= limits.connections_per_address:
            idle = sorted((one for one in of_address if one in self._idle), key=lambda one: one.idle_since)
            self._dismiss(idle[: len(of_address) - limits.connections_per_address + 1])
        if len(self) >= limits.connections_max:
            self._tell_full()
            self._dismiss(list(islice(self._idle, len(self) - limits.connections_max + 1)))
        self._all.add(connection)
        is_welcome = (
            len(of_address) < limits.connections_per_address + limits.reserve
            and len(self) < limits.connections_max + limits.reserve
        )
        if is_welcome:
            self._inside.add(connection)
            self._idle[connection] = None
            of_address[connection] = None
        return is_welcome

    def _dismiss(self, connections: Sequence["Connection"]) -> None:
        for connection in connections:
            connection.dismiss()

    def became_idle(self, connection: "Connection") -> None:
        """Notes that a connection is between two requests."""
        if connection in self._inside:
            self._idle[connection] = None

    def became_busy(self, connection: "Connection") -> None:
        """Notes that a connection has a request that is being answered."""
        self._idle.pop(connection, None)

    def make_way(self, connection: "Connection") -> None:
        """Gives a connection's place to others; its deadlines still hold."""
        self._inside.discard(connection)
        self._idle.pop(connection, None)
        of_address = self._by_address.get(connection.address)
        if of_address is not None:
            of_address.pop(connection, None)
            if not of_address:
                del self._by_address[connection.address]

    def forget(self, connection: "Connection") -> None:
        """A connection is no more."""
        self.make_way(connection)
        self._all.discard(connection)

    def sweep(self) -> None:
        """Acts on every deadline that has passed. To be called often, again and again."""
        now = self.now()
        for connection in [one for one in self._all if one.due <= now]:
            connection.on_due()

    def _tell_full(self) -> None:
        now = self.now()
        if now - self._told_full_at >= FULL_TOLD_EVERY_SECONDS:
            self._told_full_at = now
            _log.warning("connections_full", connections=len(self), addresses=len(self._by_address))


class _BoundedReader(h11.Connection):
    """Reads no head that is longer than it may be; h11 by itself counts only what is not whole yet."""

    def __init__(self, our_role: type[h11.SERVER], head_bytes_max: int) -> None:
        super().__init__(our_role, head_bytes_max)
        self._head_bytes_max = head_bytes_max

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """As h11's."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            length = len(event.target) + sum(len(name) + len(value) + 4 for name, value in event.headers)
            if length > self._head_bytes_max:
                raise h11.RemoteProtocolError("the head is too long", error_status_hint=HEADERS_TOO_LARGE)
        return event


class Connection(H11Protocol):
    """One connection. `due` is when something must have happened by, and `on_due` is what becomes of it if not."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, loop)
        self.address = ""
        self.due = NEVER
        self.idle_since = 0.0
        self._connections = connections
        self._limits = connections.limits
        self.conn = _BoundedReader(h11.SERVER, self._limits.head_bytes_max)
        self._is_idle = True
        self._has_begun = False  # a request's head
        self._is_unread = False  # more of the answer waits to be taken than is kept for it
        self._is_over = False  # whatever still comes is thrown away
        self._thrown_away = 0
        self._unsent = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begins to wait for a first request, or ends it where there is no room."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with suppress(
                OSError
            ):  # a client that is gone without a word, or lets nothing in, is given up by the system
                timeout_ms = round(1_000 * self._limits.write_seconds)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)
        self.idle_since = self._connections.now()
        self.due = self.idle_since + self._limits.head_seconds
        if not self._connections.admit(self, self.client[0] if self.client else ""):
            self._is_over = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Frees its place."""
        self.due = NEVER
        self._connections.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads, but of a request's head no more and for no longer than it may have and take."""
        if self._is_over:
            self._thrown_away += len(data)
            if self._thrown_away > self._limits.linger_bytes_max:
                self.transport.abort()
            return
        if self._is_idle and not self._has_begun:
            self._has_begun = True
            self.due = self._connections.now() + self._limits.head_seconds
        super().data_received(data)
        self._look_whether_idle()

    def on_response_complete(self) -> None:
        """Waits for the next request, or for the last of an answer to be taken."""
        super().on_response_complete()
        self._look_whether_idle()

    def _look_whether_idle(self) -> None:
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and not self._is_idle:
            self._has_begun = False
            self.idle_since = self._connections.now()
            self.due = self.idle_since + self._limits.idle_seconds
            self._connections.became_idle(self)
            if self.transport.is_closing():
                self._wait_for_progress()
        elif self._is_idle and not is_idle:
            self.due = self.due if self._is_unread else NEVER
            self._connections.became_busy(self)
        self._is_idle = is_idle

    def pause_writing(self) -> None:
        """Gives the client some time to take what waits for it."""
        super().pause_writing()
        self._is_unread = True
        self._wait_for_progress()

    def resume_writing(self) -> None:
        """Goes on answering."""
        super().resume_writing()
        self._is_unread = False
        if not self.transport.is_closing():
            self.due = self._connections.now() + self._limits.idle_seconds if self._is_idle else NEVER

    def _wait_for_progress(self) -> None:
        self._unsent = self.transport.get_write_buffer_size()
        self.due = self._connections.now() + self._limits.write_seconds

    def on_due(self) -> None:
        """What becomes of a connection whose deadline has passed."""
        if self.transport.is_closing() or self._is_over or self._is_unread:
            unsent = self.transport.get_write_buffer_size()
            if unsent > self._unsent - self._limits.write_progress_bytes_min:
                self.transport.abort()
            else:
                self._wait_for_progress()
        elif self._has_begun:
            seconds = self._limits.head_seconds
            self._refuse(
                HeadTooSlow("The head of a request has to be here within {seconds} s; send it again.", seconds=seconds)
            )
        else:
            self.dismiss()

    def dismiss(self) -> None:
        """Ends a connection that is between two requests; its place is free at once."""
        self._connections.make_way(self)
        self._wait_for_progress()
        self._is_over = True
        self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Ends a connection that nothing was asked on."""
        self.dismiss()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence
        """Answers what is no request."""
        error = sys.exception()
        if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == HEADERS_TOO_LARGE:
            sentence = "The head of a request may have at most {most} bytes."
            self._refuse(HeadRefused(sentence, "head", most=self._limits.head_bytes_max), HEADERS_TOO_LARGE)
        else:
            self._refuse(HeadRefused("This is no request over HTTP/1.1 that can be understood.", "not_http"))

    def _refuse(self, error: ToprungError, status: int | None = None) -> None:
        """Says why, lets nothing in any more, and gives the client a moment to read it."""
        self._is_over = True
        self._unset_keepalive_if_required()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.abort()
                return
        self.transport.write(self._answer(error, status or status_of(error)))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.resume_reading()
        self._unsent = 0
        self.due = self._connections.now() + self._limits.linger_seconds

    def _answer(self, error: ToprungError, status: int) -> bytes:
        body = json.dumps(error_body(error)).encode()
        headers = {
            **SECURITY_HEADERS,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Connection": "close",
        }
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            *(f"{name}: {text}" for name, text in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def shutdown(self) -> None:
        """Ends it as soon as its answer is sent."""
        if self._is_over:
            self.transport.close()
        else:
            super().shutdown()
