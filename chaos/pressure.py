"""A full disk and a locked database under a ladder that is in use.

Reports come in all the while, and pages and database reads beside them. What cannot be written must be refused with a
sentence that says what to do, with nothing kept of it; reads must be answered; the event loop must not stand still,
which is measured as how late a timer of 5 ms comes, here and in an idle process at the same time, so that what the
machine does by itself is known; and when it clears, work goes on.
"""

import asyncio
import gc
import os
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Final, cast

import asyncpg

from benchmarks.machine import ROOT
from chaos.experiment import Claim, Plan, Results, about, claimed
from chaos.idle import longest_delay_ms
from chaos.workload import START_US, register_players
from toprung.adapters.clock import FixedClock
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.adapters.storage.transaction import SqlTransaction
from toprung.application.ladder import Ladder
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.site import THREAD_SWITCH_SECONDS
from toprung.bootstrap.wiring import AnyStorage, opened_storage, wire
from toprung.domain.errors import StorageUnavailable
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.players.player import PlayerId
from toprung.settings import load_settings

LAG_MS_MAX: Final = 150
READ_EVERY_SECONDS: Final = 0.02
REPORT_EVERY_SECONDS: Final = 0.05
REST_SECONDS: Final = 4
SHORT_LOCK_SECONDS, LONG_LOCK_SECONDS = 4, 8
"""Shorter and longer than a writer waits for a lock, which is 5 s."""

READ_MS_MAX: Final = 1_000
DISK_MB: Final = 16
PAGES: Final = 60
"""Room for the database to grow by, where no disk of its own can be mounted."""


@dataclass
class Observed:
    """What was seen of a ladder over a while."""

    lag_ms: float = 0
    idle_lag_ms: float = 0
    """That of an idle process meanwhile."""
    pages: int = 0
    reads: int = 0
    slowest_read_ms: float = 0
    failed_reads: list[str] = field(default_factory=list)
    recorded: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    slowest_report_s: float = 0


class LadderInUse:
    """A ladder with players who report and people who look."""

    def __init__(self, ladder: Ladder, storage: AnyStorage) -> None:
        self.ladder = ladder
        self.storage = storage
        self._numbers = count(1)

    @asynccontextmanager
    async def observed(self, *, reports: bool = True) -> AsyncIterator[Observed]:
        """While this lasts everything goes on; at its end, what has begun is waited for."""
        seen, over = Observed(), asyncio.Event()
        command = (sys.executable, "-m", "chaos.idle")
        idle = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
        assert idle.stdin is not None
        assert idle.stdout is not None
        await idle.stdout.readline()
        work = [self._look(seen, over)] + ([self._report(seen, over)] if reports else [])
        tasks = [asyncio.create_task(one) for one in work]
        ticking = asyncio.create_task(longest_delay_ms(over))
        try:
            yield seen
        finally:
            over.set()
            seen.lag_ms = await ticking
            idle.stdin.close()
            seen.idle_lag_ms = float(await idle.stdout.readline())
            await asyncio.gather(*tasks, idle.wait())

    async def _look(self, seen: Observed, over: asyncio.Event) -> None:
        while not over.is_set():
            started = perf_counter()
            try:
                await self.ladder.leaderboard.get_leaderboard_data()
                seen.pages += 1
                await self.storage.read(lambda tx: tx.changes.last_seq())
                seen.reads += 1
            except StorageUnavailable as error:
                seen.failed_reads.append(str(error))
            seen.slowest_read_ms = max(seen.slowest_read_ms, (perf_counter() - started) * 1000)
            await asyncio.sleep(READ_EVERY_SECONDS)

    async def _report(self, seen: Observed, over: asyncio.Event) -> None:
        reports = []
        while not over.is_set():
            reports.append(asyncio.create_task(self.record(next(self._numbers), seen)))
            await asyncio.sleep(REPORT_EVERY_SECONDS)
        await asyncio.gather(*reports)

    async def record(self, number: int, seen: Observed) -> None:
        """Records a match of this number and notes how that went."""
        started = perf_counter()
        one, other = number % 119 + 1, 120
        first, second = (Participant(player_id=PlayerId(player), race="bw_zerg") for player in (one, other))
        match = FinalMatch(
            source_key=f"pressure {number} {'x' * 2_000}",  # so that a disk fills up
            sides=((first,), (second,)),
            result=list(MatchResult)[number % 3],
            ended_at_us=START_US,
        )
        try:
            await self.ladder.recorder.record(match)
            seen.recorded.add(number)
        except StorageUnavailable as error:
            seen.refused[number] = str(error)
        seen.slowest_report_s = max(seen.slowest_report_s, perf_counter() - started)

    async def stored(self) -> set[int]:
        """The numbers of the matches that the database has."""
        return await self.storage.read(lambda tx: {int(one.source_key.split()[1]) for one in tx.matches.completed()})


