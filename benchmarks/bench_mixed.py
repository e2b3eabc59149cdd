"""Reads and writes at once on one event loop, 95 to 5: how much it bears, how long a request takes, how late it is.

A write is a match: two entries change, and whoever reads next sees it. The board and a Polars snapshot are each called
on the loop itself and in a thread. A request that does nothing shows what the harness costs.
"""

import asyncio
import random
import threading
from time import perf_counter
from typing import Final, Protocol

from benchmarks.bench_fresh import PolarsLadder
from benchmarks.engines import polars_page
from benchmarks.measuring import Plan, Results, percentile_ms, rounded, settled_memory
from benchmarks.population import NOW_US, SEED, Matches, Population, make_population
from benchmarks.queries import page_queries
from toprung.domain.leaderboard.leaderboard import LeaderboardQuery
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.ratings.rating import Entry

WRITE_SHARE: Final = 0.05
CLIENTS: Final = 8
OPEN_RATE: Final = 100

_CLOSED_SECONDS, _OPEN_SECONDS = 4.0, 12.0
_TICK_SECONDS: Final = 0.002


class Ladder(Protocol):
    """Something that can be read and written, without waiting for anything but itself."""

    def read(self, query: LeaderboardQuery) -> None:
        """Finds a page."""
        ...

    def write(self, entries: tuple[Entry, Entry], now_us: int) -> None:
        """Takes what a match changed; the next read sees it."""
        ...


class Nothing:
    """What the harness costs by itself."""

    def read(self, query: LeaderboardQuery) -> None:
        """Does nothing."""

    def write(self, entries: tuple[Entry, Entry], now_us: int) -> None:
        """Does nothing."""


class BoardLadder:
    """The board. A lock lets only one thread in; on the event loop alone it is never waited for."""

    def __init__(self, population: Population) -> None:
        self._board = population.board()
        self._lock = threading.Lock()
        self._now_us = NOW_US

    def read(self, query: LeaderboardQuery) -> None:
        """See `Ladder`."""
        with self._lock:
            self._board.page(query, now_us=self._now_us, seq=1)

    def write(self, entries: tuple[Entry, Entry], now_us: int) -> None:
        """See `Ladder`."""
        with self._lock:
            self._now_us = now_us
            for entry in entries:
                self._board.put_entry(entry)


class SnapshotLadder:
    """A Polars frame ranked anew at every write. Reads take the last complete snapshot and wait for nobody."""

    def __init__(self, population: Population) -> None:
        self._frame = PolarsLadder(population)
        self._lock = threading.Lock()
        self._ranked = self._frame.ranked(NOW_US)

    def read(self, query: LeaderboardQuery) -> None:
        """See `Ladder`."""
        polars_page(self._ranked, query)

    def write(self, entries: tuple[Entry, Entry], now_us: int) -> None:
        """See `Ladder`."""
        with self._lock:
            self._frame.put(entries)
            self._ranked = self._frame.ranked(now_us)


def measure(plan: Plan) -> Results:
    """Requests a second, latency and loop lag in milliseconds, by ladder and by where it is called."""
    population = make_population(plan.mixed_size)
    results: Results = {
        "entries": plan.mixed_size,
        "write_share": WRITE_SHARE,
        "clients": CLIENTS,
        "open_rate": OPEN_RATE,
        "ways": {},
    }
    ladders: dict[str, Ladder] = {
        "nothing": Nothing(),
        "board": BoardLadder(population),
        "polars": SnapshotLadder(population),
    }
    with settled_memory():
        for name, ladder in ladders.items():
            for place, in_thread in (("direct", False), ("thread", True)):
                load = _Load(population, ladder, in_thread=in_thread)
                closed = asyncio.run(_closed_loop(load, plan.seconds(_CLOSED_SECONDS)))
                opened = asyncio.run(_open_loop(load, plan.seconds(_OPEN_SECONDS)))
                results["ways"][f"{name}_{place}"] = {"closed": closed, "open": opened}
    return results


class _Load:
    """Requests, one after the other, the same for every ladder."""

    def __init__(self, population: Population, ladder: Ladder, *, in_thread: bool) -> None:
        self._matches = Matches(population)
        self._queries = list(page_queries(population.countries).values())
        self._chance = random.Random(SEED)
        self._ladder = ladder
        self._in_thread = in_thread
        self._now_us = NOW_US

    async def request(self) -> None:
        """One request."""
        if self._chance.random() < WRITE_SHARE:
            self._now_us += MICROSECONDS_PER_SECOND
            entries, now_us = self._matches.play(self._now_us), self._now_us
            if self._in_thread:
                await asyncio.to_thread(self._ladder.write, entries, now_us)
            else:
                self._ladder.write(entries, now_us)
        else:
            query = self._chance.choice(self._queries)
            if self._in_thread:
                await asyncio.to_thread(self._ladder.read, query)
            else:
                self._ladder.read(query)


async def _closed_loop(load: _Load, seconds: float) -> Results:
    """Some clients, each asking again as soon as it is answered."""
    latencies: list[float] = []
    until = perf_counter() + seconds

    async def client() -> None:
        while (started := perf_counter()) < until:
            await asyncio.sleep(0)  # the other clients' requests that are waiting come first
            await load.request()
            latencies.append(perf_counter() - started)

    started = perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    elapsed = perf_counter() - started
    return {
        "requests_per_s": round(len(latencies) / elapsed, 1),
        "p50_ms": percentile_ms(latencies, 50),
        "p99_ms": percentile_ms(latencies, 99),
    }


async def _open_loop(load: _Load, seconds: float) -> Results:
    """Requests that come at random, so many a second on average, whether or not those before are answered."""
    loop = asyncio.get_running_loop()
    chance = random.Random(SEED)
    latencies: list[float] = []
    lags: list[float] = []

    async def serve(due: float) -> None:
        await load.request()
        latencies.append(loop.time() - due)

    async def watch() -> None:
        while True:
            due = loop.time() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            lags.append(loop.time() - due)

    watching = asyncio.create_task(watch())
    requests: list[asyncio.Task[None]] = []
    due = loop.time()
    end = due + seconds
    while due < end:
        due += chance.expovariate(OPEN_RATE)
        await asyncio.sleep(max(0.0, due - loop.time()))
        requests.append(asyncio.create_task(serve(due)))
    await asyncio.gather(*requests)
    watching.cancel()
    return {
        "requests": len(latencies),
        "p50_ms": percentile_ms(latencies, 50),
        "p99_ms": percentile_ms(latencies, 99),
        "lag_p50_ms": percentile_ms(lags, 50),
        "lag_p99_ms": percentile_ms(lags, 99),
        "lag_max_ms": rounded(max(lags) * 1000),
    }
