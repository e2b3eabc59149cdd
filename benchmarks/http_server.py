"""The site on a database file, in a process of its own: `python -m benchmarks.http_server DATABASE kept|anew`.

Says its port. Each line on its standard input is a command: `match` lets one end, and `lag` asks how late its event
loop was since it was last asked, and how much of a processor it took; both are answered by a line.
"""

import asyncio
import gc
import json
import logging
import os
import random
import signal
import sys
from contextlib import closing
from pathlib import Path
from time import process_time
from typing import Final

import numpy as np
import structlog

from benchmarks.measuring import Results, percentile_ms, rounded
from benchmarks.population import INACTIVITY_US, NOW_US, SEED
from toprung.adapters.clock import FixedClock
from toprung.application.ladder import Ladder
from toprung.bootstrap.site import THREAD_SWITCH_SECONDS
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.door.connections import ConnectionLimits
from toprung.interfaces.web.door.front_door import DoorRules
from toprung.interfaces.web.door.server import listen, serve
from toprung.interfaces.web.site.kept import Keeper, KeptAnswer, Make
from toprung.interfaces.web.site.live import LISTENERS_MAX, BoardHub
from toprung.settings import load_settings

TICK_SECONDS: Final = 0.002
SHARE: Final = 10_000


class Forgetful(Keeper):
    """Draws every answer anew for everybody who asks, as the site once did."""

    async def answer(self, question: object, state: object, make: Make) -> KeptAnswer:  # noqa: ARG002
        """What `make` gives."""
        return await make()


class Watch:
    """How late timers come, and how much of a processor is taken."""

    def __init__(self) -> None:
        self._late = [0.0]
        self._used = process_time()

    async def run(self) -> None:
        """Sets one timer after the other."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self._late.append(loop.time() - due)

    def take(self) -> Results:
        """Since it was last taken."""
        late, self._late = self._late, [0.0]
        used, self._used = process_time() - self._used, process_time()
        return {
            "lag_p50_ms": percentile_ms(late, 50),
            "lag_p99_ms": percentile_ms(late, 99),
            "lag_max_ms": rounded(max(late) * 1000),
            "processor_s": rounded(used),
        }


async def main(path: Path, keeper: Keeper) -> None:
    """Serves until its standard input ends."""
    sys.setswitchinterval(THREAD_SWITCH_SECONDS)
    settings = load_settings(database=f"sqlite:///{path}", inactivity_days=INACTIVITY_US / MICROSECONDS_PER_DAY)
    with closing(listen("127.0.0.1", 0)) as listener:
        async with opened_storage(settings, write=True) as storage:
            ladder = (await wire(settings, storage, FixedClock(NOW_US), lambda _: None)).ladder
            hub = BoardHub(ladder.leaderboard, ladder.clock.now_us, listeners_per_address=LISTENERS_MAX)
            hub.follow(ladder)
            await ladder.store.load()
            entries = await storage.read(lambda tx: tx.entries.columns())
            best = np.argsort(entries.mmr)[::-1][:1_000]
            players = {int(entries.player_ids[row]): entries.races[row] for row in best}
            app = create_app(
                ladder,
                hub=hub,
                upload_limits=UploadLimits(),
                admin_token="nobody-asks-for-this-here",
                health=dict,
                metrics=lambda: (b"", "text/plain"),
                door=DoorRules(connections_per_address=SHARE),
                keeper=keeper,
            )

            async def started() -> None:
                gc.collect()
                gc.freeze()
                told.append(asyncio.create_task(_obey(ladder, players)))
                told[0].add_done_callback(lambda _: os.kill(os.getpid(), signal.SIGINT))
                print(listener.getsockname()[1], flush=True)

            told: list[asyncio.Task[None]] = []
            limits = ConnectionLimits(connections_per_address=SHARE)
            await serve(app, listener, close_streams=hub.close, started=started, limits=limits)
            await ladder.unit_of_work.drain()


async def _obey(ladder: Ladder, players: dict[int, str]) -> None:
    """Does what each line of the standard input says."""
    watch, chance, number = Watch(), random.Random(SEED), 0
    watching = asyncio.create_task(watch.run())
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        if line.strip() == b"lag":
            print(json.dumps(watch.take()), flush=True)
            continue
        number += 1
        sides = [Participant(player_id=PlayerId(one), race=players[one]) for one in chance.sample(list(players), 2)]
        await ladder.recorder.record(
            FinalMatch(
                source_key=f"bench {number}",
                sides=((sides[0],), (sides[1],)),
                result=MatchResult.SIDE_1_WON,
                ended_at_us=NOW_US,
            )
        )
        print("recorded", flush=True)
    watching.cancel()


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),  # what is said on the other one are answers
    )
    asyncio.run(main(Path(sys.argv[1]), Keeper() if sys.argv[2] == "kept" else Forgetful()))
