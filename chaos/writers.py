"""Two processes that both want to be the one writer, and what makes the first believe that it still is.

Both write and show the board without a pause. Then the session of the lock is ended, PostgreSQL is restarted, what is
connected hears nothing any more, the whole network swallows everything, the writer stands still (SIGSTOP) while the
other one begins, the file is opened by another name, or another file is moved over it. Each write names the epoch in
which its process believed to be: in the order of the commits those must never go back.
"""

import asyncio
import shutil
import statistics
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from benchmarks.machine import ROOT
from chaos.experiment import Claim, Plan, Results, about, claimed
from chaos.tcp_proxy import proxied
from chaos.writer_faults import (
    ON_POSTGRES,
    ON_SQLITE,
    TAKES_OVER_SECONDS_MAX,
    Fault,
    Trial,
    Writer,
    move_over,
    open_by_another_name,
    path_of,
)
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.bootstrap.wiring import opened_storage
from toprung.settings import load_settings

TRIALS: Final = 100
SECONDS_MAX: Final = 2.0


@dataclass
class Found:
    """What came of the trials of one fault."""

    trials: int = 0
    taken_over: int = 0
    seconds: list[float] = field(default_factory=list)
    """From the moment at which the former writer could know, to its end."""

    late: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    stale: int = 0
    pages: int = 0
    acks: int = 0
    unknown: int = 0
    looked_up: int = 0
    slowest_look_up: float = 0.0
    slowest_refusal: float = 0.0
    refusals: int = 0
    failures: list[str] = field(default_factory=list)


def run(plan: Plan) -> Results:
    """Each fault so many times."""
    chosen = ON_SQLITE if plan.database == "sqlite" else ON_POSTGRES
    found = {name: asyncio.run(trials(plan, name, plan.times(TRIALS, at_least=2))) for name in chosen}
    return {
        "about": about(__doc__),
        "faults": {name: _numbers(one) for name, one in found.items()},
        "claims": claimed(*(claim for name, one in found.items() for claim in _claims(name, one))),
    }


def _numbers(found: Found) -> Results:
    return {
        "trials": found.trials,
        "taken_over": found.taken_over,
        "acknowledged": found.acks,
        "unknown": found.unknown,
        "looked_up_and_not_kept": found.looked_up,
        "slowest_look_up_s": round(found.slowest_look_up, 2),
        "refused": found.refusals,
        "slowest_refusal_s": round(found.slowest_refusal, 2),
        "noticed_s_median": round(statistics.median(found.seconds), 2) if found.seconds else None,
        "noticed_s_max": round(max(found.seconds), 2) if found.seconds else None,
        "failures": found.failures[:5],
    }


def _claims(name: str, found: Found) -> list[Claim]:
    noticed = f", noticed after {max(found.seconds):.2f} s at most" if found.seconds else ""
    return [
        Claim(
            promise=f"{name}: nothing is committed after another took over, and nothing acknowledged is lost",
            measured=f"{len(found.late)} commits after, {len(found.lost)} lost of {found.acks} acknowledged in "
            f"{found.trials} trials, {found.taken_over} of them with another writer",
            held=not found.late and not found.lost and not found.failures,
        ),
        Claim(
            promise=f"{name}: refused and noticed within {SECONDS_MAX:g} s",
            measured=f"{found.refusals} refusals, the slowest after {found.slowest_refusal:.2f} s{noticed}; besides "
            f"{found.looked_up} commits whose answer was lost were looked up and not kept, and {found.unknown} unknown",
            held=found.slowest_refusal <= SECONDS_MAX and max(found.seconds, default=0) <= SECONDS_MAX,
        ),
        Claim(
            promise=f"{name}: no page of the board is older than {SECONDS_MAX:g} s",
            measured=f"{found.stale} of {found.pages}",
            held=not found.stale,
        ),
    ]


def faults(database: str) -> set[str]:
    """The names of those that are tried on this kind of database."""
    return set(ON_SQLITE if database == "sqlite" else ON_POSTGRES)


async def trials(plan: Plan, name: str, times: int) -> Found:
    """What came of so many trials of one fault."""
    fault = (ON_SQLITE if plan.database == "sqlite" else ON_POSTGRES)[name]
    chance, found = plan.chance(f"{plan.database} {name}"), Found()
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(plan.new_database())
        async with opened_storage(load_settings(database=address), write=True):
            pass  # so that its tables are there
        folder = plan.folder / name
        folder.mkdir(exist_ok=True)
        if plan.database == "sqlite":
            shutil.copyfile(path_of(address), folder / "empty.db")
        one, other = [await _writer(stack, who, address) for who in ("one", "other")]
        one.open()
        if not await one.until(lambda: one.opened_at is not None):
            raise RuntimeError("the first writer did not begin")
        trial = Trial(holder=one, taker=other, database=address, chance=chance, folder=folder)
        for number in range(times):
            await _one(trial, fault, found)
            if (number + 1) % 20 == 0:
                plan.told(f"{name}: {number + 1} trials, {found.taken_over} take-overs")
        for writer in (one, other):
            writer.send("close")
            await writer.until(lambda writer=writer: writer.is_over)  # type: ignore[misc]
        await _judge(trial, found)
    return found


