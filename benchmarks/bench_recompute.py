"""How long it takes to play a whole rating log again: `python -m benchmarks.bench_recompute [MATCHES]`.

A ladder on SQLite, rated as a new one is; the log is written by the program's own batches, in what counts as one go.
"""

import asyncio
import random
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Final

from benchmarks.ladder import HandClock
from benchmarks.population import NOW_US, SEED
from toprung.application.ladder import Ladder
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.settings import load_settings

MATCHES: Final = 100_000
PLAYERS: Final = 2_000
BATCH: Final = 1_000
DAYS: Final = 180


async def measure(matches: int) -> dict[str, float]:
    """Seconds of this process, which other processes do not make longer: writing the log, recomputing, verifying it."""
    with tempfile.TemporaryDirectory(prefix="toprung-bench-") as folder:
        settings = load_settings(database=f"sqlite:///{Path(folder) / 'ladder.db'}", inactivity_days="off")
        async with opened_storage(settings, write=True) as storage:
            ladder = (await wire(settings, storage, HandClock(), lambda _: None)).ladder
            started = process_time()
            await _play(ladder, matches)
            seconds = {"write the log": process_time() - started}
            started = process_time()
            changed = (await ladder.ratings.recompute(lambda _done, _total: None)).changed
            seconds["recompute"] = process_time() - started
            started = process_time()
            differences = await ladder.verification.verify(lambda _done, _total: None)
            seconds["verify"] = process_time() - started
            if changed or differences:
                raise RuntimeError(f"the ladder is not in order: {changed} entries, {differences[:3]}")
            await ladder.unit_of_work.drain()
            return seconds


async def _play(ladder: Ladder, matches: int) -> None:
    chance = random.Random(SEED)
    ids = [(await ladder.players.register(f"Player {number}")).id for number in range(PLAYERS)]
    races = ladder.catalog.race_codes
    start_us = NOW_US - DAYS * MICROSECONDS_PER_DAY
    step_us = DAYS * MICROSECONDS_PER_DAY // matches
    results = (MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON)
    for first in range(0, matches, BATCH):
        batch = []
        for number in range(first, min(first + BATCH, matches)):
            one, other = chance.sample(ids, 2)
            sides = [(Participant(player_id=who, race=chance.choice(races)),) for who in (one, other)]
            batch.append(
                FinalMatch(
                    source_key=f"bench:{number}",
                    sides=(sides[0], sides[1]),
                    result=chance.choice(results),
                    ended_at_us=start_us + number * step_us,
                )
            )
        await ladder.recorder.record_batch(batch)


def main() -> None:
    """Measures and prints."""
    matches = int(sys.argv[1]) if len(sys.argv) > 1 else MATCHES
    for name, seconds in asyncio.run(measure(matches)).items():
        print(f"{name:<14} {seconds:7.2f} s for {matches:,} matches, {seconds / matches * 1e6:7.1f} us each")


if __name__ == "__main__":
    main()
