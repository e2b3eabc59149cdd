"""Many open pages, and matches that end: how long health takes meanwhile, and how late the server's event loop is.

The server, the pages and whoever asks for health are processes of their own. Pages follow the board by event streams
and ask for their rows after each match: "anew" is as it was once, each answer drawn for who asks and all asking at
once; "kept" is as it is. "quiet" is a server that nobody watches.
"""

import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from benchmarks.machine import ROOT
from benchmarks.measuring import Plan, Results, percentile_ms, rounded
from benchmarks.population import make_population
from benchmarks.sqlite_file import make_database

ENTRIES: Final = 10_000
PAGES: Final = 500
VIEWER_PROCESSES: Final = 2
MATCHES: Final = 12
MATCH_EVERY_SECONDS: Final = 2.5
SPREAD_SECONDS: Final = 1.5
PROBE_EVERY_SECONDS: Final = 0.02
WAYS: Final = {"quiet": ("kept", 0, 0.0), "anew": ("anew", PAGES, 0.0), "kept": ("kept", PAGES, SPREAD_SECONDS)}
_ANSWER_SECONDS_MAX: Final = 120


def measure(plan: Plan) -> Results:
    """Milliseconds of health, of rows and of lag, by way; seconds of the server's processor; and how much was asked."""
    matches = plan.times(MATCHES)
    share = min(1.0, plan.effort)
    with tempfile.TemporaryDirectory(prefix="toprung-bench-") as folder:
        ways: Results = {}
        for way, (keeper, pages, spread) in WAYS.items():
            path = Path(folder) / f"{way}.db"
            make_database(path, make_population(ENTRIES))
            opened = min(pages, max(VIEWER_PROCESSES, round(pages * share)))
            ways[way] = asyncio.run(_measured(path, keeper, opened, spread, matches))
    return {"entries": ENTRIES, "pages": PAGES, "matches": matches, "spread_s": SPREAD_SECONDS, "ways": ways}


async def _measured(path: Path, keeper: str, pages: int, spread: float, matches: int) -> Results:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(_started("benchmarks.http_server", str(path), keeper))
        port = await _line(server)
        viewers = []
        for number in range(VIEWER_PROCESSES if pages else 0):
            of_it = pages // VIEWER_PROCESSES + (number < pages % VIEWER_PROCESSES)
            arguments = (port, str(of_it), str(spread), str(number))
            viewers.append(await stack.enter_async_context(_started("benchmarks.http_viewers", *arguments)))
            await _line(viewers[-1])
        for _ in range(2):  # what is drawn and compiled for the first time is not what is measured
            await _ask(server, "match")
            await asyncio.sleep(MATCH_EVERY_SECONDS)
        await _ask(server, "lag")
        health: list[float] = []
        probing = asyncio.create_task(_probe(int(port), health))
        for _ in range(matches):
            await _ask(server, "match")
            await asyncio.sleep(MATCH_EVERY_SECONDS)
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)
        lag = json.loads(await _ask(server, "lag"))
        seen = [json.loads(await _ended(one)) for one in viewers]
        await _ended(server, says=False)
    return {
        "health_p50_ms": percentile_ms(health, 50),
        "health_p99_ms": percentile_ms(health, 99),
        "health_max_ms": rounded(max(health) * 1000),
        "probes": len(health),
        **lag,
        **_together(seen),
    }


def _together(seen: Sequence[Results]) -> Results:
    if not seen:
        return {}
    counted = {name: sum(one[name] for one in seen) for name in ("fetches", "failures", "kilobytes")}
    return {**counted, **{name: max(one[name] for one in seen) for name in ("rows_p50_ms", "rows_p99_ms")}}


async def _probe(port: int, taken: list[float]) -> None:
    """Asks for health again and again, and notes how many seconds each answer took."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        await asyncio.sleep(PROBE_EVERY_SECONDS)
        asked = loop.time()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
        taken.append(loop.time() - asked)


@asynccontextmanager
async def _started(module: str, *arguments: str) -> AsyncIterator[Process]:
    command = (sys.executable, "-m", module, *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(_ANSWER_SECONDS_MAX):
        return (await process.stdout.readline()).decode().strip()


async def _ask(process: Process, command: str) -> str:
    assert process.stdin is not None
    process.stdin.write(f"{command}\n".encode())
    return await _line(process)


async def _ended(process: Process, *, says: bool = True) -> str:
    """Lets a process end, and gives the last line that it says."""
    assert process.stdin is not None
    process.stdin.close()
    said = await _line(process) if says else ""
    await asyncio.wait_for(process.wait(), _ANSWER_SECONDS_MAX)
    return said
