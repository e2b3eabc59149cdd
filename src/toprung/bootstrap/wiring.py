"""Opening a ladder: its storage, its game, and what is behind its ports."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

from toprung.adapters.boot_clock import SystemBootClock
from toprung.adapters.catalog_files import GAMES_FOLDER, find_game, load_catalog
from toprung.adapters.confusables import load_prototypes
from toprung.adapters.countries import CountryNames, load_countries
from toprung.adapters.replays.pool.children import ChildLimits
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.adapters.replays.reading import decode_reading
from toprung.adapters.replays.replay_archive import ReplayFolder
from toprung.adapters.storage.postgres.postgres import PostgresStorage
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.application.ladder import Ladder
from toprung.application.matches.match_steps import Reach
from toprung.application.ports.clock import Clock
from toprung.application.ports.replays import ReplayParser
from toprung.application.ports.storage import Transaction
from toprung.application.replays.replay_service import IntakeLimits
from toprung.bootstrap.ports import Ports, Rules
from toprung.bootstrap.use_cases import compose
from toprung.domain.errors import Conflict, GameMismatch
from toprung.domain.game.catalog import Catalog
from toprung.domain.players.names import NameKeys
from toprung.domain.ratings.rating_system import RatingSystem, rating_system
from toprung.settings import Settings

DEFAULT_GAME: Final = "sc_evo"
DEFAULT_RATING_SYSTEM: Final = "linked"

AnyStorage = SqliteStorage | PostgresStorage


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """A ladder with what is behind its ports, for those that start and stop it."""

    settings: Settings
    storage: AnyStorage
    ladder: Ladder
    pool: ReplayPool
    archive: ReplayFolder


def new_nonce() -> str:
    """A `NewNonce`: 24 characters, which hold 144 bits that nobody foresees."""
    return secrets.token_urlsafe(18)


@asynccontextmanager
async def opened_storage(settings: Settings, *, write: bool) -> AsyncIterator[AnyStorage]:
    path = settings.sqlite_path
    storage: AnyStorage
    if path is None:
        storage = await (
            PostgresStorage.open_for_writing(settings.database, new_nonce=new_nonce)
            if write
            else PostgresStorage.open_for_reading(settings.database)
        )
    elif write:
        storage = await SqliteStorage.open_for_writing(path, new_nonce=new_nonce, copies_kept=settings.copies_kept)
    else:
        storage = await SqliteStorage.open_for_reading(path)
    try:
        yield storage
    finally:
        await asyncio.shield(storage.close())


def _catalog(wanted: str | None, recorded: str | None, games_folder: Path | None) -> Catalog:
    """The catalogue of the game that is asked for, else of the one that is recorded, else of the default one."""
    folders = (GAMES_FOLDER,) if games_folder is None else (games_folder, GAMES_FOLDER)
    if wanted is not None and ("/" in wanted or Path(wanted).is_dir()):
        catalog = load_catalog(Path(wanted))
    else:
        catalog = load_catalog(find_game(wanted or recorded or DEFAULT_GAME, folders))
    if recorded is not None and catalog.code != recorded:
        raise GameMismatch(
            "This database holds a ladder of {recorded}, not of {wanted}. Name another database.",
            "game",
            recorded=recorded,
            wanted=catalog.code,
        )
    return catalog


def game_catalog(settings: Settings) -> Catalog:
    """The catalogue of the game that is asked for, where no ladder is opened that could remember its own."""
    return _catalog(settings.game, None, settings.games_folder)


async def wire(
    settings: Settings,
    storage: AnyStorage,
    clock: Clock,
    observe_read_seconds: Callable[[float], None],
    *,
    between: Callable[[ReplayParser], ReplayParser] = lambda parser: parser,
) -> Wired:
    """A ladder on a storage; a new database learns here what it is. Raises what `Builder` raises.

    Where it may write, it first gives back the time that nobody was served: whoever has the ladder may act on
    deadlines. The pool is not started. `between` stands between the ladder and its pool, as experiments need it.
    """
    database_id, catalog, system = await _identity(settings, storage, clock)
    countries = load_countries(settings.common_countries or catalog.common_countries)
    pool = ReplayPool(
        workers=settings.replay_workers,
        clock=asyncio.get_running_loop().time,
        limits=ChildLimits(job_seconds_max=settings.replay_seconds_max),
        may_be_unconfined=settings.replays_may_be_unconfined,
    )
    archive = ReplayFolder(settings.replay_archive)
    ports = Ports(
        storage=storage,
        backups=storage,
        clock=clock,
        boot_clock=SystemBootClock(),
        country_names=CountryNames(),
        archive=archive,
        parser=between(pool),
        decode=partial(decode_reading, catalog=catalog),
        choose=random.SystemRandom().choice,
        chance=random.random,
        new_key=secrets.token_bytes,
        instance_id=uuid4().hex,
        observe_read_seconds=observe_read_seconds,
    )
    rules = Rules(
        catalog=catalog,
        countries=countries,
        name_keys=NameKeys(load_prototypes()),
        system=system,
        inactivity_us=settings.inactivity_us,
        challenge_us=settings.challenge_us,
        match=settings.match_rules,
        penalties=settings.penalty_rules,
        replays=settings.replay_policy,
        intake=IntakeLimits(replay_bytes_max=settings.replay_bytes_max),
        watch=settings.watch_limits,
        can_reach=_reach(settings),
        database_id=database_id,
    )
    ladder = compose(ports, rules)
    storage.on_renewed(ladder.bus.publish_gap)
    if not storage.is_read_only:
        await ladder.served.resume()
    return Wired(settings=settings, storage=storage, ladder=ladder, pool=pool, archive=archive)


async def _identity(settings: Settings, storage: AnyStorage, clock: Clock) -> tuple[str | None, Catalog, RatingSystem]:
    """The database's id, its game and what it is rated by; a new one is given them.

    Raises `Conflict` where another rating system is asked for than the ladder has.
    """
    recorded, database_id, systems = await storage.read(
        lambda tx: (tx.notes.get("game"), tx.notes.get("database_id"), tx.systems.all())
    )
    catalog = _catalog(settings.game, recorded, settings.games_folder)
    wanted = settings.rating_system
    system = systems[-1].system if systems else rating_system(wanted or DEFAULT_RATING_SYSTEM)
    if wanted is not None and wanted != system.code:
        raise Conflict(
            "This ladder is rated by {recorded}, not by {wanted}; unset TOPRUNG_RATING_SYSTEM.",
            "rating_system",
            recorded=system.code,
            wanted=wanted,
        )
    if database_id is None and not storage.is_read_only:
        database_id = uuid4().hex
        now_us = clock.now_us()
        await storage.write(_remember("game", catalog.code))
        if not systems:
            await storage.write(lambda tx: tx.systems.add(system, now_us))
        await storage.write(_remember("database_id", database_id))
    return database_id, catalog, system


def _reach(settings: Settings) -> Reach:
    """Only the bot tells players anything, and only those whose Discord account is known."""
    has_bot = settings.discord_token is not None
    return lambda player: has_bot and player.discord_id is not None


def _remember(name: str, value: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.notes.put(name, value)
