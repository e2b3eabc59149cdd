"""Recording a result with its two rating changes, durably: the use case on real storage against the bare transaction.

The bare transaction writes the very same rows: what the use case sends to the database is written down once, and its
writing statements are then given to the driver on a database of their own, one transaction a result, without the reads.
"""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Protocol

import asyncpg
import numpy as np
from sqlalchemy import Engine, event

from benchmarks.measuring import Plan, Results, rounded, summary_ms
from benchmarks.population import NOW_US, SEED
from benchmarks.postgres_server import postgres_server
from toprung.adapters.clock import FixedClock
from toprung.adapters.storage.sqlite.sqlite_engine import writing_engine
from toprung.application.ladder import Ladder
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.matches.match import FinalMatch, MatchResult, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.players.player import PlayerId
from toprung.settings import load_settings

PLAYERS: Final = 200
GROUP: Final = 20

_ROUNDS: Final = 8
_RESULTS_PER_ROUND: Final = 200
_WARM_UP: Final = 40
_WRITING: Final = ("insert", "update", "delete")

Statement = tuple[str, list[tuple[Any, ...]]]
"""What is given to the driver: SQL, and one row of parameters or several."""


class Bare(Protocol):
    """A driver's connection."""

    async def write(self, transactions: Sequence[Sequence[Statement]]) -> None:
        """Runs these in one transaction."""
        ...


def measure(plan: Plan) -> Results:
    """Milliseconds a result by way, and results a second with many at once, by database."""
    rounds, per_round = plan.times(_ROUNDS), plan.times(_RESULTS_PER_ROUND, at_least=2 * GROUP)
    with tempfile.TemporaryDirectory(prefix="toprung-bench-") as folder:
        found = {"sqlite": asyncio.run(_measure(rounds, per_round, _SqliteFiles(Path(folder))))}
    if plan.with_postgres:
        with postgres_server() as address:
            found["postgresql"] = asyncio.run(_measure(rounds, per_round, _PostgresDatabases(address)))
    return {"databases": found, "group": GROUP, "at_once": per_round}


async def _measure(rounds: int, per_round: int, databases: "_SqliteFiles | _PostgresDatabases") -> Results:
    matches = made_up_matches(_WARM_UP + rounds * per_round)
    await _make_players(databases.new("template"))
    tape: list[list[Statement]] = []
    async with AsyncExitStack() as stack:
        first = await _ladder(stack, await databases.copied("first"))
        with _written_down() as statements:
            for match in matches:
                await first.recorder.record(match)
                tape.append(statements.copy())
                statements.clear()
        one_by_one = await _ladder(stack, await databases.copied("one_by_one"))
        at_once = await _ladder(stack, await databases.copied("at_once"))
        bare = await databases.bare(stack, await databases.copied("bare"))
        bare_groups = await databases.bare(stack, await databases.copied("bare_groups"))
        seconds: dict[str, list[float]] = {"bare": [], "one": [], "bare_in_groups": [], "at_once": []}
        for first_of_round in (0, *range(_WARM_UP, len(matches), per_round)):
            numbers = range(first_of_round, first_of_round + (per_round if first_of_round else _WARM_UP))
            for number in numbers:  # in turn, so that what else the machine does slows both
                seconds["bare"].append(await _timed(bare.write([tape[number]])))
                seconds["one"].append(await _timed(one_by_one.recorder.record(matches[number])))
            for start in range(numbers.start, numbers.stop, GROUP):
                group = tape[start : min(start + GROUP, numbers.stop)]
                seconds["bare_in_groups"].append(await _timed(bare_groups.write(group)) / len(group))
            every = [at_once.recorder.record(matches[number]) for number in numbers]
            seconds["at_once"].append(await _timed(asyncio.gather(*every)) / len(every))
            if first_of_round == 0:
                for samples in seconds.values():
                    samples.clear()
        await _check(first, one_by_one, at_once)
        reports = [await _reports(at_once) for _ in range(rounds)]
    return {
        **{f"{way}_ms": summary_ms(samples) for way, samples in seconds.items()},
        "results_per_s": rounded(1 / float(np.median(seconds["at_once"]))),
        "reports_per_s": rounded(float(np.median(reports))),
        "statements": len(tape[-1]),
    }


async def _reports(ladder: Ladder) -> float:
    """Reports a second when both players of many matches report at once."""
    players = [PlayerId(player) for player in range(1, PLAYERS + 1)]
    pairs = list(zip(players[::2], players[1::2], strict=True))
    opened = await asyncio.gather(
        *(ladder.lifecycle.open(*(Participant(player_id=one, race="bw_zerg") for one in pair)) for pair in pairs)
    )
    for side in (0, 1):
        confirmed = (
            ladder.lifecycle.act(match.id, pair[side], Step.CONFIRM) for match, pair in zip(opened, pairs, strict=True)
        )
        await asyncio.gather(*confirmed)
    said = [
        ladder.lifecycle.act(match.id, player, Step.REPORT, outcome)
        for match, pair in zip(opened, pairs, strict=True)
        for player, outcome in zip(pair, (Outcome.WIN, Outcome.LOSS), strict=True)
    ]
    return len(said) / await _timed(asyncio.gather(*said))


