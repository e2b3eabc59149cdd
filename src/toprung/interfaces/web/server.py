"""Running the site until it is told to stop."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from typing import Final

import uvicorn
from fastapi import FastAPI

from toprung.domain.errors import StorageUnavailable, ToprungError

SHUTDOWN_TIMEOUT_SECONDS: Final = 3
KEEP_ALIVE_SECONDS: Final = 10
CONNECTIONS_MAX: Final = 2_000


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
        listener.listen(1024)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise AddressTaken(f"Cannot listen on {host} port {port}: {reason}. Choose another with --port.") from None
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL of what answers on a listening socket."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - read, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Says when it answers, and leaves signals to `serve`, which closes the event streams before anything else."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            await self._on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(
    app: FastAPI, listener: socket.socket, *, close_streams: Callable[[], None], started: Callable[[], Awaitable[None]]
) -> None:
    """Serves until SIGINT or SIGTERM; `started` runs once requests are answered."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
        limit_concurrency=CONNECTIONS_MAX,
    )
    server = _Server(config, started)

    def stop() -> None:
        close_streams()
        server.should_exit = True

    loop = asyncio.get_running_loop()
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
        raise StorageUnavailable("The site could not start; the log says why.")