def run_locked(plan: Plan) -> Results:
    """Somebody else locks the database: for shorter than a writer waits, and for longer."""
    return asyncio.run(_locked(plan))


def run_full_disk(plan: Plan) -> Results:
    """The disk fills up, and is enlarged."""
    return asyncio.run(_full_disk(plan))


async def _locked(plan: Plan) -> Results:
    async with plan.new_database() as address, _in_use(address) as used:
        lock = _lock_sqlite if address.startswith("sqlite") else _lock_postgres
        rest = await _at_rest(used)
        async with used.observed() as short, lock(address):
            await asyncio.sleep(SHORT_LOCK_SECONDS)
        plan.told(f"locked for {SHORT_LOCK_SECONDS} s: {len(short.recorded)} recorded, {len(short.refused)} refused")
        async with used.observed() as long, lock(address):
            await asyncio.sleep(LONG_LOCK_SECONDS)
        plan.told(f"locked for {LONG_LOCK_SECONDS} s: {len(long.recorded)} recorded, {len(long.refused)} refused")
        claims = [
            Claim(
                promise=f"a lock of {SHORT_LOCK_SECONDS} s only delays",
                measured=f"{len(short.recorded)} recorded, {len(short.refused)} refused, the slowest after "
                f"{short.slowest_report_s:.1f} s",
                held=bool(short.recorded) and not short.refused and short.slowest_report_s > SHORT_LOCK_SECONDS / 2,
            ),
            *await _claims(used, rest, [short, long], long, sign="holds"),
        ]
        return {"about": about(__doc__), **_numbers(rest, long), "claims": claimed(*claims)}


async def _full_disk(plan: Plan) -> Results:
    with _small_disk(plan.folder / "disk") as disk:
        place = disk or plan.folder
        async with _in_use(f"sqlite:///{place / 'ladder.db'}") as used:
            rest = await _at_rest(used)
            async with used.observed() as before:
                await asyncio.sleep(1)
            ballast = place / "ballast"
            if disk is None:
                await used.storage.write(lambda tx: _room_for(PAGES, tx))
            else:
                await asyncio.to_thread(_fill, ballast)
            async with used.observed() as full:
                while len(full.refused) < 20:  # noqa: ASYNC110 - what is waited for is a disk
                    await asyncio.sleep(REPORT_EVERY_SECONDS)
            plan.told(f"full after {len(full.recorded)} recorded, {len(full.refused)} refused")
            if disk is None:
                await used.storage.write(lambda tx: _room_for(1_000_000, tx))
            else:
                ballast.unlink()
            claims = await _claims(used, rest, [before, full], full, sign="full")
        damage = await asyncio.to_thread(_integrity, place / "ladder.db")
    claims.append(Claim(promise="the file is whole (`PRAGMA integrity_check`)", measured=damage, held=damage == "ok"))
    how = (
        f"A disk of {DISK_MB} MB was mounted and filled up."
        if disk
        else "SQLite was told that the disk ends (no mount)."
    )
    return {"about": f"{about(__doc__)} {how}", **_numbers(rest, full), "claims": claimed(*claims)}


