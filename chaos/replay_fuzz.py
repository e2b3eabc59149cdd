"""Hostile replays through the real pool.

Thousands of files, spoilt and hand-made, are read by the sandboxed children as an upload would be. Each must come to an
outcome with a name, the pool must be whole at the end, and all the while the event loop must not stand still longer
than it does at rest, which is measured as how late a timer of 5 ms comes.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Protocol

import numpy as np
import psutil  # type: ignore[import-untyped]
import structlog

from chaos.hostile_replays import Named, hand_made, spoilt
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.adapters.replays.reading import decode_reading
from toprung.application.ports.replays import Refused
from toprung.application.replays.replay_inspection import ReplayInspector
from toprung.domain.replays.replay import REPLAY_BYTES_MAX

FILES: Final = 3_200
FILES_MIN: Final = 3_000
FUZZ_SECONDS_MAX: Final = 180.0
REST_SECONDS: Final = 10.0
TICK_SECONDS: Final = 0.005
STALL_MS_MAX: Final = 50.0
WORKERS: Final = 2
JOBS_AT_A_TIME: Final = 4
SEED: Final = 20_261_125


class Plan(Protocol):
    """What the experiment works with: a seed, a share of the full effort, a folder, and where progress goes."""

    @property
    def seed(self) -> int:
        """Where chance begins."""
        ...

    @property
    def effort(self) -> float:
        """1 for a full run."""
        ...

    @property
    def folder(self) -> Path:
        """Where the files lie while they wait."""
        ...

    @property
    def told(self) -> Callable[[str], None]:
        """Shows a line of progress."""
        ...


@dataclass(frozen=True, kw_only=True)
class _OwnPlan:
    seed: int
    effort: float
    folder: Path
    told: Callable[[str], None] = print


def run(plan: Plan) -> dict[str, Any]:
    """Counts by kind of file and by outcome, how late the timer came in milliseconds, and which promises held."""
    files = list(_written(plan))
    plan.told(f"{len(files)} files are made")
    return asyncio.run(_fuzzed(files, plan))


def _written(plan: Plan) -> Iterator[tuple[str, Path]]:
    """The files, made before anything is measured: making them is work for this process, which would be late for it."""
    endless: Iterator[Named] = chain(hand_made(), spoilt(random.Random(plan.seed)))
    for number, (kind, data) in enumerate(islice(endless, max(50, round(FILES * plan.effort)))):
        path = plan.folder / str(number)
        path.write_bytes(data)
        yield kind, path


def _children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


async def _fuzzed(files: list[tuple[str, Path]], plan: Plan) -> dict[str, Any]:
    catalog = load_catalog(find_game("sc_evo"))
    before = _children()
    pool = ReplayPool(workers=WORKERS, clock=asyncio.get_running_loop().time)
    inspector = ReplayInspector(
        parser=pool, decode=lambda answer: decode_reading(answer, catalog), bytes_max=REPLAY_BYTES_MAX
    )
    pool.start()
    try:
        await inspector.inspect(b"")  # once a child answers, all have booted or are about to
        rest = await _lateness_ms(asyncio.sleep(max(1.0, REST_SECONDS * plan.effort)))
        plan.told(f"at rest the timer comes at most {max(rest):.1f} ms late")
        outcomes: Counter[tuple[str, str]] = Counter()
        started = perf_counter()
        busy = await _lateness_ms(_read_all(files, inspector, outcomes))
        seconds = perf_counter() - started
        rest += await _lateness_ms(asyncio.sleep(max(1.0, REST_SECONDS * plan.effort)))
        health = pool.health()
    finally:
        await pool.close()
    left = len(_children() - before)
    by_outcome = Counter[str]()
    for (_, outcome), count in outcomes.items():
        by_outcome[outcome] += count
    wanted = FILES_MIN if plan.effort >= 1 else len(files)
    stall_ms = max(busy) - max(rest)
    done = sum(by_outcome.values())
    return {
        "files": done,
        "seconds": round(seconds, 1),
        "by_kind": dict(Counter(kind for (kind, _), count in outcomes.items() for _ in range(count))),
        "by_outcome": dict(by_outcome),
        "timer_late_ms": {"at_rest": _told_ms(rest), "under_fire": _told_ms(busy)},
        "pool": {"outcomes": dict(health.outcomes), "retired": dict(health.retired), "boots": health.boots},
        "claims": [
            _claim("every hostile file has an outcome", f"{done} of at least {wanted}", done >= wanted),
            _claim(
                "no file is turned away, and the pool is whole",
                f"{by_outcome['unavailable']} turned away, {health.status}, {left} processes left",
                not by_outcome["unavailable"] and health.status == "ok" and not left,
            ),
            _claim(
                f"the loop stalls at most {STALL_MS_MAX:g} ms longer than at rest",
                f"{stall_ms:.1f} ms",
                stall_ms <= STALL_MS_MAX,
            ),
        ],
    }


async def _read_all(
    files: list[tuple[str, Path]], inspector: ReplayInspector, outcomes: Counter[tuple[str, str]]
) -> None:
    """Has the files read, a few at a time, for as long as is allowed."""
    waiting = iter(files)

    async def read_on() -> None:
        for kind, path in waiting:
            found = await inspector.inspect(await asyncio.to_thread(path.read_bytes))
            outcomes[kind, found.code if isinstance(found, Refused) else "read"] += 1

    with suppress(TimeoutError):
        async with asyncio.timeout(FUZZ_SECONDS_MAX):
            await asyncio.gather(*(read_on() for _ in range(JOBS_AT_A_TIME)))


async def _lateness_ms(work: Any) -> list[float]:
    """How late a timer came, each time, while the work went on."""
    late: list[float] = []
    working = asyncio.ensure_future(work)
    while not working.done():
        due = perf_counter() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        late.append((perf_counter() - due) * 1000)
    await working
    return late


def _told_ms(late: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(late, (50, 99))
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2), "max": round(max(late), 2)}


def _claim(promise: str, measured: str, held: bool) -> dict[str, object]:
    return {"promise": promise, "measured": measured, "held": held}


def main() -> None:
    """Runs the experiment alone and prints what it found; ends with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m chaos.replay_fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--effort", type=float, default=1.0, help="a share of the files, to see that all works")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="toprung-fuzz-") as folder:
        found = run(_OwnPlan(seed=arguments.seed, effort=arguments.effort, folder=Path(folder)))
    print(json.dumps(found, indent=1))
    if not all(claim["held"] for claim in found["claims"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
