"""One mixed run of innocent and murderous replay jobs: `python -m chaos.pool_murderers [--jobs N] [--seed N]`.

Each job is known by what it does, so each outcome is known beforehand; a wrong one is counted, not explained. Meanwhile
somebody from outside kills and stops children, the event loop's lag is measured against an idle control, and at the end
whatever process is left is counted.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import psutil  # type: ignore[import-untyped]
import structlog

from chaos.experiment import Claim, Plan, Results, about, claimed
from tests.adapters.replays.pool.pools import command
from toprung.adapters.replays.pool.children import ChildLimits
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.adapters.replays.pool.worker import Attempt, Worker
from toprung.application.ports.replays import Parsed, ParseOutcome, TimedOut
from toprung.application.replays.pool_health import PoolHealth

JOBS: Final = 1_200
JOB_SECONDS_MAX: Final = 2.5
OVERSHOOT_SECONDS_MAX: Final = 0.1
MURDER_SHARE: Final = 0.15
HANG_SHARE: Final = 0.02
CALLERS: Final = 6
PROD_EVERY_SECONDS: Final = 1.5
LAG_EVERY_SECONDS: Final = 0.005
CONTROL_SECONDS: Final = 5.0
SEED: Final = 5
TRIPS: Final = 2_000

INNOCENT: Final = "innocent"
# What must come of each, as the name of the outcome's kind.
MURDERS: Final = {
    "refuse": "Refused",
    "crash": "Refused",
    "recurse": "Refused",
    "interrupt": "Refused",
    "system exit": "Refused",
    "no json": "Refused",
    "stop": "Refused",
    "fork": "Refused",
    "print": "Parsed",
    "escape": "Parsed",
    "exit 0": "Died",
    "exit 1": "Died",
    "abort": "Died",
    "segfault": "Died",
    "half a frame and go": "Died",
    "hang up": "Died",
    "eat": "TooBig",
    "long answer": "TooBig",
    "nonsense": "ProtocolViolated",
    "forged": "ProtocolViolated",
    "deep": "ProtocolViolated",
    "ten megabytes": "ProtocolViolated",
    "flood": "ProtocolViolated",
}
HANGS: Final = (
    *("spin", "hold the gil", "wait in c with the gil", "match for ever", "ignore sigterm", "sleep", "half a frame"),
)


@dataclass
class Seen:
    """What the run has seen so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class TimedPool(ReplayPool):
    """A pool that notes how long each child was at its job, however long the job waited for one before."""

    def __init__(self, *, workers: int = 2) -> None:
        limits = ChildLimits(job_seconds_max=JOB_SECONDS_MAX, ping_every_seconds=1.0, jobs_max=100)
        clock = asyncio.get_running_loop().time
        super().__init__(workers=workers, clock=clock, limits=limits, command=command("sandboxed"))
        self.attempts: list[float] = []

    async def _run(self, worker: Worker, data: bytes) -> Attempt:
        started = time.perf_counter()
        attempt = await super()._run(worker, data)
        self.attempts.append(time.perf_counter() - started)
        return attempt


async def run(jobs: int = JOBS, seed: int = SEED) -> dict[str, object]:
    """The run's numbers; `wrong` and `processes_left` must be empty and `overshoot_ms_max` within what is promised."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    chance = random.Random(seed)
    before = _children()
    idle_lags = await _lags_during(asyncio.sleep(CONTROL_SECONDS))
    pool = TimedPool()
    pool.start()
    started = time.perf_counter()
    await pool.parse(b"first")
    first_answer_seconds = time.perf_counter() - started
    seen = Seen()
    todo = _shuffled(jobs, chance)
    prodding = asyncio.create_task(_prod(pool.health, chance))
    started = time.perf_counter()
    lags = await _lags_during(asyncio.gather(*(_work_off(pool, todo, seen) for _ in range(CALLERS))))
    seconds = time.perf_counter() - started
    prodding.cancel()
    prods = (await asyncio.gather(prodding, return_exceptions=True))[0]
    health = pool.health()
    await pool.close()
    # Those that hung, and those that met a child which was stopped from outside and were given to another one.
    overshoots = [took - JOB_SECONDS_MAX for took in pool.attempts if took > JOB_SECONDS_MAX]
    return {
        "jobs": jobs,
        "seed": seed,
        "seconds": round(seconds, 1),
        "outcomes": dict(seen.outcomes),
        "wrong": seen.wrong,
        "processes_left": sorted(_children() - before),
        "children_started": health.boots,
        "children_retired": dict(health.retired),
        "children_killed_or_stopped_from_outside": prods if isinstance(prods, int) else str(prods),
        "first_answer_ms": round(1e3 * first_answer_seconds, 1),
        "overshoot_ms_median": round(1e3 * statistics.median(overshoots), 1),
        "overshoot_ms_max": round(1e3 * max(overshoots), 1),
        "killed_at_the_limit": len(overshoots),
        "loop_lag_ms": _lag_summary(lags),
        "idle_control_lag_ms": _lag_summary(idle_lags),
        "sandbox": health.sandbox,
    }


def experiment(plan: Plan) -> Results:
    """The run as one of the experiments, with what it promises."""
    found = asyncio.run(run(plan.times(JOBS, at_least=100), plan.seed))
    wrong, left, late_ms = found["wrong"], found["processes_left"], found["overshoot_ms_max"]
    return {
        "about": about(__doc__),
        **found,
        "claims": claimed(
            Claim(promise="every job ends as it must", measured=f"wrong: {wrong or 'none'}", held=not wrong),
            Claim(promise="no process is left behind", measured=f"left: {left or 'none'}", held=not left),
            Claim(
                promise=f"a job that hangs ends within {1000 * OVERSHOOT_SECONDS_MAX:.0f} ms of its limit",
                measured=f"at most {late_ms} ms late",
                held=isinstance(late_ms, float) and late_ms <= 1000 * OVERSHOOT_SECONDS_MAX,
            ),
        ),
    }


async def measure() -> dict[str, object]:
    """A warm round trip, a child's cold start and its memory, with a parser that does nothing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    starts = []
    for _ in range(10):
        pool = TimedPool(workers=1)
        started = time.perf_counter()
        pool.start()
        await pool.parse(b"first")
        starts.append(time.perf_counter() - started)
        await pool.close()
    pool = TimedPool(workers=1)
    pool.start()
    trips = []
    for _ in range(TRIPS):
        started = time.perf_counter()
        await pool.parse(b"x")
        trips.append(time.perf_counter() - started)
    rss_bytes = max(child.rss_bytes for child in pool.health().children)
    await pool.close()
    return {
        "warm_round_trip_ms_median": round(1e3 * statistics.median(trips), 3),
        "warm_round_trip_ms_p99": round(1e3 * sorted(trips)[int(0.99 * TRIPS)], 3),
        "cold_start_to_first_answer_ms_median": round(1e3 * statistics.median(starts), 1),
        "child_rss_mb": round(rss_bytes / 1024**2, 1),
    }


