"""The whole program, as `toprung serve` runs it, with a bot that speaks to a Discord on this machine.

Run as `python -m tests.interfaces.discord.bot.load_program PORT DATABASE`. Matches finish all the while. Each line on
its standard input asks how late the event loop was since the line before, which is answered in JSON; it stops at the
end.
"""

import asyncio
import json
import random
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from tests.interfaces.discord.bot.loopback import CHANNEL_ID, sent_to
from toprung import log
from toprung.adapters.boot_clock import SystemBootClock
from toprung.adapters.clock import SteadyClock, SystemClock, TurnedClock
from toprung.application.transfer.demo_service import DemoService
from toprung.bootstrap.site import serve_site
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.interfaces.web.door.server import listen
from toprung.settings import load_settings

PLAYERS, MATCHES = 300, 4_000
PAUSE_SECONDS: Final = 0.1
TICK_SECONDS: Final = 0.005


class Lateness:
    """How late a timer comes."""

    def __init__(self) -> None:
        self._late: list[float] = []

    async def watch(self) -> None:
        """Sets one timer after the other."""
        loop = asyncio.get_running_loop()
        while True:
            due, woken = loop.time() + TICK_SECONDS, asyncio.Event()
            loop.call_at(due, woken.set)
            await woken.wait()
            self._late.append(loop.time() - due)

    def take(self) -> dict[str, float]:
        """Since it was last taken, in seconds."""
        late, self._late = sorted(self._late), []
        return {"ticks": len(late), "p99": late[int(len(late) * 0.99)], "max": late[-1]}


async def serve(port: int, database: Path) -> None:
    """Plays a season and serves it."""
    settings = load_settings(database=f"sqlite:///{database}", host="127.0.0.1", port=0).model_copy(
        update={
            "discord_token": SecretStr("token"),
            "discord_leaderboard_channel": CHANNEL_ID + 1,
            "discord_match_log_channel": CHANNEL_ID + 2,
        }
    )
    steady = SteadyClock(SystemClock(), SystemBootClock())
    clock, metrics, lateness = TurnedClock(steady), log.Metrics(), Lateness()
    log.configure_logging("error")
    with closing(listen(settings.host, settings.port)) as listener:
        async with opened_storage(settings, write=True) as storage:
            wired = await wire(settings, storage, clock, metrics.observe_read_seconds)
            ladder = wired.ladder
            demo = DemoService(
                players=ladder.players,
                matches=ladder.recorder,
                catalog=ladder.catalog,
                countries=ladder.countries,
                clock=clock,
                turn_clock=clock.turn,
                chance=random.Random(7),
            )
            await demo.play_season(players=PLAYERS, matches=MATCHES, progress=lambda _done, _all: None)
            running: list[asyncio.Task[Any]] = []

            def begin(_address: str) -> None:
                running.append(asyncio.create_task(demo.play_on(pause_seconds=PAUSE_SECONDS)))
                running.append(asyncio.create_task(lateness.watch()))

            serving = asyncio.create_task(serve_site(wired, listener, metrics, steady, begin))
            asked = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
            async for _ in asked:
                sys.stdout.write(f"{json.dumps(lateness.take())}\n")
                sys.stdout.flush()
            for task in (*running, serving):
                task.cancel()
            await asyncio.gather(*running, serving, return_exceptions=True)


if __name__ == "__main__":
    with sent_to(int(sys.argv[1])):
        asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