def made_up_matches(count: int) -> list[FinalMatch]:
    """Matches between players of the ladder."""
    chance, results = random.Random(SEED), list(MatchResult)
    matches = []
    for number in range(count):
        one, other = chance.sample(range(1, PLAYERS + 1), 2)
        first, second = (Participant(player_id=PlayerId(player), race="bw_zerg") for player in (one, other))
        matches.append(
            FinalMatch(
                source_key=f"bench {number}",
                sides=((first,), (second,)),
                result=results[number % 3],
                ended_at_us=NOW_US,
            )
        )
    return matches


async def _timed(awaitable: Awaitable[Any]) -> float:
    started = perf_counter()
    await awaitable
    return perf_counter() - started


async def _make_players(address: str) -> None:
    settings = load_settings(database=address)
    async with opened_storage(settings, write=True) as storage:
        ladder = (await wire(settings, storage, FixedClock(NOW_US), lambda _: None)).ladder
        for number in range(1, PLAYERS + 1):
            await ladder.players.register(f"Player {number}")


async def _ladder(stack: AsyncExitStack, address: str) -> Ladder:
    """A ladder as it is served: its board follows every result."""
    settings = load_settings(database=address)
    storage = await stack.enter_async_context(opened_storage(settings, write=True))
    ladder = (await wire(settings, storage, FixedClock(NOW_US), lambda _: None)).ladder
    await ladder.store.load()
    stack.push_async_callback(ladder.unit_of_work.drain)
    return ladder


async def _check(*ladders: Ladder) -> None:
    """Raises unless all have recorded the same."""
    counts = [
        await one.unit_of_work.read(lambda tx: (tx.matches.count(), len(tx.journal.current()))) for one in ladders
    ]
    if len(set(counts)) != 1:
        raise AssertionError(f"not all ladders recorded the same: {counts}")


@contextmanager
def _written_down() -> Iterator[list[Statement]]:
    """A list of the statements that write, in the order in which drivers are given them from now on."""
    statements: list[Statement] = []

    def write_down(_connection: Any, _cursor: Any, sql: str, rows: Any, _context: Any, _is_many: bool) -> None:
        if sql.lstrip().lower().startswith(_WRITING):
            are_several = bool(rows) and isinstance(rows[0], tuple | list)
            statements.append((sql, [tuple(row) for row in (rows if are_several else [rows])]))

    event.listen(Engine, "before_cursor_execute", write_down)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", write_down)


class _SqliteFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.db"

    async def copied(self, name: str) -> str:
        shutil.copyfile(self._folder / "template.db", self._folder / f"{name}.db")
        return self.new(name)

    async def bare(self, stack: AsyncExitStack, address: str) -> Bare:
        engine = writing_engine(Path(address.removeprefix("sqlite:///")))
        connection = engine.raw_connection()
        stack.callback(connection.close)
        return _BareSqlite(connection.driver_connection)


class _BareSqlite:
    def __init__(self, connection: Any) -> None:
        self._cursor = connection.cursor()

    async def write(self, transactions: Sequence[Sequence[Statement]]) -> None:
        cursor = self._cursor
        cursor.execute("BEGIN IMMEDIATE")
        for statements in transactions:
            for sql, rows in statements:
                if len(rows) == 1:
                    cursor.execute(sql, rows[0]).fetchall()
                else:
                    cursor.executemany(sql, rows)
        cursor.execute("COMMIT")


class _PostgresDatabases:
    def __init__(self, address: Callable[[str], str]) -> None:
        self._address = address

    def new(self, name: str) -> str:
        return self._address("postgres") if name == "template" else self._address(name)

    async def copied(self, name: str) -> str:
        connection = await asyncpg.connect(self._address("template1"))
        try:
            await connection.execute(f"create database {name} template postgres")
        finally:
            await connection.close()
        return self._address(name)

    async def bare(self, stack: AsyncExitStack, address: str) -> Bare:
        connection = await asyncpg.connect(address)
        stack.push_async_callback(connection.close)
        return _BarePostgres(connection)


class _BarePostgres:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def write(self, transactions: Sequence[Sequence[Statement]]) -> None:
        async with self._connection.transaction():
            for statements in transactions:
                for sql, rows in statements:
                    if len(rows) == 1:
                        await self._connection.fetch(sql, *rows[0])
                    else:
                        await self._connection.executemany(sql, rows)
