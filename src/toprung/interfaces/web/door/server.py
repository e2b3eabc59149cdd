"""Running the site until it is told to stop."""

import asyncio
import contextlib
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from typing import Any, Final, cast

import structlog
import uvicorn
from fastapi import FastAPI

from toprung.domain.errors import StorageUnavailable, ToprungError
from toprung.interfaces.web.door.addresses import TrustedProxies
from toprung.interfaces.web.door.connections import ConnectionLimits, Connections

SHUTDOWN_TIMEOUT_SECONDS: Final = 3
WAITING_MAX: Final = 1024
"""How many connections the system keeps for us until they are accepted."""
ACCEPTED_AT_ONCE_MAX: Final = 64
"""How many connections are accepted before the event loop does anything else."""
OTHER_FILES: Final = 250
"""How many files may be open beside connections: the database, replays, what Discord and children need."""

_log = structlog.get_logger(__name__)


class AddressTaken(ToprungError):
    """The site cannot answer at the address that was asked for."""

    code = "address_taken"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any free one. Raises `AddressTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio does not know it for that and leaves Nagle's algorithm on: 40 ms for every answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(WAITING_MAX)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise AddressTaken(
            "Cannot listen on {host} port {port}: {problem}. Choose another with --port.",
            host=host,
            port=str(port),
            problem=str(reason),
        ) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL of what answers on a listening socket."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - read, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Says when it answers, looks after its connections' deadlines, and leaves signals to `serve`, which closes the
    event streams before anything else.
    """

    def __init__(
        self, config: uvicorn.Config, connections: Connections, on_started: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listener in sockets or ():
            listener.listen(WAITING_MAX)  # asyncio takes its number for how many to accept at once as well
        if self.started:
            await self._on_started()

    async def on_tick(self, counter: int) -> bool:
        self._connections.sweep()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def connections_with_files(wanted: int) -> int:
    """How many connections there can be: each is an open file, whose number is raised as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted + OTHER_FILES:
        return wanted
    raised = wanted + OTHER_FILES if hard == resource.RLIM_INFINITY else min(hard, wanted + OTHER_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    possible = max(1, min(wanted, raised - OTHER_FILES))
    if possible < wanted:
        _log.warning("connections_limited_by_open_files", connections=possible, wanted=wanted, open_files=raised)
    return possible


async def serve(
    app: FastAPI,
    listener: socket.socket,
    *,
    close_streams: Callable[[], None],
    started: Callable[[], Awaitable[None]],
    limits: ConnectionLimits | None = None,
    proxies: TrustedProxies | None = None,
    ending: "asyncio.Future[Any] | None" = None,
) -> None:
    """Serves until SIGINT or SIGTERM, or until `ending` is done; `started` runs once requests are answered."""
    loop = asyncio.get_running_loop()
    limits = limits or ConnectionLimits()
    limits = replace(limits, connections_max=connections_with_files(limits.connections_max))
    connections = Connections(limits, proxies or TrustedProxies(), loop.time)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application's own layer believes only those whom the organiser named
        http=cast("type[asyncio.Protocol]", connections.new),
        ws="none",
        backlog=ACCEPTED_AT_ONCE_MAX,
        timeout_keep_alive=round(limits.idle_seconds) + 1,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
    )
    server = _Server(config, connections, started)

    def stop() -> None:
        close_streams()
        server.should_exit = True

    if ending is not None:
        ending.add_done_callback(lambda _: stop())
    stopping = (signal.SIGINT, signal.SIGTERM)
    for number in stopping:
        loop.add_signal_handler(number, stop)
    try:
        await server.serve(sockets=[listener])
    finally:
        close_streams()
        for number in stopping:
            loop.remove_signal_handler(number)
    if not server.started:
        raise StorageUnavailable("The site could not start; the log says why.", "site_not_started")
