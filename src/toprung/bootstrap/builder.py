"""What the command line asks for: reading, administering, migrating, serving, demonstrating."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from time import perf_counter
from typing import Final

from toprung import log
from toprung.adapters.admin_client import AdminClient
from toprung.adapters.boot_clock import SystemBootClock
from toprung.adapters.clock import FixedClock, SteadyClock, SystemClock, TurnedClock
from toprung.adapters.intake_client import IntakeClient
from toprung.adapters.replays.pool.children import ChildLimits
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.adapters.replays.reading import decode_reading
from toprung.adapters.storage import migration
from toprung.application.ladder import Ladder
from toprung.application.organising.operations import Administration
from toprung.application.ports.clock import Clock
from toprung.application.replays.pool_health import PoolHealth
from toprung.application.replays.replay_inspection import ReplayInspector
from toprung.application.transfer.demo_service import DemoService
from toprung.bootstrap.site import running_server, serve_site
from toprung.bootstrap.wiring import AnyStorage, game_catalog, opened_storage, wire
from toprung.domain.database_address import secrets_in
from toprung.domain.errors import Conflict, NotFound, WriterPresent
from toprung.domain.replays.replay import REPLAY_BYTES_MAX
from toprung.interfaces.cli.terminal.builder import MigrationSummary, Options, Reading
from toprung.interfaces.web.door.server import listen
from toprung.settings import Settings, load_settings

DEMO_PLAYERS: Final = 300
DEMO_MATCHES: Final = 4_000
DEMO_PAUSE_SECONDS: Final = 3.0
DEMO_SEED: Final = 7
DEMO_NOTE: Final = "demo"


class Bootstrap:
    """Implements the command line's `Builder`."""

    @asynccontextmanager
    async def reading(self, options: Options) -> AsyncIterator[Reading]:
        """See `Builder`."""
        started = perf_counter()
        settings = _settings(options)
        clock: Clock = SystemClock() if options.now_us is None else FixedClock(options.now_us)
        seconds: list[float] = []
        async with opened_storage(settings, write=False) as storage:
            ladder = (await wire(settings, storage, clock, seconds.append)).ladder
            await ladder.store.load()
            yield Reading(ladder=ladder, open_seconds=perf_counter() - started, read_seconds=lambda: list(seconds))

    @asynccontextmanager
    async def administering(self, options: Options, *, needs_server: bool) -> AsyncIterator[Administration]:
        """See `Builder`."""
        if needs_server:
            async with self.submitting(options) as client:
                yield client
            return
        settings = _settings(options)
        async with AsyncExitStack() as stack:
            try:
                storage = await stack.enter_async_context(opened_storage(settings, write=True))
            except WriterPresent:
                record = await running_server(settings)
                if record is None:
                    raise
                yield await stack.enter_async_context(AdminClient(record.address, record.token))
                return
            ladder = (await wire(settings, storage, SystemClock(), lambda _: None)).ladder
            yield ladder.administration
            await ladder.unit_of_work.drain()

    async def pool_health(self, options: Options) -> PoolHealth:
        """See `Builder`."""
        record = await running_server(_settings(options))
        if record is None:
            raise NotFound("No server runs on this ladder, so nothing reads replays.", "no_server_reads")
        async with AdminClient(record.address, record.token) as client:
            return await client.pool_health()

    @asynccontextmanager
    async def inspecting(self, options: Options) -> AsyncIterator[ReplayInspector]:
        """See `Builder`."""
        settings = _settings(options)
        catalog = game_catalog(settings)
        pool = ReplayPool(
            workers=max(1, settings.replay_workers),
            clock=asyncio.get_running_loop().time,
            limits=ChildLimits(job_seconds_max=settings.replay_seconds_max),
            may_be_unconfined=settings.replays_may_be_unconfined,
        )
        pool.start()
        try:
            yield ReplayInspector(
                parser=pool, decode=lambda answer: decode_reading(answer, catalog), bytes_max=REPLAY_BYTES_MAX
            )
        finally:
            await asyncio.shield(pool.close(grace_seconds=0))

    @asynccontextmanager
    async def submitting(self, options: Options) -> AsyncIterator[IntakeClient]:
        """See `Builder`."""
        settings = _settings(options)
        record = await running_server(settings)
        if record is None:
            raise Conflict("No server runs on this database, and only one takes replays in.", "no_server_takes")
        async with IntakeClient(record.address, record.token) as client:
            yield client

    async def migrate(self, options: Options) -> MigrationSummary:
        """See `Builder`."""
        settings = _settings(options)
        async with opened_storage(settings, write=True) as storage:
            migrated = storage.migrated
        if migrated is None:
            return MigrationSummary(before=migration.HEAD, after=migration.HEAD, backup=None)
        return MigrationSummary(before=migrated.before, after=migration.HEAD, backup=migrated.backup)

    async def serve(self, options: Options, *, started: Callable[[str], None]) -> None:
        """See `Builder`."""
        settings = _settings(options, is_serving=True)
        metrics, clock = log.Metrics(), SteadyClock(SystemClock(), SystemBootClock())
        with closing(listen(settings.host, settings.port)) as listener:  # first, since what can fail fast should
            async with opened_storage(settings, write=True) as storage:
                wired = await wire(settings, storage, clock, metrics.observe_read_seconds)
                await serve_site(wired, listener, metrics, clock, started)

    async def demo(
        self, options: Options, *, progress: Callable[[int, int], None], started: Callable[[str], None]
    ) -> None:
        """See `Builder`."""
        settings = _settings(options, is_serving=True)
        with closing(listen(settings.host, settings.port)) as listener:
            await _remove_old_demo(settings)
            async with opened_storage(settings, write=True) as storage:
                if await storage.read(lambda tx: tx.changes.last_seq()):
                    raise Conflict(
                        "The demonstration wants a new database, and this one has a ladder; name another.",
                        "demo_needs_new",
                    )
                await storage.write(lambda tx: tx.notes.put(DEMO_NOTE, "yes"))
                await _play_and_serve(settings, storage, listener, progress, started)