def _shuffled(jobs: int, chance: random.Random) -> list[str]:
    hangs = [HANGS[number % len(HANGS)] for number in range(round(HANG_SHARE * jobs))]
    kinds = list(MURDERS)
    murders = [kinds[number % len(kinds)] for number in range(round(MURDER_SHARE * jobs))]
    todo = [*hangs, *murders, *[INNOCENT] * (jobs - len(hangs) - len(murders))]
    chance.shuffle(todo)
    return todo


async def _work_off(pool: ReplayPool, todo: list[str], seen: Seen) -> None:
    while todo:
        what = todo.pop()
        number = len(todo)
        words = f"{INNOCENT} {number}"
        outcome = await pool.parse(words.encode() if what == INNOCENT else json.dumps({"do": what}).encode())
        _judge(what, words, outcome, seen)


def _judge(what: str, words: str, outcome: ParseOutcome, seen: Seen) -> None:
    kind = type(outcome).__name__
    seen.outcomes[kind] += 1
    if what == INNOCENT:
        is_right = isinstance(outcome, Parsed) and json.loads(outcome.payload)["said"] == words
    elif what in HANGS:
        is_right = isinstance(outcome, TimedOut)
    else:
        is_right = kind == MURDERS[what]
        if what == "escape" and isinstance(outcome, Parsed):
            is_right = "escaped" not in json.loads(outcome.payload).values()
    if not is_right:
        seen.wrong.append(f"{what}: {outcome}")


async def _prod(health: Callable[[], PoolHealth], chance: random.Random) -> int:
    """Kills or stops an idle child now and then, until it is cancelled; how often."""
    times = 0
    try:
        while True:
            await asyncio.sleep(PROD_EVERY_SECONDS)
            idle = [child.pid for child in health().children if child.state == "idle"]
            if idle:
                os.kill(chance.choice(idle), chance.choice([signal.SIGKILL, signal.SIGSTOP]))
                times += 1
    except asyncio.CancelledError:
        return times


async def _lags_during(work: Awaitable[object]) -> list[float]:
    """How much later than asked for the event loop came back, again and again while the work lasted; in seconds."""
    lags = []
    working = asyncio.ensure_future(work)
    while not working.done():
        asked = time.perf_counter()
        await asyncio.sleep(LAG_EVERY_SECONDS)
        lags.append(time.perf_counter() - asked - LAG_EVERY_SECONDS)
    await working
    return lags


def _lag_summary(lags: Sequence[float]) -> dict[str, float]:
    ordered = sorted(lags)
    return {
        "median": round(1e3 * statistics.median(ordered), 2),
        "p99": round(1e3 * ordered[int(0.99 * len(ordered))], 2),
        "max": round(1e3 * ordered[-1], 1),
    }


def _children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def main() -> int:
    """Runs it; 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    numbers = asyncio.run(run(given.jobs, given.seed))
    sys.stdout.write(json.dumps({**numbers, **asyncio.run(measure())}, indent=2) + "\n")
    overshoot = numbers["overshoot_ms_max"]
    is_late = not isinstance(overshoot, float) or overshoot > 1e3 * OVERSHOOT_SECONDS_MAX
    return int(bool(numbers["wrong"] or numbers["processes_left"] or is_late))


if __name__ == "__main__":
    sys.exit(main())
