"""Connections: their deadlines, on a clock that the tests move; their shares; and what becomes of each."""

import asyncio
import json
import random
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from toprung.interfaces.web.door.addresses import TrustedProxies
from toprung.interfaces.web.door.connections import Connection, ConnectionLimits, Connections

LIMITS = ConnectionLimits()
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = GET[:20]
WRITE_BUFFER_MAX = 64 * 1024


class Wire(asyncio.Transport):
    """The system's side of a connection. What is written stays in it until the client takes it."""

    def __init__(self, host: str) -> None:
        super().__init__({"peername": (host, 4711), "sockname": ("127.0.0.1", 8000)})
        self.protocol: Connection
        self.unsent = bytearray()
        self.taken = bytearray()
        self.is_reader = True
        self.is_reading_paused = False
        self.is_at_end = False
        self.was_aborted = False
        self.is_lost = False
        self._is_closing = False
        self._is_paused = False

    def write(self, data: Any) -> None:
        (self.taken if self.is_reader else self.unsent).extend(data)
        if len(self.unsent) > WRITE_BUFFER_MAX and not self._is_paused:
            self._is_paused = True
            self.protocol.pause_writing()

    def take(self, size: int) -> None:
        """The client reads so many bytes."""
        self.taken += self.unsent[:size]
        del self.unsent[:size]
        if self._is_paused and len(self.unsent) <= WRITE_BUFFER_MAX // 4:
            self._is_paused = False
            self.protocol.resume_writing()
        if self._is_closing and not self.unsent:
            self._lose()

    def get_write_buffer_size(self) -> int:
        return len(self.unsent)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.is_at_end = True

    def pause_reading(self) -> None:
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        self.is_reading_paused = False

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True
        if not self.unsent:
            self._lose()

    def abort(self) -> None:
        self.was_aborted = self._is_closing = True
        self._lose()

    def _lose(self) -> None:
        if not self.is_lost:
            self.is_lost = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


