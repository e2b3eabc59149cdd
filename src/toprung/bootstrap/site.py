"""Serving the site: board, address, the record by which commands find it; and all of it down again in reverse."""

import gc
import secrets
import socket
import sys
from collections.abc import Callable
from typing import Final

import structlog
from fastapi import FastAPI

from toprung.adapters.storage.hold.writer_hold import WriterHold
from toprung.adapters.storage.server_record import ServerRecord, ServerRecordFile, ServerRecordNote, ServerRecords
from toprung.application.matches.deadline_loop import DeadlineLoop
from toprung.application.players.departure_pruning import DeparturePruning
from toprung.application.ports.clock import SteadyTime
from toprung.bootstrap.parts import Address, Bot, Parts, ReplayReading, Running, Writes
from toprung.bootstrap.wiring import AnyStorage, Wired, opened_storage
from toprung.bootstrap.workers import SiteWorkers, site_workers
from toprung.domain.errors import StorageUnavailable
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.door.addresses import TrustedProxies
from toprung.interfaces.web.door.connections import ConnectionLimits
from toprung.interfaces.web.door.front_door import DoorRules
from toprung.interfaces.web.door.hosts import AllowedHosts
from toprung.interfaces.web.door.server import address_of, serve
from toprung.interfaces.web.site.live import BoardHub
from toprung.log import Metrics
from toprung.settings import Settings

THREAD_SWITCH_SECONDS: Final = 0.0005
"""How long a thread that imports may keep the event loop from its turn; Python's own 5 ms add up over a request."""

_log = structlog.get_logger(__name__)


async def running_server(settings: Settings) -> ServerRecord | None:
    """Where the server that has this database says it answers."""
    if settings.sqlite_path is not None:
        return await ServerRecordFile(settings.sqlite_path).find()
    async with opened_storage(settings, write=False) as storage:
        return await ServerRecordNote(storage).find()


async def serve_site(
    wired: Wired, listener: socket.socket, metrics: Metrics, clock: SteadyTime, started: Callable[[str], None]
) -> None:
    """Loads the board and serves it on a listening socket until the process is told to stop.

    `clock` is what the ladder's own is made of.
    """
    sys.setswitchinterval(THREAD_SWITCH_SECONDS)
    ladder, pool, settings, hold = wired.ladder, wired.pool, wired.settings, _hold_of(wired.storage)
    address = address_of(listener)
    given = settings.admin_token
    token = secrets.token_urlsafe(32) if given is None else given.get_secret_value()
    hub = BoardHub(ladder.leaderboard, ladder.clock.now_us, listeners_per_address=settings.streams_per_address)
    door = _door_rules(settings)
    metrics.observe_pool(pool.health)
    workers = site_workers(wired)
    deadlines = DeadlineLoop(ladder.lifecycle, ladder.served, clock)
    hub.follow(ladder)
    deadlines.follow(ladder.bus)
    await ladder.store.load()
    _leave_alone_what_stays()
    record = ServerRecord(address=address, token=token)
    bot = Bot(ladder, settings)
    async with Parts() as parts:

        async def on_started() -> None:
            _leave_alone_what_stays()  # the web application and the bot, with the libraries that they are made of
            await parts.start(Address(_records(wired.storage, settings), record), ReplayReading(pool, workers))
            _log.info("site_started", address=address, game=ladder.catalog.code)
            started(address)

        await parts.start(
            Writes(ladder.unit_of_work),
            Running("deadlines", deadlines.run),
            Running("departures", DeparturePruning(ladder.players).run),
            bot,
        )
        await serve(
            _app(wired, hub, workers, token, metrics, bot, door),
            listener,
            close_streams=hub.close,
            started=on_started,
            limits=ConnectionLimits(connections_per_address=door.connections_per_address),
            proxies=door.proxies,
            ending=hold.lost,
        )
    _log.info("site_stopped")
    if hold.lost.done():
        raise hold.lost.result()


def _hold_of(storage: AnyStorage) -> WriterHold:
    if storage.hold is None:
        raise StorageUnavailable("The database was opened for reading only.", "read_only")
    return storage.hold


def _records(storage: AnyStorage, settings: Settings) -> ServerRecords:
    path = settings.sqlite_path
    return ServerRecordNote(storage) if path is None else ServerRecordFile(path)


def _door_rules(settings: Settings) -> DoorRules:
    return DoorRules(
        proxies=TrustedProxies(settings.trusted_proxies),
        hosts=AllowedHosts(settings.allowed_hosts, site_url=settings.site_url),
        site_url=settings.site_url,
        connections_per_address=settings.connections_per_address,
    )


def _leave_alone_what_stays() -> None:
    """Lets the garbage collector look once more; doing so again and again would stall the event loop."""
    gc.collect()
    gc.freeze()


def _app(
    wired: Wired,
    hub: BoardHub,
    workers: SiteWorkers,
    token: str,
    metrics: Metrics,
    bot: Bot,
    door: DoorRules,
) -> FastAPI:
    ladder, pool, storage = wired.ladder, wired.pool, wired.storage
    store, catalog = ladder.store, ladder.catalog

    def health() -> dict[str, object]:
        replays, discord = pool.health(), bot.status
        reads_late = workers.is_degraded and not replays.sandbox_is_refused  # those wait for another system
        in_touch = storage.is_in_touch
        serves = in_touch and replays.can_start and not (store.is_stale or reads_late)
        is_well = serves and replays.status != "degraded" and discord in ("off", "connected")
        return {
            "status": "ok" if is_well else "degraded",
            "serves": serves,  # Discord being away, or a kernel without Landlock, is nothing that a restart would mend
            "game": catalog.code,
            "database": "ok" if in_touch else "not in touch",
            "entries": store.board.entries,
            "ranked": len(store.board),
            "replays": {"status": replays.status, "sandbox": replays.sandbox},
            "jobs": workers.health(),
            "discord": discord,
        }

    def rendered() -> tuple[bytes, str]:
        metrics.show_jobs(workers.stats, oldest_ready_seconds=workers.oldest_ready_seconds)
        return metrics.render(ranked_entries=len(store.board))

    return create_app(
        ladder,
        hub=hub,
        upload_limits=UploadLimits(bytes_max=ladder.replay_bytes_max),
        admin_token=token,
        health=health,
        metrics=rendered,
        pool_health=pool.health,
        door=door,
    )
