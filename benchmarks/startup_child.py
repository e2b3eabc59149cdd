"""One start of the program on a database file, in a process of its own; says on its last line what it took, as JSON."""

import asyncio
import json
import logging
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import structlog

from benchmarks.measuring import Results, summary_ms
from benchmarks.memory import peak_mb, resident_mb, seconds_alive
from benchmarks.population import INACTIVITY_US, NOW_US, SEED
from toprung.adapters.clock import FixedClock
from toprung.application.ladder import Ladder
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.events import Change
from toprung.domain.leaderboard.board_table import EntryColumns
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId
from toprung.settings import load_settings


async def start(path: Path, matches: int) -> Results:
    """Opens, wires and loads as `toprung serve` does, then asks for a page and plays matches."""
    imported, memory_before = seconds_alive(), resident_mb()
    settings = load_settings(database=f"sqlite:///{path}", inactivity_days=INACTIVITY_US / MICROSECONDS_PER_DAY)
    started = perf_counter()
    async with opened_storage(settings, write=True) as storage:
        ladder = (await wire(settings, storage, FixedClock(NOW_US), lambda _: None)).ladder
        opened = perf_counter()
        await ladder.store.load()
        loaded = perf_counter()
        await ladder.leaderboard.get_leaderboard_data()
        answered = perf_counter()
        found: Results = {
            "python_and_imports_s": imported,
            "open_s": opened - started,
            "load_s": loaded - opened,
            "seconds": imported + answered - started,
            "first_page_ms": (answered - loaded) * 1000,
            "memory_before_mb": memory_before,
            "memory_after_mb": resident_mb(),
            "peak_mb": peak_mb(),
        }
        if matches:
            entries = await storage.read(lambda tx: tx.entries.columns())
            found["match_ms"] = await play(ladder, entries, matches)
        await ladder.unit_of_work.drain()
    return found


async def play(ladder: Ladder, entries: EntryColumns, matches: int) -> Results:
    """Milliseconds of matches by the real write path: until the commit has ended, and from there to a fresh page.

    The players are ranked ones, as most are who play.
    """
    told: list[float] = []

    async def commit_ended(_: Sequence[Change]) -> None:
        told.append(perf_counter())

    ladder.bus.subscribe(commit_ended)
    chance = random.Random(SEED)
    ranked = np.flatnonzero(entries.last_played_us >= NOW_US - INACTIVITY_US).tolist()
    common = ladder.countries.common
    commits: list[float] = []
    beyond: list[float] = []
    for number in range(matches):
        first, second = (Participant(player_id=player, race=race) for player, race in _two(chance, ranked, entries))
        match = FinalMatch(
            source_key=f"bench {number}",
            sides=((first,), (second,)),
            result=MatchResult.SIDE_1_WON,
            ended_at_us=NOW_US,
        )
        started = perf_counter()
        await ladder.recorder.record(match)
        await ladder.leaderboard.get_leaderboard_data(
            country_filter=common[:3], race_filter=[first.race], best_race_only=True
        )
        answered = perf_counter()
        commits.append(told[-1] - started)
        beyond.append(answered - told[-1])
    return {"commit": summary_ms(commits), "beyond_commit": summary_ms(beyond)}


def _two(chance: random.Random, ranked: list[int], entries: EntryColumns) -> list[tuple[PlayerId, str]]:
    """Two of these rows' entries, of different players."""
    while True:
        rows = chance.sample(ranked, 2)
        pair = [(PlayerId(int(entries.player_ids[row])), entries.races[row]) for row in rows]
        if pair[0][0] != pair[1][0]:
            return pair


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(json.dumps(asyncio.run(start(Path(sys.argv[1]), int(sys.argv[2])))))
