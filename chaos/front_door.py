"""Clients that hold on and never let go: a real server, and what becomes of those who ask for nothing or read nothing.

Connections that are idle, that sent half a head, half a body; clients that pipeline and never read; a head without
end; thousands of idle connections, from one address and from many; a thousand event streams of one address; a large
body that nobody wants; guesses at the admin token. An address's shares are raised but for the crowds and what follows.
"""

import asyncio
import resource
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

import httpx

from chaos.experiment import Claim, Plan, Results, about, claimed
from chaos.served import Served, served

OF_EACH_KIND: Final = 60
GONE_AFTER_SECONDS: Final = 35.0
PIPELINERS: Final = 4
PIPELINE_SECONDS: Final = 8.0
HEADERS_MB: Final = 100
GROWTH_MB_MAX: Final = 50
IDLE_CONNECTIONS: Final = 2_100
ADDRESSES: Final = 250
STREAMS: Final = 1_000
STREAMS_PER_ADDRESS: Final = 20
UNWANTED_MB: Final = 6
GUESSES: Final = 500
GUESSES_MAX: Final = 10
RAISED: Final = {"connections_per_address": 10_000, "streams_per_address": 1_000}
OTHER, CROWD = "127.0.0.2", "127.0.0.3"

_PART: Final = b"x-header: a line of a head that does not end\r\n" * 1_000

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def run(plan: Plan) -> Results:
    """What was seen, and the promises about it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        found, claims = asyncio.run(_run(plan))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return {"about": about(__doc__), **found, "claims": claimed(*claims)}


async def _run(plan: Plan) -> tuple[Results, list[Claim]]:
    claims: list[Claim] = []
    found: Results = {}
    async with served(plan.folder / "raised", RAISED) as server:
        await _warm_up(server)
        found["memory_mb"] = memory = await _memory(server, plan)
        growth = memory["most"] - memory["before"]
        claims.append(
            Claim(
                promise=f"memory grows by less than {GROWTH_MB_MAX} MB under {PIPELINERS} clients that pipeline and "
                f"never read, and {HEADERS_MB} MB of headers",
                measured=f"{memory['before']:.0f} MB before, {memory['most']:.0f} MB at most, "
                f"{memory['requests_mb']:.1f} MB of requests taken in, {memory['headers_mb']:.1f} MB of headers",
                held=growth < GROWTH_MB_MAX,
            )
        )
        plan.told(f"memory grew by {growth:.1f} MB")
        found["left"] = left = await _holding_on(server, plan)
        claims.append(
            Claim(
                promise=f"after {GONE_AFTER_SECONDS:.0f} s none is left of {OF_EACH_KIND} connections of each kind",
                measured=", ".join(f"{kind}: {number}" for kind, number in left.items()),
                held=not any(left.values()),
            )
        )
    async with served(plan.folder / "as_set", {}) as server:
        for name, sources in (("one", [CROWD]), ("many", [f"127.0.1.{number + 1}" for number in range(ADDRESSES)])):
            found[f"crowd_of_{name}"], claim = await _crowd(server, sources, name)
            claims.append(claim)
        plan.told("crowds are gone")
        claims += [await _streams(server), await _unwanted_body(server), await _guesses(server)]
    return found, claims


async def _warm_up(server: Served) -> None:
    async with server.client() as client:
        for _ in range(50):
            for path in ("/leaderboard", "/leaderboard/rows", "/healthz", "/api/v1/leaderboard"):
                (await client.get(path)).raise_for_status()


async def _connected(server: Served, source: str | None = None) -> Ends:
    local = None if source is None else (source, 0)
    return await asyncio.open_connection(server.host, server.port, local_addr=local)


async def _holding_on(server: Served, plan: Plan) -> Results:
    """How many are still connected after a while, of each kind that holds on to its connection."""
    host = f"Host: {server.host}\r\nAuthorization: Bearer {server.token}\r\n"
    post = f"POST /api/v1/admin/players HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n"
    kinds = {
        "idle": b"",
        "half a head": b"GET /leaderboard HTTP/1.1\r\nHost: 127.0",
        "half a body": post.encode() + b'{"name": ',
        "half a body that is not wanted": post.replace(server.token, "").encode() + b'{"name": ',
        "idle after an answer": f"GET /healthz HTTP/1.1\r\n{host}\r\n".encode(),
    }
    ends: dict[str, list[Ends]] = {kind: [] for kind in kinds}
    for kind, sent in kinds.items():
        for number in range(OF_EACH_KIND):
            reader, writer = await _connected(server, f"127.0.2.{number % 200 + 1}")
            writer.write(sent)
            ends[kind].append((reader, writer))
    began = perf_counter()
    gone: Counter[str] = Counter()

    async def see_it_go(kind: str, reader: asyncio.StreamReader) -> None:
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass
        gone[kind] += 1

    watching = [asyncio.create_task(see_it_go(kind, reader)) for kind, of_kind in ends.items() for reader, _ in of_kind]
    _, left = await asyncio.wait(watching, timeout=GONE_AFTER_SECONDS)
    plan.told(f"{len(left)} left after {perf_counter() - began:.1f} s")
    for task in left:
        task.cancel()
    for of_kind in ends.values():
        for _, writer in of_kind:
            writer.transport.abort()
    return {kind: OF_EACH_KIND - gone[kind] for kind in kinds}


async def _memory(server: Served, plan: Plan) -> Results:
    """The server's memory before and at most, while some pipeline and never read and one sends a head without end."""
    before = most = server.rss_mb
    over = asyncio.Event()

    async def watch() -> None:
        nonlocal most
        while not over.is_set():
            most = max(most, server.rss_mb)
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    request = f"GET /leaderboard HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode() * 500
    sent = await asyncio.gather(
        *(_poured(server, request, 10**12, PIPELINE_SECONDS, reads=False) for _ in range(PIPELINERS))
    )
    plan.told("pipelined")
    head = b"GET /leaderboard HTTP/1.1\r\nHost: x\r\n"
    headers = await _poured(server, _PART, HEADERS_MB * 1024**2, 30, reads=True, first=head)
    over.set()
    await watching
    return {"before": before, "most": most, "requests_mb": sum(sent) / 1024**2, "headers_mb": headers / 1024**2}


