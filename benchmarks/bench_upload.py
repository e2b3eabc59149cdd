"""From an upload to a fresh leaderboard, and replays per second: queue, pool, judge and rating on a whole ladder.

`python -m benchmarks.bench_upload [--quick]` prints JSON. Each upload is a loser's own replay of a match of its own;
the clock runs from `submit_replay` until the board has taken the result over. Every file is archived; every upload, job
and result is a durable transaction. The files are small, so what is measured is the way and not the parser, which has
`bench_replay`.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import structlog

from benchmarks.measuring import FULL, QUICK, Plan, Results, rounded, summary_ms
from benchmarks.postgres_server import postgres_server
from chaos.upload_files import MAP, RACES, BegunMatch, uploads_of
from toprung.adapters.clock import SystemClock
from toprung.application.ladder import Ladder
from toprung.application.ports.replays import Intake
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.bootstrap.workers import site_workers
from toprung.domain.events import Change, MatchMoved
from toprung.domain.matches.match import MatchId, MatchState, Participant
from toprung.domain.matches.match_life import Step
from toprung.settings import load_settings

UPLOADS: Final = 200
WORKERS: Final = 2
SECONDS_MAX: Final = 120


@dataclass
class Completed:
    """Says when matches are completed and the board knows it: subscribed after the read store."""

    waiting: dict[MatchId, asyncio.Future[None]]

    async def on_changes(self, changes: Sequence[Change]) -> None:
        """See `EventBus.subscribe`."""
        for change in changes:
            event = change.event
            if isinstance(event, MatchMoved) and event.state is MatchState.COMPLETED:
                self.waiting[event.match_id].set_result(None)


async def _begun(ladder: Ladder, count: int, purpose: str) -> list[tuple[BegunMatch, bytes]]:
    """So many begun matches, each with the replay that its loser will upload."""
    begun = []
    for number in range(count):
        players = [await ladder.players.register(f"{purpose} {role}{number}") for role in ("winner", "loser")]
        first, second = (Participant(player_id=one.id, race=race) for one, race in zip(players, RACES, strict=True))
        match = await ladder.lifecycle.open(first, second, map_name=MAP)
        for player in players:
            match = await ladder.lifecycle.act(match.id, player.id, Step.CONFIRM)
        one = BegunMatch(
            id=match.id, winner=players[0].name, loser=players[1].name, started_at_us=match.started_at_us or 0
        )
        begun.append((one, uploads_of(one, random.Random(0))[0].data))
    return begun


async def _uploaded(service: Intake, completed: Completed, match: BegunMatch, data: bytes) -> float:
    """The seconds from an upload to the board that shows its result."""
    done = completed.waiting[match.id] = asyncio.get_running_loop().create_future()
    started = perf_counter()
    await service.submit_replay(match.loser, match.id, data, "game.SC2Replay")
    async with asyncio.timeout(SECONDS_MAX):
        await done
    return perf_counter() - started


async def _measure_ladder(url: str, folder: Path, uploads: int) -> Results:
    settings = load_settings(database=url, replay_folder=folder, replay_workers=WORKERS)
    async with opened_storage(settings, write=True) as storage:
        wired = await wire(settings, storage, SystemClock(), lambda _: None)
        ladder, pool, completed = wired.ladder, wired.pool, Completed({})
        ladder.bus.subscribe(completed.on_changes)
        await ladder.store.load()
        alone, together = await _begun(ladder, uploads, "alone"), await _begun(ladder, uploads, "together")
        workers = site_workers(wired)
        pool.start()
        await pool.parse(alone[0][1])  # so that the children are up
        workers.start()
        seconds = [await _uploaded(ladder.intake, completed, match, data) for match, data in alone]
        started = perf_counter()
        await asyncio.gather(*(_uploaded(ladder.intake, completed, match, data) for match, data in together))
        all_seconds = perf_counter() - started
        page = await ladder.leaderboard.get_leaderboard_data()
        await workers.close()
        await pool.close()
        await ladder.unit_of_work.drain()
    if page.total_players != 4 * uploads:
        raise RuntimeError(f"the board has {page.total_players} players and not {4 * uploads}")
    return {"upload_to_fresh_board_ms": summary_ms(seconds), "uploads_per_second": rounded(uploads / all_seconds)}


def measure(plan: Plan) -> Results:
    """Milliseconds of one upload at a time, and uploads per second of many at once, by database."""
    uploads = plan.times(UPLOADS)
    results: Results = {"uploads": uploads, "replay_workers": WORKERS}
    with tempfile.TemporaryDirectory(prefix="toprung-uploads-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'ladder.db'}"
        results["sqlite"] = asyncio.run(_measure_ladder(url, folder / "sqlite", uploads))
        if plan.with_postgres:
            with postgres_server() as address:
                results["postgresql"] = asyncio.run(_measure_ladder(address("postgres"), folder / "pg", uploads))
    return {**results, "load_average": [rounded(one) for one in os.getloadavg()]}


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    print(json.dumps(measure(QUICK if "--quick" in sys.argv else FULL), indent=1))
