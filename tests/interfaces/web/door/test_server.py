"""Listening, answering and stopping: the server around the site, on real sockets."""

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from fastapi import FastAPI, Request

from toprung.interfaces.web.door.connections import ConnectionLimits
from toprung.interfaces.web.door.request_bodies import BodyLimits, RequestBodies
from toprung.interfaces.web.door.server import (
    OTHER_FILES,
    AddressTaken,
    address_of,
    connections_with_files,
    listen,
    serve,
)


async def test_answers_are_sent_at_once_and_a_signal_ends_it() -> None:
    app = FastAPI()
    no_delay: list[bool] = []
    closed: list[str] = []

    async def started() -> None:
        reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 404")
        writer.close()
        os.kill(os.getpid(), signal.SIGINT)

    @app.middleware("http")
    async def look(request, call_next):  # type: ignore[no-untyped-def]
        transports = asyncio.get_running_loop()._transports.values()  # type: ignore[attr-defined]
        for transport in transports:
            connection = transport.get_extra_info("socket")
            if connection.getsockname() == listener.getsockname():
                no_delay.append(bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
        return await call_next(request)

    with listen("127.0.0.1", 0) as listener:
        await serve(app, listener, close_streams=lambda: closed.append("streams"), started=started)
    assert no_delay
    assert all(no_delay)
    assert closed


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressTaken, match=f"127.0.0.1 port {port}: .* Choose another with --port"):
            listen("127.0.0.1", port)


def test_the_address_is_one_that_can_be_opened() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


class Conversation:
    """Clients of a server on a real socket; when they are done it is told to stop."""

    def __init__(self, ask: Callable[[str, int], Coroutine[Any, Any, None]], limits: ConnectionLimits) -> None:
        self._ask = ask
        self._limits = limits

    async def hold(self) -> None:
        app = FastAPI()

        @app.post("/")
        async def taken(request: Request) -> int:
            return len(await request.body())

        async def started() -> None:
            talking = asyncio.create_task(self._ask(*listener.getsockname()[:2]))
            talking.add_done_callback(lambda _: os.kill(os.getpid(), signal.SIGINT))
            self._talking = talking

        app.add_middleware(RequestBodies, limits=BodyLimits(grace_seconds=0.2, drain_grace_seconds=0.2))
        with listen("127.0.0.1", 0) as listener:
            await serve(app, listener, close_streams=lambda: None, started=started, limits=self._limits)
        await self._talking


async def test_on_real_sockets_nobody_stays_who_asks_for_nothing() -> None:
    sent = [
        b"",
        b"GET / HTTP/1.1\r\nHost: x",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
        b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    answers: list[bytes] = []

    async def ask(host: str, port: int) -> None:
        for data in sent:
            reader, writer = await asyncio.open_connection(host, port, limit=1_000)
            writer.write(data)
            answers.append(await asyncio.wait_for(reader.read(), 20))
            writer.close()

    limits = ConnectionLimits(head_seconds=0.2, idle_seconds=0.2, write_seconds=0.5, linger_seconds=0.2)
    await Conversation(ask, limits).hold()
    assert answers[0] == b""
    assert [answer.split(b" ", 2)[1] for answer in answers[1:]] == [b"408", b"408", b"404", b"404"]


async def test_a_large_body_that_nobody_wants_is_answered_before_the_connection_ends() -> None:
    async def ask(host: str, port: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6000000\r\n\r\n")
        writer.write(bytes(6_000_000))
        await writer.drain()
        assert (await reader.read()).startswith(b"HTTP/1.1 404")
        writer.close()

    await Conversation(ask, ConnectionLimits()).hold()


@pytest.mark.parametrize(
    ("limits", "possible", "raised"),
    [
        ((4_000, 4_000), 2_000, None),
        ((1_024, 8_192), 2_000, 2_000 + OTHER_FILES),
        ((1_024, 1_024), 1_024 - OTHER_FILES, 1_024),
        ((1_024, resource.RLIM_INFINITY), 2_000, 2_000 + OTHER_FILES),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 2_000, None),
        ((100, 100), 1, 100),
    ],
)
def test_there_are_no_more_connections_than_files_may_be_open(
    limits: tuple[int, int], possible: int, raised: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda kind, found: set_to.append(found))
    assert connections_with_files(2_000) == possible
    assert set_to == ([] if raised is None else [(raised, limits[1])])
