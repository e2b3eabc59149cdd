"""One filtered page: the board against Polars, SQLite and PostgreSQL, one after the other on the same rows."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Final

from benchmarks.engines import Answer, BoardEngine, Engine, PolarsEngine, TunedPolarsEngine, ranked_snapshot
from benchmarks.measuring import Plan, Results, median_ms, settled_memory, summary_ms
from benchmarks.population import NOW_US, SEED, make_population
from benchmarks.queries import Named, at_the_middle, deep_queries, first_page_names, page_queries
from benchmarks.sql_engines import PostgresEngine, SqliteEngine, listed_rows, running_postgres
from toprung.domain.leaderboard.leaderboard import LeaderboardQuery, LeaderboardRow, page_count

_ROUNDS: Final = {1_000: 150, 10_000: 100, 100_000: 50, 1_000_000: 24}
_DEEP_SHARE: Final = 0.4

Samples = dict[str, dict[str, list[float]]]
"""Seconds, by engine and query."""


def measure(plan: Plan) -> Results:
    """Milliseconds by engine and size, after every engine was seen to give the same rows and totals."""
    return asyncio.run(_measure(plan))


async def _measure(plan: Plan) -> Results:
    results: Results = {"sizes": {}}
    async with AsyncExitStack() as stack:
        postgres = None
        if plan.with_postgres:
            postgres = await stack.enter_async_context(running_postgres())
            results["postgres_version"] = await postgres.version()
        for size in plan.sizes:
            results["sizes"][str(size)] = await _measure_size(plan, size, postgres)
    return results


async def _measure_size(plan: Plan, size: int, postgres: PostgresEngine | None) -> Results:
    population = make_population(size)
    board = population.board()
    ranked = ranked_snapshot(population.frame())
    everything = board.page(LeaderboardQuery(page_size=size), now_us=NOW_US, seq=1)
    rows = listed_rows(everything.players)
    sqlite = SqliteEngine(rows)
    engines: dict[str, Engine] = {
        "board": BoardEngine(board),
        "polars": PolarsEngine(ranked),
        "polars_tuned": TunedPolarsEngine(ranked, population),
        "sqlite": sqlite,
    }
    if postgres is not None:
        await postgres.load(rows)
        engines["postgres"] = postgres
    del everything, rows
    pages = page_queries(population.countries)
    deep = await _with_middle_pages(engines["board"], deep_queries(population.countries))
    rounds = plan.times(_ROUNDS.get(size, 20))
    try:
        checked = await _check_equality(engines, [*pages.values(), *deep.values()])
        with settled_memory():
            page_samples = await _interleaved(engines, pages, rounds)
            deep_samples = await _interleaved(engines, deep, max(3, round(rounds * _DEEP_SHARE)))
    finally:
        sqlite.close()
    first = first_page_names(pages)
    return {
        "ranked": len(board),
        "answers_compared": checked,
        "page_ms": {engine: summary_ms(_pooled(by_query)) for engine, by_query in page_samples.items()},
        "first_page_ms": {engine: summary_ms(_pooled(by_query, first)) for engine, by_query in page_samples.items()},
        "page_p50_ms_by_query": _medians(page_samples),
        "deep_ms": {engine: summary_ms(_pooled(by_query)) for engine, by_query in deep_samples.items()},
        "deep_p50_ms_by_query": _medians(deep_samples),
        "deep_pages": {name: query.page for name, query in deep.items()},
    }


async def _with_middle_pages(engine: Engine, queries: Named) -> Named:
    found = {}
    for name, query in queries.items():
        total = (await engine.page(query)).total
        found[name] = at_the_middle(query, page_count(total, query.page_size))
    return found


async def _check_equality(engines: dict[str, Engine], queries: list[LeaderboardQuery]) -> int:
    """How many answers were compared with the board's, all of them equal. Raises AssertionError for one that is not."""
    compared = 0
    for query in queries:
        expected = await engines["board"].page(query)
        for name, engine in engines.items():
            if name == "board":
                continue
            answer = await engine.page(query)
            if not _is_equal(answer, expected, ranks=name.startswith("polars")):
                raise AssertionError(f"{name} answers {query} differently")
            compared += 1
    return compared


def _is_equal(answer: Answer, expected: Answer, *, ranks: bool) -> bool:
    """Whether two answers agree: in every field, or without the ranks that SQL does not give."""
    if ranks:
        return answer.total == expected.total and _without_percentile(answer.rows) == _without_percentile(expected.rows)
    rows = [
        (row.entry_id, row.letter_rank, row.race, row.country, row.player_id, row.player_name, row.mmr)
        for row in expected.rows
    ]
    found = [(row[0], row[2], row[3], row[4], row[5], row[6], row[7]) for row in answer.rows]
    return answer.total == expected.total and found == rows


def _without_percentile(rows: Sequence[LeaderboardRow]) -> list[LeaderboardRow]:
    """The rows with their percentiles rounded: the last bit may differ with the order of multiplying and dividing."""
    return [row._replace(percentile=round(row.percentile, 9)) for row in rows]


async def _interleaved(engines: dict[str, Engine], queries: Named, rounds: int) -> Samples:
    """In each round every engine answers every query, so that a slow minute falls on all of them alike.

    An engine answers a round's queries one after the other, as a server that has it does.
    """
    chance = random.Random(SEED)
    samples: Samples = {engine: {name: [] for name in queries} for engine in engines}
    turns = list(queries.items())
    order = list(engines.items())
    for _ in range(rounds):
        chance.shuffle(turns)
        chance.shuffle(order)
        for engine_name, engine in order:
            for name, query in turns:
                started = perf_counter()
                await engine.page(query)
                samples[engine_name][name].append(perf_counter() - started)
    return samples


def _pooled(by_query: dict[str, list[float]], names: list[str] | None = None) -> list[float]:
    return [seconds for name in names or by_query for seconds in by_query[name]]


def _medians(samples: Samples) -> Results:
    return {
        engine: {name: median_ms(seconds) for name, seconds in by_query.items()} for engine, by_query in samples.items()
    }
