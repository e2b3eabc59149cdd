"""Open pages, in a process of their own: `python -m benchmarks.http_viewers PORT PAGES SPREAD-SECONDS SEED`.

Each page has an event stream and a connection on which it asks for its rows, as a browser does, when it is told of a
new version: after a random wait of at most so long. Says "ready" when all are open; when its standard input ends it
says what it saw, as JSON.
"""

import asyncio
import json
import random
import sys
from contextlib import suppress
from time import perf_counter
from typing import Final

from benchmarks.measuring import percentile_ms

HEAD: Final = "Host: 127.0.0.1\r\nAccept-Encoding: gzip\r\nAccept-Language: en\r\n"
CONNECTING_AT_ONCE_MAX: Final = 20


class Page:
    """One open page."""

    def __init__(self, port: int, spread_seconds: float, chance: random.Random, taken: list[float]) -> None:
        self._port = port
        self._spread_seconds = spread_seconds
        self._chance = chance
        self._taken = taken
        self._etag = ""
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._is_told = asyncio.Event()
        self.is_open = asyncio.Event()
        self.bytes = 0
        self.failures = 0

    async def watch(self) -> None:
        """Follows the board."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET /events HTTP/1.1\r\n{HEAD}Accept: text/event-stream\r\n\r\n".encode())
        while line := await reader.readline():
            if line.startswith(b"data: "):
                self._is_told.set()
                self.is_open.set()

    async def fetch(self) -> None:
        """Asks for the rows whenever there are others."""
        await self._is_told.wait()
        self._is_told.clear()
        while True:
            await self._is_told.wait()
            await asyncio.sleep(self._chance.random() * self._spread_seconds)
            self._is_told.clear()
            started = perf_counter()
            try:
                await self._ask()
            except (ConnectionError, asyncio.IncompleteReadError):
                self._connection = None  # the server ended it, since nothing was asked for a while
                started = perf_counter()
                with suppress(ConnectionError, asyncio.IncompleteReadError):
                    await self._ask()
            self._taken.append(perf_counter() - started)

    async def _ask(self) -> None:
        if self._connection is None:
            self._connection = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._connection
        writer.write(f"GET /leaderboard/rows HTTP/1.1\r\n{HEAD}If-None-Match: {self._etag or '-'}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        self.bytes += len(body)
        self.failures += head.split()[1] not in {"200", "304"}
        self._etag = fields.get("etag", "")


async def main(port: int, pages: int, spread_seconds: float, seed: int) -> None:
    """Opens the pages and follows the board with them."""
    chance, taken, tasks, opened = random.Random(seed), list[float](), [], []
    for _ in range(pages):
        page = Page(port, spread_seconds, chance, taken)
        tasks += [asyncio.create_task(page.watch()), asyncio.create_task(page.fetch())]
        opened.append(page)
        if len(opened) % CONNECTING_AT_ONCE_MAX == 0:
            await page.is_open.wait()
    for page in opened:
        await page.is_open.wait()
    print("ready", flush=True)
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
    await over.wait()
    found = {
        "fetches": len(taken),
        "failures": sum(page.failures for page in opened),
        "kilobytes": sum(page.bytes for page in opened) // 1024,
        "rows_p50_ms": percentile_ms(taken or [0.0], 50),
        "rows_p99_ms": percentile_ms(taken or [0.0], 99),
    }
    print(json.dumps(found), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
