"""The founding report's measurement on the machine at hand: a process pool, a thread, a direct call, and the board.

The same page in every way: two countries, one race, best race only, of a frame that is ranked already. A pool gets the
frame by pickle with each request, as it has to when the frame changes with each match.
"""

import asyncio
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from time import perf_counter
from typing import Any, Final

import polars as pl

from benchmarks import founding_work as work
from benchmarks.engines import ranked_snapshot
from benchmarks.founding_child import ANSWER_LIMIT_SECONDS
from benchmarks.machine import ROOT
from benchmarks.measuring import Plan, Results, median_ms, rounded, seconds_of
from benchmarks.population import NOW_US, make_population
from benchmarks.queries import founding_query
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.leaderboard import LeaderboardQuery

CONCURRENT: Final = 3

_COLD_STARTS, _COLD_REQUESTS, _WARM_CALLS, _WARM_REQUESTS, _HANG_TRIES = 5, 5, 300, 60, 3
_CHILD_LIMIT_SECONDS: Final = 60.0


def measure(plan: Plan) -> Results:
    """Milliseconds, megabytes and what fork did."""
    sizes = {str(size): _measure_size(plan, size) for size in plan.founding_sizes}
    fork = _child("fork", str(plan.times(_COLD_STARTS)))
    by_size: Results = {
        measured: {way: {size: found[measured][way] for size, found in sizes.items()} for way in ways}
        for measured, ways in next(iter(sizes.values())).items()
    }
    return {
        "query": "two countries, one race, best race only, page 1",
        "cold_start_ms": {**_cold_starts(plan), "fork": fork["cold_start_ms"], "thread": _cold_thread(plan)},
        "dispatch_ms": {**_dispatch(plan), "fork": fork["dispatch_ms"]},
        **by_size,
        "memory_mb": _memory(plan.founding_sizes[-1], fork["worker_mb"]),
        "memory_entries": plan.founding_sizes[-1],
        "fork_after_polars": _fork_after_use(plan.times(_HANG_TRIES, at_least=1)),
    }


def _pool(kind: str, workers: int = 1) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(kind))


def _cold(kind: str, job: Callable[[], object]) -> float:
    """From making a pool to its first answer."""
    started = perf_counter()
    with _pool(kind) as pool:
        pool.submit(job).result(_CHILD_LIMIT_SECONDS)
        return perf_counter() - started


def _cold_starts(plan: Plan) -> Results:
    jobs = {"bare": work.do_nothing, "polars": work.import_polars, "program": work.import_program}
    starts = plan.times(_COLD_STARTS)
    found: Results = {"forkserver_first": rounded(_cold("forkserver", work.do_nothing) * 1000)}
    for kind in ("spawn", "forkserver"):
        for name, job in jobs.items():
            found[f"{kind}_{name}"] = median_ms([_cold(kind, job) for _ in range(starts)])
    return found


def _cold_thread(plan: Plan) -> float:
    """The first call in a thread of a new event loop, whose executor has no thread yet."""

    async def first() -> float:
        started = perf_counter()
        await asyncio.to_thread(work.do_nothing)
        return perf_counter() - started

    return median_ms([asyncio.run(first()) for _ in range(plan.times(10 * _COLD_STARTS))])


def _dispatch(plan: Plan) -> Results:
    """A call that does nothing, in a pool or thread that is there already."""
    calls = plan.times(_WARM_CALLS)
    found: Results = {}
    for kind in ("spawn", "forkserver"):
        with _pool(kind) as pool:
            pool.submit(work.do_nothing).result(_CHILD_LIMIT_SECONDS)
            found[kind] = median_ms([seconds_of(lambda: pool.submit(work.do_nothing).result()) for _ in range(calls)])

    async def in_threads() -> list[float]:
        samples = []
        for _ in range(calls):
            started = perf_counter()
            await asyncio.to_thread(work.do_nothing)
            samples.append(perf_counter() - started)
        return samples

    found["thread"] = median_ms(asyncio.run(in_threads()))
    found["direct"] = median_ms([seconds_of(work.do_nothing) for _ in range(calls)])
    return found


def _measure_size(plan: Plan, size: int) -> Results:
    population = make_population(size)
    entries, board = population.frame(), population.board()
    ranked, query = ranked_snapshot(entries), founding_query(population.countries)
    expected = board.page(query, now_us=NOW_US, seq=1)
    rows, total, pages = work.filtered_page(ranked, query)
    if (rows, total, pages) != (expected.players, expected.total_players, expected.total_pages):
        raise AssertionError("the board and the founding report's function answer differently")
    ask_board = _board_page(board, query)
    first = plan.times(_COLD_REQUESTS)
    first_by_board = [seconds_of(_board_page(population.board(), query)) for _ in range(first)]
    first_by_thread = [asyncio.run(_timed_in_thread(ranked, query)) for _ in range(first)]
    direct = [seconds_of(lambda: work.filtered_page(ranked, query)) for _ in range(plan.times(_WARM_REQUESTS))]
    anew = [
        seconds_of(lambda: work.filtered_page(ranked_snapshot(entries), query))
        for _ in range(plan.times(_WARM_REQUESTS / 3))
    ]
    by_board = [seconds_of(ask_board) for _ in range(plan.times(10 * _WARM_REQUESTS))]
    cold, warm, three = asyncio.run(_pooled_and_threaded(plan, ranked, query))
    three["direct"] = median_ms(
        [seconds_of(lambda: _three_times(lambda: work.filtered_page(ranked, query))) for _ in range(plan.times(20))]
    )
    three["board"] = median_ms([seconds_of(lambda: _three_times(ask_board)) for _ in range(plan.times(200))])
    return {
        "first_request_ms": {**cold, "thread": median_ms(first_by_thread), "board": median_ms(first_by_board)},
        "request_ms": {
            **warm,
            "direct": median_ms(direct),
            "direct_ranked_anew": median_ms(anew),
            "board": median_ms(by_board),
        },
        "three_requests_ms": three,
    }


