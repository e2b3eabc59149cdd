"""Readers while a hundred thousand entries come in: nobody waits for the event loop, and no page mixes two versions."""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.support.databases import Database, opened_ladder
from tests.support.fakes.ladder import FakeClock
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.transfer.entry_file import COLUMNS
from toprung.application.writing.audit import Attribution
from toprung.domain.moment import to_iso

pytest_plugins = ("tests.support.databases",)

ENTRIES: Final = 100_000
TICK_SECONDS: Final = 0.005
STALL_SECONDS_MAX: Final = 0.25
"""Far above what is aimed at, for noisy machines; an import that ran on the loop would stand still for seconds."""


class LoopProbe:
    """Remembers the longest time between two ticks of an event loop in which this process was at work.

    What passes while other programs have the processor is nobody's fault here; and of what the test runner holds, the
    garbage collector is not to make the ladder's pauses longer.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._last = self._now()
        self._handle: asyncio.TimerHandle | None = None
        self._ticked = asyncio.Event()
        self.longest_gap_seconds = 0.0

    @contextmanager
    def watching(self) -> Iterator["LoopProbe"]:
        """Ticks until the end of the block."""
        gc.collect()
        gc.freeze()
        self._last = self._now()
        self._tick()
        try:
            yield self
        finally:
            self._tick()
            if self._handle is not None:
                self._handle.cancel()
            gc.unfreeze()

    def _now(self) -> tuple[float, float]:
        return self._loop.time(), time.process_time()

    async def next_tick(self) -> None:
        """Returns at the next tick."""
        self._ticked.clear()
        await self._ticked.wait()

    def _tick(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        now = self._now()
        gap = min(later - earlier for earlier, later in zip(self._last, now, strict=True))
        self.longest_gap_seconds = max(self.longest_gap_seconds, gap)
        self._last = now
        self._ticked.set()
        self._handle = self._loop.call_later(TICK_SECONDS, self._tick)


def file_of(entries: int, mmr: int) -> str:
    played = to_iso(FakeClock().now_us())
    races = ("bw_zerg", "sc2_zerg")
    lines = (
        f",Player {number // 2:06},KR,{races[number % 2]},{mmr + number % 1000},1,1,0,0,{played}"
        for number in range(entries)
    )
    return "\n".join((",".join(COLUMNS), *lines))


async def test_many_reads_during_a_large_import_do_not_wait_for_the_loop(database: Database) -> None:
    async with opened_ladder(database) as opened:
        leaderboard, administration = opened.ladder.leaderboard, opened.ladder.administration
        await administration.perform(ImportEntries(text=file_of(100, mmr=1000), by=Attribution(actor="toprung")))
        text = await asyncio.to_thread(file_of, ENTRIES, 5000)
        seen: set[tuple[str, int, bool]] = set()
        with LoopProbe().watching() as probe:
            importing = asyncio.create_task(
                administration.perform(ImportEntries(text=text, by=Attribution(actor="toprung")))
            )
            reads = 0
            while not importing.done():
                pages = await asyncio.gather(
                    *(leaderboard.get_leaderboard_data(race_filter=[race]) for race in ("bw_zerg", "sc2_zerg")),
                    leaderboard.get_leaderboard_data(current_page=2),
                )
                for page in pages[:2]:
                    mmrs = [row.mmr >= 5000 for row in page.players]
                    assert all(mmrs) or not any(mmrs)
                    seen.add((page.version, page.total_players, mmrs[0]))
                reads += len(pages)
                await probe.next_tick()
        summary = importing.result()
        assert (summary.rows, summary.ratings.new) == (ENTRIES, ENTRIES - 100)
        assert reads > 100
        assert {(total, is_new) for _, total, is_new in seen} <= {(50, False), (ENTRIES // 2, True)}
        after = await leaderboard.get_leaderboard_data()
        assert after.total_players == ENTRIES
        assert {row.mmr for row in after.players} == {5999}
        assert probe.longest_gap_seconds < STALL_SECONDS_MAX
