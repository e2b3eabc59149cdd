"""Pools of murderous children for tests: started, asked, and looked after whether they leave anything behind."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from toprung.adapters.replays.pool.children import ChildLimits
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.application.ports.replays import Parsed, ParseOutcome

CHILD = Path(__file__).with_name("murderous_child.py")
LACKING = Path(__file__).with_name("lacking.py")
NEVER_SECONDS = 60.0
"""A limit that is not meant to be reached."""


def command(how: str) -> tuple[str, ...]:
    """What starts a child: `sandboxed`, as `nobody`, `bare`, `unbootable` or `mute`."""
    return sys.executable, "-I", "-B", str(CHILD), how


def without(parts: Sequence[str]) -> tuple[str, ...]:
    """What starts a command on a system that lacks these parts of the sandbox: what stands before the command."""
    return (sys.executable, "-I", "-B", str(LACKING), ",".join(parts)) if parts else ()


def limits(
    *,
    job_seconds_max: float = NEVER_SECONDS,
    boot_seconds_max: float = NEVER_SECONDS,
    ping_every_seconds: float = NEVER_SECONDS,
    ping_seconds_max: float = 0.5,
    jobs_max: int = 500,
    rss_bytes_max: int = 160 * 1024 * 1024,
    age_seconds_max: float = 3_600.0,
) -> ChildLimits:
    """Limits that nothing runs into but what a test names."""
    return ChildLimits(
        job_seconds_max=job_seconds_max,
        boot_seconds_max=boot_seconds_max,
        ping_every_seconds=ping_every_seconds,
        ping_seconds_max=ping_seconds_max,
        jobs_max=jobs_max,
        rss_bytes_max=rss_bytes_max,
        age_seconds_max=age_seconds_max,
    )


@asynccontextmanager
async def running_pool(
    how: str = "sandboxed",
    *,
    workers: int = 2,
    limited: ChildLimits | None = None,
    clock: Callable[[], float] | None = None,
    lacking: Sequence[str] = (),
    child: Sequence[str] | None = None,
    may_be_unconfined: bool = False,
) -> AsyncIterator[ReplayPool]:
    """A started pool. Once it is closed no process may be left that it started, not even a dead one.

    Its children are `child`, or murderous ones; `lacking` names parts of the sandbox that their system does not have.
    """
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    time = clock or asyncio.get_running_loop().time
    pool = ReplayPool(
        workers=workers,
        clock=time,
        limits=limited or limits(),
        command=(*without(lacking), *(child or command(how))),
        may_be_unconfined=may_be_unconfined or how == "bare",
    )
    pool.start()
    try:
        yield pool
    finally:
        await pool.close()
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before
    assert not pool.health().children


async def do(pool: ReplayPool, murder: str) -> ParseOutcome:
    """What becomes of a job that does this to its child."""
    return await pool.parse(json.dumps({"do": murder}).encode())


async def answered_by(pool: ReplayPool, words: str = "hello") -> int:
    """The process that an innocent job was done by; it must be done well."""
    outcome = await pool.parse(words.encode())
    assert isinstance(outcome, Parsed), outcome
    answer = json.loads(outcome.payload)
    assert answer["said"] == words
    assert answer["pid"] != os.getpid()
    return int(answer["pid"])
