"""Simulated power cuts while results are recorded on SQLite: nothing acknowledged is lost.

A process records results as it always does while everything that it writes, syncs and says is written down in order.
For each cut the files are then made as a disk may hold them at that moment: what was not synced is lost, kept, or kept
in parts, sector by sector. SQLite opens them, and what had been acknowledged by then has to be there. With
`synchronous=NORMAL`, which syncs only now and then, the same cuts must lose something.
"""

import asyncio
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chaos.deliveries import Deliveries
from chaos.disk import Disk, Operation, operations
from chaos.experiment import Claim, Plan, Results, Skipped, about, claimed
from chaos.victims import Victim, begin, inspected
from chaos.workload import Request, made_up_matches
from toprung.adapters.storage.sqlite.sqlite_engine import driver

MATCHES: Final = 300
CUTS: Final = 200
AT_ONCE: Final = 6
AT_AN_ACKNOWLEDGEMENT_SHARE: Final = 0.5
SOURCE: Final = Path(__file__).with_name("disk_trace.c")


@dataclass
class Blackouts:
    """What power cuts did to one ladder."""

    cuts: int = 0
    acknowledged: int = 0
    """Over all cuts: how much was acknowledged before each."""
    lost: int = 0
    cuts_that_lost: int = 0
    worst: int = 0
    damaged: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def run(plan: Plan) -> Results:
    """Cuts the power of the ladder as it is, and of one that syncs only now and then. Raises `Skipped`."""
    library = compiled(plan.folder)
    cuts = plan.times(CUTS, at_least=5)
    kept = cut_power(plan, library, "as it is", cuts)
    rarely = cut_power(plan, library, "synchronous=NORMAL", cuts)
    return {
        "about": about(__doc__),
        "as_it_is": _numbers(kept),
        "synchronous_normal": _numbers(rarely),
        "claims": claimed(
            Claim(
                promise="no acknowledged result is lost",
                measured=f"{kept.lost} of {kept.acknowledged} acknowledged lost in {kept.cuts} cuts",
                held=kept.lost == 0 and kept.acknowledged > 0,
            ),
            Claim(
                promise="no database is damaged (`PRAGMA integrity_check`)",
                measured=f"{len(kept.damaged)} of {kept.cuts}",
                held=not kept.damaged,
            ),
            Claim(
                promise="`toprung verify` is clean after every cut",
                measured=f"{len(kept.differences)} differences",
                held=not kept.differences,
            ),
            Claim(
                promise="`synchronous=NORMAL` is caught",
                measured=f"{rarely.lost} of {rarely.acknowledged} acknowledged lost, in {rarely.cuts_that_lost} of "
                f"{rarely.cuts} cuts, {rarely.worst} in the worst",
                held=rarely.lost > 0,
            ),
        ),
    }


def cut_power(plan: Plan, library: Path, variant: str, cuts: int) -> Blackouts:
    """Records results on a variant of the ladder and cuts its power so many times."""
    return asyncio.run(_blackouts(plan, library, variant, cuts))


def compiled(folder: Path) -> Path:
    """The library that writes down what a process does to its disk. Raises `Skipped` where it cannot be made."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Skipped("there is no C compiler, which the trace of the disk needs")
    library = folder / "disk_trace.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise Skipped(f"the trace of the disk does not compile here: {finished.stderr.strip()[:300]}")
    return library


def _numbers(found: Blackouts) -> Results:
    return {
        "cuts": found.cuts,
        "acknowledged_before_the_cuts": found.acknowledged,
        "lost": found.lost,
        "cuts_that_lost": found.cuts_that_lost,
        "worst": found.worst,
        "damaged": found.damaged[:5],
        "differences": found.differences[:5],
    }


async def _blackouts(plan: Plan, library: Path, variant: str, cuts: int) -> Blackouts:
    async with plan.new_database() as address:
        path = Path(address.removeprefix("sqlite:///"))
        await begin(address)
        disk = Disk({path.name: path.read_bytes()})  # noqa: ASYNC240 - nothing else runs here
        trace = plan.folder / f"{variant}.trace"
        requests = await _traced(plan, library, variant, path, trace)
    traced = list(operations(trace.read_bytes()))
    moments = _moments(traced, plan.chance(f"cuts {variant}"), cuts)
    chance = plan.chance(f"disk {variant}")
    found, acknowledged, ladder = Blackouts(), set[Request](), plan.folder / "after" / path.name
    for number, operation in enumerate(traced):
        for _ in range(moments.count(number)):
            await _cut(found, disk.after_a_cut(chance), acknowledged, ladder)
            if found.cuts % 50 == 0:
                plan.told(f"{variant}: {found.cuts} cuts, {found.lost} lost")
        if operation.kind == "a":
            acknowledged |= {requests[done] for done in _done(operation)}
        else:
            disk.do(operation)
    return found


def _moments(traced: list[Operation], chance: random.Random, cuts: int) -> list[int]:
    """Before which operations the power goes: half of them just after something was acknowledged."""
    said = [number + 1 for number, operation in enumerate(traced) if operation.kind == "a"]
    anywhere = range(said[0], len(traced))
    return [
        min(chance.choice(said if chance.random() < AT_AN_ACKNOWLEDGEMENT_SHARE else anywhere), len(traced) - 1)
        for _ in range(cuts)
    ]


def _done(operation: Operation) -> Iterator[int]:
    for line in operation.data.decode().splitlines():
        what, _, rest = line.partition(" ")
        if what == "done":
            yield int(rest)


async def _traced(plan: Plan, library: Path, variant: str, path: Path, trace: Path) -> dict[int, Request]:
    """Has a victim record results while its disk is watched; gives its requests by their numbers."""
    environment = {**os.environ, "LD_PRELOAD": str(library), "TRACE_DATABASE": str(path), "TRACE_TO": str(trace)}
    chance = plan.chance(f"deliveries {variant}")
    deliveries = Deliveries(made_up_matches(chance, plan.times(MATCHES, at_least=40)), chance)
    victim = await Victim.started(variant, environment)
    requests: dict[int, Request] = {}
    try:
        await victim.open(f"sqlite:///{path}")
        while not deliveries.are_done:
            while deliveries.on_their_way < AT_ONCE and (one := deliveries.next()) is not None:
                requests[one[0]] = one[1]
                victim.ask(*one)
            line = await victim.line()
            if line is None:
                raise RuntimeError("the victim died by itself")
            what, number, *_ = line.split(" ", 2)
            deliveries.answered(int(number), is_done=what == "done")
        await victim.end()
    finally:
        await victim.kill()
    return requests


async def _cut(found: Blackouts, files: dict[str, bytes], acknowledged: set[Request], path: Path) -> None:
    """Opens what a cut left and holds it against what was acknowledged."""
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    for name, content in files.items():
        (path.parent / name).write_bytes(content)
    found.cuts += 1
    found.acknowledged += len(acknowledged)
    try:
        with closing(driver().connect(str(path))) as connection:
            said = connection.execute("pragma integrity_check").fetchone()[0]
    except driver().Error as error:
        said = str(error)
    if said != "ok":
        found.damaged.append(said)
        return
    findings = await inspected(f"sqlite:///{path}", acknowledged)
    lost = len(findings.lost)
    found.lost += lost
    found.cuts_that_lost += lost > 0
    found.worst = max(found.worst, lost)
    found.differences += findings.differences