async def _one(trial: Trial, fault: Fault, found: Found) -> None:
    holder, taker = trial.holder, trial.taker
    found.trials += 1
    acked = len(holder.acks)
    if not await holder.until(lambda: len(holder.acks) > acked + 2):
        found.failures.append(f"trial {found.trials}: the writer does not write")
        return
    if fault is not open_by_another_name:
        taker.open()
    await asyncio.sleep(trial.chance.uniform(0, 0.1))
    knows_at = await fault(trial)
    is_late = not await taker.until(lambda: taker.opened_at is not None, TAKES_OVER_SECONDS_MAX)
    if is_late:
        taker.send("close")
        await taker.until(lambda: taker.is_over)
        if taker.opened_at is None:
            return  # the writer was faster and has it still, or there was nothing to be had
    found.taken_over += 1
    if not await holder.until(lambda: holder.lost_at is not None and holder.is_over):
        found.failures.append(f"trial {found.trials}: both write")
        return
    assert holder.lost_at is not None
    assert taker.opened_at is not None
    could_know_at = max(knows_at, taker.opened_at) if fault is not move_over else knows_at
    found.seconds.append(max(0.0, holder.lost_at - could_know_at))
    trial.holder, trial.taker = taker, holder
    if is_late:  # it began just before it was told to stop, and now nobody writes
        taker.open()
        await taker.until(lambda: taker.opened_at is not None)


async def _writer(stack: AsyncExitStack, name: str, address: str) -> Writer:
    """A process that waits to be told; to PostgreSQL each has a network of its own."""
    proxy = await stack.enter_async_context(proxied(address)) if address.startswith("postgresql") else None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chaos.writing_victim", name, cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    writer = Writer(name=name, process=process, proxy=proxy, address=address if proxy is None else proxy.address)
    listening = asyncio.create_task(writer.listen())

    async def end() -> None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await listening

    stack.push_async_callback(end)
    return writer


async def _judge(trial: Trial, found: Found) -> None:
    """Holds what both said against the database."""
    writers = (trial.holder, trial.taker)
    acks = sorted(ack for writer in writers for ack in writer.acks)
    refusals = [_awake_seconds(writer, *refusal) for writer in writers for refusal in writer.refusals]
    looked_up = [seconds for writer in writers for seconds in writer.looked_up]
    found.looked_up, found.slowest_look_up = len(looked_up), max(looked_up, default=0.0)
    found.acks, found.refusals = len(acks), len(refusals)
    found.unknown = sum(len(writer.unknown) for writer in writers)
    found.slowest_refusal = max(refusals, default=0.0)
    if trial.database.startswith("sqlite"):
        path = path_of(trial.database)
        files = [*sorted(path.parent.glob(f"{path.name}.displaced-*")), path]
        kept = [await asyncio.to_thread(_players, file) for file in files]
    else:
        connection = await asyncpg.connect(trial.database)
        try:
            kept = [[row["name"] for row in await connection.fetch("select name from player order by id")]]
        finally:
            await connection.close()
    for names in kept:
        epochs = [int(name.split()[0]) for name in names]
        found.late += [name for name, epoch, most in zip(names, epochs, _highest(epochs), strict=True) if epoch < most]
    everything = {name for names in kept for name in names}
    found.lost = [player for _, _, _, player in acks if player not in everything]
    if len(kept) == 1:  # with several files, numbers begin anew
        reached = sorted((ended, seq) for _, ended, seq, _ in acks)
        pages = sorted(page for writer in writers for page in writer.pages)
        found.pages, found.stale = len(pages), _stale(reached, pages)
    else:
        found.pages = sum(len(writer.pages) for writer in writers)


def _awake_seconds(writer: Writer, began: float, ended: float) -> float:
    """How long something took, without the time in which the process stood still."""
    still = sum(max(0.0, min(ended, until) - max(began, since)) for since, until in writer.stood_still)
    return ended - began - still


def _highest(epochs: list[int]) -> list[int]:
    """The highest of those so far, for each."""
    most, so_far = 0, []
    for epoch in epochs:
        most = max(most, epoch)
        so_far.append(most)
    return so_far


def _stale(reached: list[tuple[float, int]], pages: list[tuple[float, int]]) -> int:
    """How many pages lack a change that was acknowledged, by anybody, longer before than is allowed."""
    stale, place, most = 0, 0, 0
    for moment, seq in pages:
        while place < len(reached) and reached[place][0] <= moment - SECONDS_MAX:
            most = max(most, reached[place][1])
            place += 1
        stale += seq < most
    return stale


def _players(path: Path) -> list[str]:
    connection = driver().connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return [name for (name,) in connection.execute("select name from player order by id")]
    finally:
        connection.close()