class House:
    """A server's connections, and clients that connect and send."""

    def __init__(self, limits: ConnectionLimits = LIMITS, proxies: TrustedProxies | None = None) -> None:
        self.seconds = 0.0
        self.answer = b"ok"
        self.is_held = False
        self.held = asyncio.Event()
        self.requests = 0
        self.connections = Connections(limits, proxies or TrustedProxies(), lambda: self.seconds)
        self._config = Config(
            self.app, log_config=None, proxy_headers=False, ws="none", lifespan="off", interface="asgi3"
        )
        self._state = ServerState()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        if self.is_held:
            await self.held.wait()
        length = str(len(self.answer)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": self.answer, "more_body": False})

    def connect(self, host: str = "203.0.113.7") -> Wire:
        wire = Wire(host)
        wire.protocol = self.connections.new(self._config, self._state, {}, asyncio.get_running_loop())
        wire.protocol.connection_made(wire)
        return wire

    async def send(self, wire: Wire, data: bytes) -> None:
        """The client sends; returns when the server has done what it can."""
        if not wire.is_lost and not wire.is_reading_paused:
            wire.protocol.data_received(data)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        """Time passes, as it does for a server: the deadlines are looked at now and then."""
        until = self.seconds + seconds
        while self.seconds < until:
            self.seconds = min(self.seconds + 0.5, until)
            self.connections.sweep()
            await self.settle()


def refusal(wire: Wire) -> tuple[int, str]:
    """Status and code of what the client was told."""
    head, _, body = bytes(wire.taken).partition(b"\r\n\r\n")
    assert b"content-security-policy" in head.lower()
    assert b"connection: close" in head.lower()
    return int(head.split()[1]), json.loads(body)["error"]["code"]


async def idle(house: House, wire: Wire) -> None:
    """Sends nothing."""


async def half_a_head(house: House, wire: Wire) -> None:
    await house.send(wire, HALF)


async def asks_and_stays(house: House, wire: Wire) -> None:
    await house.send(wire, GET)


async def asks_and_sends_half_a_head(house: House, wire: Wire) -> None:
    await house.send(wire, GET + HALF)


async def answered_with_half_a_body(house: House, wire: Wire) -> None:
    await house.send(wire, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nxx")


@pytest.mark.parametrize(
    "begins", [idle, half_a_head, asks_and_stays, asks_and_sends_half_a_head, answered_with_half_a_body]
)
@pytest.mark.parametrize("drips", [b"", b"x"])
async def test_nobody_stays_for_long_without_asking_for_something(begins: Any, drips: bytes) -> None:
    house = House()
    wires = [house.connect() for _ in range(60)]
    for wire in wires:
        await begins(house, wire)
    for _ in range(34):
        if drips:
            for wire in wires:
                await house.send(wire, drips)
        await house.pass_time(1)
    assert all(wire.is_lost for wire in wires)
    assert len(house.connections) == 0
    assert not house.connections._all
    assert not house.connections._by_address


async def test_half_a_head_is_told_so_and_has_a_moment_to_read_it() -> None:
    house = House()
    wire = house.connect()
    await house.send(wire, HALF)
    await house.pass_time(LIMITS.head_seconds)
    assert refusal(wire) == (408, "head_too_slow")
    assert wire.is_at_end
    assert not wire.is_lost
    await house.pass_time(LIMITS.linger_seconds)
    assert wire.is_lost


async def test_who_asks_now_and_then_stays() -> None:
    house = House()
    wire = house.connect()
    for _ in range(50):
        await house.send(wire, GET)
        await house.pass_time(LIMITS.idle_seconds - 1)
    assert not wire.is_lost
    assert wire.taken.count(b"HTTP/1.1 200") == 50


async def test_who_begins_to_ask_has_as_long_for_it_as_anybody() -> None:
    house = House()
    for begun in (b"", GET):
        wire = house.connect()
        if begun:
            await house.send(wire, begun)
        await house.pass_time(LIMITS.idle_seconds - 1)
        await house.send(wire, HALF)
        await house.pass_time(LIMITS.head_seconds - 1)
        await house.send(wire, GET[20:])
        assert wire.taken.endswith(b"ok")
        assert wire.taken.count(b"HTTP/1.1 200") == 1 + bool(begun)


async def test_an_answer_that_takes_long_is_no_fault_of_the_clients() -> None:
    house = House()
    house.is_held = True
    wire = house.connect()
    await house.send(wire, GET)
    await house.pass_time(600)
    assert not wire.is_lost
    house.held.set()
    await house.settle()
    assert wire.taken.endswith(b"ok")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", (431, "bad_request")),
        (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (431, "bad_request")),
        (b"X" * 200_000, (431, "bad_request")),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (400, "bad_request")),
        (b"GET / HTTP/1.1\r\n\r\n", (400, "bad_request")),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (400, "bad_request")),
        (b"nonsense\r\n\r\n", (400, "bad_request")),
        (b"HEAD / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", (431, "bad_request")),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_what_is_no_request_gets_a_sentence(sent: bytes, expected: tuple[int, str], at_once: bool) -> None:
    house = House()
    wire = house.connect()
    step = len(sent) if at_once else 10_000
    for start in range(0, len(sent), step):
        await house.send(wire, sent[start : start + step])
    assert refusal(wire) == expected or (not at_once and sent.endswith(b"\xfc\x03\x03"))
    assert house.requests == 0
    await house.send(wire, b"more")
    await house.pass_time(LIMITS.linger_seconds)
    assert wire.is_lost


async def test_a_flood_of_headers_is_thrown_away_and_then_cut_off() -> None:
    house = House()
    wire = house.connect()
    await house.send(wire, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 40_000)
    for _ in range(40):
        await house.send(wire, b"X: y\r\n" * 10_000)
    assert wire.was_aborted
    assert refusal(wire) == (431, "bad_request")


async def test_a_client_that_asks_and_asks_and_never_reads_is_dropped_and_little_is_kept_for_it() -> None:
    house = House()
    house.answer = b"x" * 30_000
    wire = house.connect()
    wire.is_reader = False
    for _ in range(100):
        await house.send(wire, GET * 1_000)
    assert len(wire.unsent) < WRITE_BUFFER_MAX + 2 * len(house.answer)
    assert len(wire.protocol.conn._receive_buffer) < 100_000  # what is kept of requests
    assert house.requests < 10
    await house.pass_time(LIMITS.write_seconds)
    assert wire.was_aborted


