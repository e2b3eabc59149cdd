"""Listening, answering and stopping: the server around the site, on real sockets."""

import asyncio
import os
import signal
import socket

import pytest
from fastapi import FastAPI

from toprung.interfaces.web.server import AddressTaken, address_of, listen, serve


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
