"""A server that takes replays in until it is killed. `python -m chaos.upload_victim DATABASE-URL TOKEN`.

Everything is as `toprung serve` has it, down to the socket, the pool and what judges a replay, but for one thing: files
that say by themselves that they kill or hang their reader get that outcome from in front of the pool, without costing
the 2.5 seconds and the child that they would.
"""

import asyncio
import sys
from contextlib import closing

import structlog

from chaos.upload_files import HANGS, KILLS
from toprung.adapters.clock import SystemClock
from toprung.application.ports.replays import Died, ParseOutcome, ReplayParser, TimedOut
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.bootstrap.workers import site_workers
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.door.server import address_of, listen, serve
from toprung.interfaces.web.site.live import BoardHub
from toprung.settings import load_settings


class PoisonedReader:
    """Implements `ReplayParser`: the pool, but for the files that are poison."""

    def __init__(self, pool: ReplayParser) -> None:
        self._pool = pool

    async def parse(self, data: bytes) -> ParseOutcome:
        """See `ReplayParser`."""
        if data.startswith(KILLS):
            return Died(exit_code=None, signal=11)
        if data.startswith(HANGS):
            return TimedOut(seconds_max=2.5)
        return await self._pool.parse(data)


async def main(url: str, token: str) -> None:
    """Serves, says where, and goes on until the end."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = load_settings(database=url)
    with closing(listen("127.0.0.1", 0)) as listener:
        async with opened_storage(settings, write=True) as storage:
            wired = await wire(settings, storage, SystemClock(), lambda _: None, between=PoisonedReader)
            ladder, pool, workers = wired.ladder, wired.pool, site_workers(wired)
            hub = BoardHub(ladder.leaderboard, ladder.clock.now_us)
            await ladder.store.load()
            app = create_app(
                ladder,
                hub=hub,
                upload_limits=UploadLimits(),
                admin_token=token,
                health=dict,
                metrics=lambda: (b"", "text/plain"),
            )

            async def started() -> None:
                pool.start(up=workers.start)
                print(address_of(listener), flush=True)

            try:
                await serve(app, listener, close_streams=hub.close, started=started)
            finally:
                await workers.close()
                await pool.close()
                await ladder.unit_of_work.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
