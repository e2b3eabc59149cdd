"""Reading a replay: by sc2reader alone in this process, by our parser in this process, and through the pool.

What makes a recording known again is a hash of what happened in it, so our ways unpack the events that the library at
this level leaves alone; the library with as much unpacked is measured as well.

`python -m benchmarks.bench_replay` measures and prints. The replays are the real ones where they are, else one that is
made here. Each is read by every way in turn, so that whatever else the machine does slows all of them.
"""

import asyncio
import io
import json
import statistics
from collections.abc import Awaitable, Callable
from hashlib import sha256
from time import perf_counter
from typing import Final

import sc2reader

from benchmarks.machine import describe_commit, describe_machine
from benchmarks.measuring import FULL, Plan, Results, median_ms, ratio, settled_memory
from tests.support.replays.sample_replays import REAL_REPLAYS
from tests.support.replays.synthetic_replay import SyntheticGame, replay_of
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.replays.child.parser import parse_replay
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.adapters.replays.reading import decode_reading
from toprung.application.ports.replays import Parsed

_ROUNDS: Final = 30
_LOAD_LEVEL: Final = 2  # what has the players; the library's default reads every event as well
_EVENT_FILES: Final = ("replay.game.events", "replay.tracker.events")

Way = Callable[[bytes], Awaitable[object]]


def measure(plan: Plan) -> Results:
    """Milliseconds by way, the median of the replays' medians; and the median of the replays' ratios to the library."""
    return asyncio.run(_measured(plan))


async def _measured(plan: Plan) -> Results:
    replays = [path.read_bytes() for path in REAL_REPLAYS] or [replay_of(SyntheticGame())]
    catalog = load_catalog(find_game("sc_evo"))
    pool = ReplayPool(workers=1, clock=asyncio.get_running_loop().time)

    async def library(data: bytes) -> object:
        return sc2reader.load_replay(io.BytesIO(data), load_level=_LOAD_LEVEL)

    async def library_and_events(data: bytes) -> object:
        replay = sc2reader.load_replay(io.BytesIO(data), load_level=_LOAD_LEVEL)
        return [sha256(replay.archive.read_file(name) or b"") for name in _EVENT_FILES]

    async def parser(data: bytes) -> object:
        return parse_replay(data)

    async def through_the_pool(data: bytes) -> object:
        outcome = await pool.parse(data)
        if not isinstance(outcome, Parsed):
            raise TypeError(f"a good replay came out as {outcome}")
        return decode_reading(outcome.payload, catalog)

    ways: dict[str, Way] = {
        "library": library,
        "library_and_events": library_and_events,
        "parser": parser,
        "pool": through_the_pool,
    }
    pool.start()
    try:
        with settled_memory():
            medians = [await _medians(data, ways, plan.times(_ROUNDS)) for data in replays]
    finally:
        await pool.close()
    return {
        "replays": len(replays),
        "rounds": plan.times(_ROUNDS),
        "median_ms": {way: median_ms([found[way] for found in medians]) for way in ways},
        "slowest_ms": {way: median_ms([max(found[way] for found in medians)]) for way in ways},
        "times_the_library": _times(medians, "library"),
        "times_the_library_and_events": _times(medians, "library_and_events"),
    }


def _times(medians: list[dict[str, float]], base: str) -> dict[str, float]:
    return {
        way: ratio(statistics.median(found[way] / found[base] for found in medians), 1) for way in ("parser", "pool")
    }


async def _medians(data: bytes, ways: dict[str, Way], rounds: int) -> dict[str, float]:
    """The median seconds of each way; the first round warms up and is not counted."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            started = perf_counter()
            await way(data)
            seconds[name].append(perf_counter() - started)
    return {name: statistics.median(taken[1:]) for name, taken in seconds.items()}


if __name__ == "__main__":
    print(json.dumps({"machine": describe_machine(), **describe_commit(), **measure(FULL)}, indent=1))