async def _poured(server: Served, part: bytes, size: int, seconds: float, *, reads: bool, first: bytes = b"") -> int:
    """How many bytes a server took in of a client that sends the same again and again, for so long or so much of it."""
    loop = asyncio.get_running_loop()
    connection = socket.socket()
    connection.setblocking(False)
    await loop.sock_connect(connection, (server.host, server.port))
    taken = 0
    try:
        async with asyncio.timeout(seconds):
            await loop.sock_sendall(connection, first)
            while taken < size:
                await loop.sock_sendall(connection, part)
                taken += len(part)
                if reads:
                    try:
                        connection.recv(65_536)
                    except BlockingIOError:
                        continue
    except (TimeoutError, ConnectionError):
        pass
    finally:
        connection.close()
    return taken


async def _crowd(server: Served, sources: Sequence[str], name: str) -> tuple[Results, Claim]:
    """What organisers, health and a visitor are answered while thousands are connected and say nothing."""
    writers = []
    for number in range(IDLE_CONNECTIONS):
        _, writer = await _connected(server, sources[number % len(sources)])
        writers.append(writer)
    statuses: Counter[int] = Counter()
    slowest_ms = 0.0
    for source in (OTHER, sources[0]):
        async with server.client(source) as client:
            for path in ("/healthz", "/api/v1/admin/pool", "/leaderboard"):
                began = perf_counter()
                statuses[(await client.get(path)).status_code] += 1
                slowest_ms = max(slowest_ms, 1_000 * (perf_counter() - began))
    for writer in writers:
        writer.transport.abort()
    found = {"statuses": {str(status): times for status, times in statuses.items()}, "slowest_ms": round(slowest_ms, 1)}
    claim = Claim(
        promise=f"{IDLE_CONNECTIONS:,} idle connections of {name} address{'es' * (len(sources) > 1)} keep nobody out, "
        "neither at another address nor at theirs",
        measured=f"health, admin API and leaderboard: {dict(statuses)}, the slowest {slowest_ms:.0f} ms",
        held=set(statuses) == {200},
    )
    return found, claim


@asynccontextmanager
async def _streaming(server: Served, source: str, times: int) -> AsyncIterator[list[int]]:
    """The statuses of as many event streams, while they last."""
    request = f"GET /events HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode()
    writers, statuses = [], []
    for _ in range(times):
        try:
            reader, writer = await _connected(server, source)
            writers.append(writer)
            writer.write(request)
            statuses.append(int((await reader.readline() or b"- 0").split()[1]))
        except ConnectionError:
            statuses.append(0)
    try:
        yield statuses
    finally:
        for writer in writers:
            writer.transport.abort()


async def _streams(server: Served) -> Claim:
    async with _streaming(server, CROWD, STREAMS) as crowd, _streaming(server, OTHER, 1) as other:
        return Claim(
            promise=f"of {STREAMS:,} event streams of one address {STREAMS_PER_ADDRESS} are served; others get theirs",
            measured=f"{dict(Counter(crowd))}; another address: {other[0]}",
            held=crowd.count(200) == STREAMS_PER_ADDRESS and other == [200],
        )


async def _unwanted_body(server: Served) -> Claim:
    """A client that reads nothing until it has sent all, and wants the connection to end then."""
    size = UNWANTED_MB * 1024**2
    outcomes: Counter[str] = Counter()
    for path in ("/api/v1/admin/players", "/leaderboard", "/api/v1/admin/replays?as=Maru", "/nothing"):
        head = f"POST {path} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n"
        reader, writer = await _connected(server, OTHER)
        try:
            writer.write(f"{head}Connection: close\r\nContent-Length: {size}\r\n\r\n".encode() + bytes(size))
            await writer.drain()
            answer = await reader.read()
            outcomes[answer[9:12].decode() if b"\r\n\r\n" in answer else "nothing"] += 1
        except ConnectionError:
            outcomes["reset"] += 1
        writer.transport.abort()
    return Claim(
        promise=f"{UNWANTED_MB} MB that nobody wants are answered with a sentence and not by a reset",
        measured=str(dict(outcomes)),
        held=not {"reset", "nothing"} & set(outcomes),
    )


async def _guesses(server: Served) -> Claim:
    statuses: Counter[int] = Counter()
    began = perf_counter()
    async with httpx.AsyncClient(base_url=server.address, transport=httpx.AsyncHTTPTransport()) as client:
        for number in range(GUESSES):
            answer = await client.get("/api/v1/admin/pool", headers={"Authorization": f"Bearer guess{number}"})
            statuses[answer.status_code] += 1
    async with server.client(OTHER) as organiser:
        right = (await organiser.get("/api/v1/admin/pool")).status_code
    return Claim(
        promise=f"of {GUESSES} guesses at the token at most {GUESSES_MAX} are compared, and the organiser gets in",
        measured=f"{dict(statuses)} in {perf_counter() - began:.1f} s; the organiser: {right}",
        held=statuses[401] <= GUESSES_MAX and set(statuses) == {401, 429} and right == 200,
    )