def _board_page(board: Board, query: LeaderboardQuery) -> Callable[[], object]:
    return lambda: board.page(query, now_us=NOW_US, seq=1)


def _three_times(job: Callable[[], object]) -> None:
    for _ in range(CONCURRENT):
        job()


async def _pooled_and_threaded(
    plan: Plan, ranked: pl.DataFrame, query: LeaderboardQuery
) -> tuple[Results, Results, Results]:
    """The first request, one of many, and three at once; in a pool and in threads."""
    loop = asyncio.get_running_loop()

    async def in_pool(pool: ProcessPoolExecutor) -> Any:
        return await loop.run_in_executor(pool, work.filtered_page, ranked, query)

    async def in_thread() -> Any:
        return await asyncio.to_thread(work.filtered_page, ranked, query)

    colds = plan.times(_COLD_REQUESTS)
    cold: dict[str, list[float]] = {"pool": [], "three_one_worker": [], "three_workers": []}
    for _ in range(colds):
        for name, workers, requests in (("pool", 1, 1), ("three_one_worker", 1, 3), ("three_workers", 3, 3)):
            started = perf_counter()
            with _pool("spawn", workers) as pool:
                await asyncio.gather(*(in_pool(pool) for _ in range(requests)))
                cold[name].append(perf_counter() - started)
    requests = plan.times(_WARM_REQUESTS)
    with _pool("spawn", CONCURRENT) as pool:
        await asyncio.gather(*(in_pool(pool) for _ in range(3 * CONCURRENT)))
        warm_pool = [await _timed(in_pool(pool)) for _ in range(requests)]
        three_warm = [await _timed(_gathered(lambda: in_pool(pool))) for _ in range(requests // 3)]
    warm_thread = [await _timed(in_thread()) for _ in range(requests)]
    three_threads = [await _timed(_gathered(in_thread)) for _ in range(requests // 3)]
    return (
        {"pool": median_ms(cold["pool"])},
        {"pool": median_ms(warm_pool), "thread": median_ms(warm_thread)},
        {
            "pool_cold_one_worker": median_ms(cold["three_one_worker"]),
            "pool_cold_three_workers": median_ms(cold["three_workers"]),
            "pool_warm": median_ms(three_warm),
            "thread": median_ms(three_threads),
        },
    )


async def _timed_in_thread(ranked: pl.DataFrame, query: LeaderboardQuery) -> float:
    """The first request in a thread of a new event loop, whose executor has no thread yet."""
    return await _timed(asyncio.to_thread(work.filtered_page, ranked, query))


async def _timed(awaitable: Coroutine[Any, Any, Any]) -> float:
    started = perf_counter()
    await awaitable
    return perf_counter() - started


async def _gathered(request: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    await asyncio.gather(*(request() for _ in range(CONCURRENT)))


def _memory(size: int, fork_worker_mb: float) -> Results:
    """Megabytes: of a worker by what it has imported and done, of a thread, and of a process with a frame."""
    population = make_population(size)
    ranked, query = ranked_snapshot(population.frame()), founding_query(population.countries)
    found: Results = {"fork_worker": fork_worker_mb}
    for name, job in (("bare", work.do_nothing), ("polars", work.import_polars), ("program", work.import_program)):
        with _pool("spawn") as pool:
            pool.submit(job).result(_CHILD_LIMIT_SECONDS)
            found[f"spawn_worker_{name}"] = rounded(pool.submit(work.own_memory_mb).result(_CHILD_LIMIT_SECONDS))
    with _pool("spawn") as pool:
        after = [pool.submit(work.memory_after_page_mb, ranked, query).result(_CHILD_LIMIT_SECONDS) for _ in range(3)]
    found["spawn_worker_after_page"] = rounded(statistics.median(after))
    threads = _child("threads", str(size))
    return {
        **found,
        "thread_idle": threads["idle_mb"],
        "thread_after_page": threads["after_page_mb"],
        "process_with_frame": threads["process_mb"],
    }


def _fork_after_use(tries: int) -> Results:
    """How often a worker that was forked after the parent had used Polars never answered."""
    answered = [bool(_child("fork-after-use")["answered"]) for _ in range(tries)]
    return {"tries": tries, "hung": answered.count(False), "limit_s": ANSWER_LIMIT_SECONDS}


def _child(*arguments: str) -> Results:
    """What an interpreter of its own found. Whatever it started ends with it: they are one group of processes."""
    command = [sys.executable, "-m", "benchmarks.founding_child", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        limit = threading.Timer(_CHILD_LIMIT_SECONDS, _end_group, (child.pid,))
        limit.start()
        try:
            assert child.stdout is not None
            line = child.stdout.readline()  # not to the end: a worker that hangs holds the pipe open
        finally:
            limit.cancel()
            _end_group(child.pid)
    found: Results = json.loads(line)
    return found


def _end_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