async def _claims(
    used: LadderInUse, rest: Observed, all_seen: list[Observed], worst: Observed, sign: str
) -> list[Claim]:
    """What holds after the pressure, which must have been such that something was refused."""
    recorded = set[int]().union(*(seen.recorded for seen in all_seen))
    stored = await used.stored()
    sentences = sorted(set(worst.refused.values()))
    again = Observed()
    await asyncio.gather(*(used.record(number, again) for number in worst.refused))
    differences = await used.ladder.verification.verify(lambda _done, _all: None)
    beyond = max(seen.lag_ms - seen.idle_lag_ms for seen in all_seen)
    lag, idle_lag = max(seen.lag_ms for seen in all_seen), max(seen.idle_lag_ms for seen in all_seen)
    slowest = max(seen.slowest_read_ms for seen in all_seen)
    pages, reads = sum(seen.pages for seen in all_seen), sum(seen.reads for seen in all_seen)
    failed = [one for seen in all_seen for one in seen.failed_reads]
    return [
        Claim(
            promise="what cannot be written is refused with a sentence that says what to do",
            measured=f"{len(worst.refused)} refused, after at most {worst.slowest_report_s:.1f} s: "
            + " / ".join(sentences),
            held=bool(sentences) and all(sign in one and "again" in one for one in sentences),
        ),
        Claim(
            promise="nothing of what is refused is kept, and everything else is",
            measured=f"{len(stored & set(worst.refused))} kept of {len(worst.refused)} refused; "
            f"{len(recorded - stored)} missing of {len(recorded)} recorded; {len(differences)} differences by "
            "`toprung verify`",
            held=stored == recorded and not differences,
        ),
        Claim(
            promise="reads stay up",
            measured=f"{pages} pages and {reads} reads of the database, {len(failed)} failed, the slowest pair "
            f"{slowest:.0f} ms ({rest.slowest_read_ms:.0f} ms at rest)",
            held=not failed and slowest <= READ_MS_MAX,
        ),
        Claim(
            promise=f"the event loop does not stand still for over {LAG_MS_MAX} ms longer than an idle one",
            measured=f"at most {lag:.0f} ms, an idle process meanwhile {idle_lag:.0f} ms",
            held=beyond <= LAG_MS_MAX,
        ),
        Claim(
            promise="when it clears, work goes on",
            measured=f"{len(again.recorded)} of the {len(worst.refused)} refused recorded when they were sent again",
            held=len(again.recorded) == len(worst.refused),
        ),
    ]


def _numbers(rest: Observed, seen: Observed) -> Results:
    return {
        "lag_at_rest_ms": round(rest.lag_ms, 1),
        "idle_lag_ms": round(seen.idle_lag_ms, 1),
        "lag_ms": round(seen.lag_ms, 1),
        "slowest_read_ms": round(seen.slowest_read_ms, 1),
        "slowest_report_s": round(seen.slowest_report_s, 2),
        "recorded": len(seen.recorded),
        "refused": len(seen.refused),
    }


async def _at_rest(used: LadderInUse) -> Observed:
    async with used.observed(reports=False) as rest:
        await asyncio.sleep(REST_SECONDS)
    return rest


@asynccontextmanager
async def _in_use(address: str) -> AsyncIterator[LadderInUse]:
    settings = load_settings(database=address, inactivity_days="off")
    async with opened_storage(settings, write=True) as storage:
        ladder = (await wire(settings, storage, FixedClock(START_US), lambda _: None)).ladder
        await register_players(ladder)
        await ladder.store.load()
        sys.setswitchinterval(THREAD_SWITCH_SECONDS)  # this and the next as the site is served
        gc.collect()
        gc.freeze()
        yield LadderInUse(ladder, storage)
        await ladder.unit_of_work.drain()


@asynccontextmanager
async def _lock_sqlite(address: str) -> AsyncIterator[None]:
    with closing(
        driver().connect(address.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False, timeout=5)
    ) as other:
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@asynccontextmanager
async def _lock_postgres(address: str) -> AsyncIterator[None]:
    other = await asyncpg.connect(address)
    try:
        async with other.transaction():
            await other.execute("lock table entry in exclusive mode")
            yield
    finally:
        await other.close()


@contextmanager
def _small_disk(place: Path) -> Iterator[Path | None]:
    """A small disk, mounted there; None where this process may not mount anything."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False)


def _fill(ballast: Path) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4_096))


def _room_for(pages: int, tx: Transaction) -> None:
    connection = cast("SqlTransaction", tx).connection
    used = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
    connection.exec_driver_sql(f"PRAGMA max_page_count = {used + pages}")


def _integrity(path: Path) -> str:
    with closing(driver().connect(str(path))) as connection:
        return str(connection.execute("pragma integrity_check").fetchone()[0])