async def _play_and_serve(
    settings: Settings,
    storage: AnyStorage,
    listener: socket.socket,
    progress: Callable[[int, int], None],
    started: Callable[[str], None],
) -> None:
    metrics = log.Metrics()
    steady = SteadyClock(SystemClock(), SystemBootClock())
    clock = TurnedClock(steady)
    wired = await wire(settings, storage, clock, metrics.observe_read_seconds)
    demo = _demo_service(wired.ladder, clock)
    await demo.play_season(players=DEMO_PLAYERS, matches=DEMO_MATCHES, progress=progress)
    playing: list[asyncio.Task[None]] = []

    def play_on(address: str) -> None:
        playing.append(asyncio.create_task(demo.play_on(pause_seconds=DEMO_PAUSE_SECONDS)))
        started(address)

    try:
        await serve_site(wired, listener, metrics, steady, play_on)
    finally:
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        await wired.ladder.unit_of_work.drain()


def _demo_service(ladder: Ladder, clock: TurnedClock) -> DemoService:
    return DemoService(
        players=ladder.players,
        matches=ladder.recorder,
        catalog=ladder.catalog,
        countries=ladder.countries,
        clock=clock,
        turn_clock=clock.turn,
        chance=random.Random(DEMO_SEED),  # noqa: S311 - the same made-up season every time
    )


async def _remove_old_demo(settings: Settings) -> None:
    """Makes room for a new demonstration; what is no old one is never touched. Raises `Conflict`, `WriterPresent`."""
    path = settings.sqlite_path
    if path is None or not await asyncio.to_thread(path.exists):
        return
    async with opened_storage(settings, write=True) as storage:
        if not await storage.read(lambda tx: tx.notes.get(DEMO_NOTE)):
            raise Conflict(
                "{path} is not an old demonstration, so it stays; name another file.", "not_a_demo", path=str(path)
            )
    for ending in ("", "-wal", "-shm"):
        await asyncio.to_thread(path.with_name(path.name + ending).unlink, missing_ok=True)


def _settings(options: Options, *, is_serving: bool = False) -> Settings:
    """The settings, and logging as they say; a command that only does one thing says what it did in its own words."""
    settings = load_settings(
        database=options.database,
        game=options.game,
        inactivity_days=options.inactivity_days,
        host=options.host,
        port=options.port,
    )
    is_quiet = settings.log_level == "info" and not is_serving
    secrets = secrets_in(settings.database) | secrets_in(f"?password={os.environ.get('PGPASSWORD', '')}")
    log.configure_logging("warning" if is_quiet else settings.log_level, secrets)
    return settings