async def test_a_slow_reader_gets_all_of_it_and_a_stalled_one_does_not() -> None:
    house = House()
    house.answer = b"x" * 500_000
    slow, stalled = house.connect(), house.connect()
    for wire in (slow, stalled):
        wire.is_reader = False
        await house.send(wire, GET)
    for _ in range(60):
        slow.take(10_000)
        await house.pass_time(5)
    assert slow.taken.endswith(house.answer)
    assert stalled.was_aborted


async def test_a_new_connection_takes_the_place_of_the_one_that_was_idle_for_longest() -> None:
    house = House(ConnectionLimits(connections_per_address=3))
    wires = []
    for _ in range(3):
        wires.append(house.connect())
        await house.pass_time(1)
    await house.send(wires[0], GET)
    wires.append(house.connect())
    await house.settle()
    assert [wire.is_lost for wire in wires] == [False, True, False, False]
    assert len(house.connections) == 3


async def test_thousands_that_say_nothing_keep_nobody_out() -> None:
    house = House(ConnectionLimits(connections_max=200, connections_per_address=100))
    same = [house.connect("203.0.113.7") for _ in range(2_100)]
    await house.settle()
    assert len(house.connections) == 100
    assert sum(not wire.is_lost for wire in same) == 100
    many = [house.connect(f"198.51.100.{number % 250}") for number in range(2_100)]
    await house.settle()
    assert len(house.connections) == 200
    assert sum(not wire.is_lost for wire in many) <= 200
    newcomer = house.connect("203.0.113.7")
    await house.send(newcomer, GET)
    assert newcomer.taken.endswith(b"ok")


async def test_where_all_are_being_answered_some_more_are_heard_and_then_nobody() -> None:
    limits = ConnectionLimits(connections_max=30, connections_per_address=5, reserve=4)
    house = House(limits)
    house.is_held = True
    for _ in range(5 + 4):
        await house.send(house.connect("203.0.113.7"), GET)
    assert house.requests == 9, "the front door sees them, and answers what it must"
    late = house.connect("203.0.113.7")
    await house.settle()
    assert late.was_aborted
    for number in range(30):
        await house.send(house.connect(f"198.51.100.{number}"), GET)
    assert len(house.connections) == 34
    house.held.set()
    await house.settle()
    await house.pass_time(30)
    assert len(house.connections) == 0


async def test_a_proxy_has_as_many_connections_as_there_are() -> None:
    house = House(ConnectionLimits(connections_per_address=3), TrustedProxies([ip_network("10.0.0.9")]))
    wires = [house.connect("10.0.0.9") for _ in range(50)]
    await house.settle()
    assert not any(wire.is_lost for wire in wires)


def sends(data: bytes) -> Callable[[House, Wire], Any]:
    return lambda house, wire: house.send(wire, data)


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_clients_do_places_are_counted_right(seed: int) -> None:
    chance = random.Random(seed)
    limits = ConnectionLimits(connections_max=40, connections_per_address=6, reserve=3)
    house = House(limits)
    wires: list[Wire] = []
    doings: list[Callable[[House, Wire], Any]] = [
        *(sends(data) for data in (GET, HALF, GET[20:], b"nonsense\r\n\r\n", b"x" * 40_000, GET * 5, b"\r\n")),
        lambda house, wire: house.pass_time(chance.choice([0.5, 3, 12])),
        lambda house, wire: wire.abort(),
        lambda house, wire: wire.take(10_000),
    ]
    house.answer = b"x" * 20_000
    for _ in range(400):
        if chance.random() < 0.4:
            wires.append(house.connect(f"203.0.113.{chance.randrange(10)}"))
            wires[-1].is_reader = chance.random() < 0.7
        if wires:
            done = chance.choice(doings)(house, chance.choice(wires))
            if done is not None:
                await done
        await house.settle()
        of_address = house.connections._by_address
        assert len(house.connections) <= limits.connections_max + limits.reserve
        assert sum(len(found) for found in of_address.values()) == len(house.connections)
        assert all(0 < len(found) <= limits.connections_per_address + limits.reserve for found in of_address.values())
        assert {wire.protocol for wire in wires if not wire.is_lost} == house.connections._all
    await house.pass_time(200)
    assert not house.connections._all
    assert len(house.connections) == 0
