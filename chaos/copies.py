"""kill -9 at random instants while safety copies of an SQLite database are made.

A ladder is copied over and over while matches are recorded on it, and killed and started again. Whatever lies beside it
under a copy's final name must open and verify; what a killed run left unfinished must be gone after the next start. The
same is done to copies that are written straight under their final name, which must not pass.
"""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.machine import ROOT
from chaos.copy_victim import AS_IT_IS, STRAIGHT, match_between
from chaos.experiment import Claim, Plan, Results, about, claimed
from chaos.victims import begin
from chaos.workload import START_US
from toprung.adapters.clock import FixedClock
from toprung.adapters.storage.sqlite.safety_copies import COPIES_KEPT
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.errors import ToprungError
from toprung.settings import load_settings

KILLS: Final = 200
STRAIGHT_KILLS: Final = 25
MATCHES: Final = 300
NOTE_BYTES: Final = 4_000_000
COPIES_LONG: Final = 1.5
"""A kill falls within the time of so many copies after one, whatever that is on this machine at this moment."""
ANSWER_SECONDS_MAX: Final = 60


@dataclass
class Ordeal:
    """What was done to one ladder's copies and what came of it."""

    kills: int = 0
    kills_inside_a_copy: int = 0
    copies: int = 0
    bad: list[str] = field(default_factory=list)
    left_after_a_start: int = 0
    most_copies: int = 0
    readable_by_others: int = 0


def run(plan: Plan) -> Results:
    """Kills the copying as it is, and one that writes straight under the final name."""
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> Results:
    found = await _ordeal(plan, AS_IT_IS, plan.times(KILLS, at_least=3))
    straight = await _ordeal(plan, STRAIGHT, plan.times(STRAIGHT_KILLS, at_least=3))
    return {
        "about": about(__doc__),
        "as_it_is": vars(found),
        "straight": vars(straight),
        "claims": claimed(
            Claim(
                promise="every file under a copy's final name opens and verifies",
                measured=f"{len(found.bad)} of {found.copies} did not, in {found.kills} kills, "
                f"{found.kills_inside_a_copy} of them in the middle of a copy",
                held=not found.bad and found.kills_inside_a_copy > 0,
            ),
            Claim(
                promise="what a killed run left unfinished is gone after the next start",
                measured=f"{found.left_after_a_start} left",
                held=found.left_after_a_start == 0,
            ),
            Claim(
                promise=f"the newest {COPIES_KEPT} stay, and one more after a kill between naming it and removing one",
                measured=f"at most {found.most_copies} at a time",
                held=0 < found.most_copies <= COPIES_KEPT + 1,
            ),
            Claim(
                promise="nobody but the owner can read a copy, finished or not",
                measured=f"{found.readable_by_others} could be read by others",
                held=found.readable_by_others == 0,
            ),
            Claim(
                promise="copies written straight under their name are found out",
                measured=f"{len(straight.bad)} of {straight.copies} did not open and verify, in {straight.kills} kills",
                held=bool(straight.bad),
            ),
        ),
    }


async def _ordeal(plan: Plan, variant: str, kills: int) -> Ordeal:
    folder = plan.folder / variant.replace(" ", "_")
    folder.mkdir()
    database = folder / "ladder.db"
    await _prepared(database)
    chance, found, seen = plan.chance(f"copies {variant}"), Ordeal(), set[str]()
    following = await _started(variant)
    for kill in range(1, kills + 1):
        victim, following = following, await _started(variant)
        await _opened(victim, database)
        found.left_after_a_start += len(_unfinished(folder))
        started = perf_counter()
        if await _line(victim) != b"copied\n":
            raise RuntimeError("the victim died by itself")
        await _killed(victim, chance.uniform(0, COPIES_LONG) * (perf_counter() - started))
        found.kills += 1
        found.kills_inside_a_copy += bool(_unfinished(folder))
        await _look(folder, variant, found, seen)
        if kill % 20 == 0:
            plan.told(f"{variant}: {kill} kills, {found.copies} copies, {len(found.bad)} bad")
    await _killed(following, 0)
    return found


async def _prepared(database: Path) -> None:
    """Makes a ladder of some megabytes."""
    address = f"sqlite:///{database}"
    await begin(address)
    settings = load_settings(database=address, inactivity_days="off")
    async with opened_storage(settings, write=True) as storage:
        ladder = (await wire(settings, storage, FixedClock(START_US), lambda _: None)).ladder
        await ladder.recorder.record_batch([match_between(number, "before") for number in range(MATCHES)])
        await storage.write(lambda tx: tx.notes.put("ballast", "x" * NOTE_BYTES))


async def _started(variant: str) -> Process:
    """A victim that reads the program in and then waits for an address."""
    command = (sys.executable, "-m", "chaos.copy_victim")
    victim = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert victim.stdin is not None
    victim.stdin.write(f"{variant}\n".encode())
    return victim


async def _opened(victim: Process, database: Path) -> None:
    assert victim.stdin is not None
    assert victim.stdout is not None
    victim.stdin.write(f"sqlite:///{database}\n".encode())
    line = await _line(victim)
    if line != b"ready\n":
        raise RuntimeError(f"the victim did not start: {line!r}")


async def _line(victim: Process) -> bytes:
    assert victim.stdout is not None
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        return await victim.stdout.readline()


async def _killed(victim: Process, after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    with suppress(ProcessLookupError):
        victim.kill()
    await victim.wait()


def _unfinished(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if ".backup-" in path.name and ".part" in path.name]


def _finished(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith("-import")]


async def _look(folder: Path, variant: str, found: Ordeal, seen: set[str]) -> None:
    """Looks at every copy that is new, in a place of its own, so that looking leaves nothing beside it."""
    finished = _finished(folder)
    found.most_copies = max(found.most_copies, len(finished))
    found.readable_by_others += sum(bool(path.stat().st_mode & 0o077) for path in [*finished, *_unfinished(folder)])
    for path in finished:
        if path.name not in seen:
            seen.add(path.name)
            found.copies += 1
            apart = folder.parent / "looked_at.db"
            shutil.copyfile(path, apart)
            fault = await _fault_of(apart)
            apart.unlink()
            if fault:
                found.bad.append(fault)
        if variant == STRAIGHT:
            path.unlink()  # nobody else counts these


async def _fault_of(copy: Path) -> str:
    """Why this is no ladder in order; nothing where it is one."""
    settings = load_settings(database=f"sqlite:///{copy}", inactivity_days="off")
    try:
        async with opened_storage(settings, write=False) as storage:
            ladder = (await wire(settings, storage, FixedClock(START_US), lambda _: None)).ladder
            return "; ".join(await ladder.verification.verify(lambda _done, _all: None))
    except ToprungError as error:
        return str(error)
