"""Opening a ladder and wiring its parts."""

import asyncio
import hashlib
import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

from toprung.adapters.catalog_files import GAMES_FOLDER, find_game, load_catalog
from toprung.adapters.confusables import load_prototypes
from toprung.adapters.countries import CountryNames, load_countries
from toprung.adapters.replays.reading import decode_reading
from toprung.adapters.storage.postgres.postgres import PostgresStorage
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.application.jobs.job_queue import JobHistory
from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.leaderboard.leaderboard_history import LeaderboardHistory
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.application.matches.match_history import MatchHistory
from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.matches.match_rating import MatchRater
from toprung.application.matches.match_service import MatchService
from toprung.application.matches.match_steps import MatchSteps, Reach
from toprung.application.matches.served_time import ServedTime
from toprung.application.organising.admin_service import AdminService
from toprung.application.players.departures import Departures
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Backups, Transaction
from toprung.application.ratings.rating_adjustment import RatingAdjustment
from toprung.application.ratings.rating_quality import RatingQualityService
from toprung.application.ratings.rating_service import RatingService
from toprung.application.ratings.season_service import SeasonService
from toprung.application.ratings.verification import LadderVerification
from toprung.application.replays.replay_mods import ReplayMods
from toprung.application.replays.replay_service import ReplayHistory
from toprung.application.services import Services
from toprung.application.transfer.entry_file import EntryFileReader
from toprung.application.transfer.export_service import ExportService
from toprung.application.transfer.game_file import GameFileReader
from toprung.application.transfer.import_service import ImportService
from toprung.application.writing.audit import AuditLog
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, GameMismatch
from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.board_table import BoardTable
from toprung.domain.players.countries import Countries
from toprung.domain.players.names import NameKeys
from toprung.domain.ratings.certainty import Certainty, CertaintyByDeviation, CertaintyByGames
from toprung.domain.ratings.glicko2 import Glicko2
from toprung.domain.ratings.rating import Elo
from toprung.domain.ratings.rating_engine import EloEngine, Glicko2Engine, RatingEngine
from toprung.settings import Settings

DEFAULT_GAME: Final = "sc_evo"
DEFAULT_RATING_SYSTEM: Final = "glicko2"
FIRST_RATING_SYSTEM: Final = "elo"
"""What a ladder has that was made when there was no other, and so has no note of it."""

AnyStorage = SqliteStorage | PostgresStorage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A ladder's parts, wired."""

    settings: Settings
    services: Services
    store: DataAccessService
    bus: EventBus
    unit_of_work: UnitOfWork
    players: PlayerService
    matches: MatchService
    lifecycle: MatchLifecycle
    steps: MatchSteps
    served: ServedTime
    clock: Clock
    name_keys: NameKeys
    departures: Departures


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
            f"This database holds a ladder of {recorded}, not of {catalog.code}. Leave --game away, or name another "
            "database."
        )
    return catalog


def game_catalog(settings: Settings) -> Catalog:
    """The catalogue of the game that is asked for, where no ladder is opened that could remember its own."""
    return _catalog(settings.game, None, settings.games_folder)


async def wire(
    settings: Settings, storage: AnyStorage, clock: Clock, observe_read_seconds: Callable[[float], None]
) -> Ladder:
    """The parts of a ladder on a storage; a new database learns here what it is. Raises what `Builder` raises.

    Where it may write, it first gives back the time that nobody was served: whoever has the parts may act on deadlines.
    """
    database_id, catalog, engine, certainty = await _identity(settings, storage)
    countries = load_countries(settings.common_countries or catalog.common_countries)
    name_keys = NameKeys(load_prototypes())
    races, codes = catalog.race_codes, sorted(countries.codes)

    def new_board() -> Board:
        return Board(races=races, countries=codes, inactivity_us=settings.inactivity_us, certainty=certainty)

    bus = EventBus()
    storage.on_renewed(bus.publish_gap)
    unit_of_work = UnitOfWork(storage, bus)
    departures = Departures(name_keys=name_keys, catalog=catalog, new_key=secrets.token_bytes)
    played = _match_parts(settings, unit_of_work, storage, catalog, clock, engine)
    served = ServedTime(
        unit_of_work=unit_of_work, clock=clock, rules=settings.match_rules, challenge_us=settings.challenge_us
    )
    if not storage.is_read_only:
        await served.resume()
    parts = _Parts(
        settings=settings,
        storage=storage,
        clock=clock,
        catalog=catalog,
        countries=countries,
        name_keys=name_keys,
        engine=engine,
        certainty=certainty,
        unit_of_work=unit_of_work,
        store=DataAccessService(storage, clock, new_board),
        new_table=lambda: BoardTable(races, codes),
        players=PlayerService(
            unit_of_work=unit_of_work,
            catalog=catalog,
            countries=countries,
            name_keys=name_keys,
            clock=clock,
            steps=played.steps,
            departures=departures,
        ),
        departures=departures,
        played=played,
    )
    return Ladder(
        settings=settings,
        services=_services(parts, _leaderboard(parts, observe_read_seconds), database_id),
        store=parts.store,
        bus=bus,
        unit_of_work=unit_of_work,
        players=parts.players,
        matches=played.matches,
        lifecycle=played.lifecycle,
        steps=played.steps,
        served=served,
        clock=clock,
        name_keys=name_keys,
        departures=departures,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the use cases are made of."""

    settings: Settings
    storage: AnyStorage
    clock: Clock
    catalog: Catalog
    countries: Countries
    name_keys: NameKeys
    engine: RatingEngine
    certainty: Certainty
    unit_of_work: UnitOfWork
    store: DataAccessService
    new_table: Callable[[], BoardTable]
    players: PlayerService
    departures: Departures
    played: "_MatchParts"


def _leaderboard(parts: _Parts, observe_read_seconds: Callable[[float], None]) -> LeaderboardService:
    history = LeaderboardHistory(
        unit_of_work=parts.unit_of_work,
        store=parts.store,
        clock=parts.clock,
        new_table=parts.new_table,
        inactivity_us=parts.settings.inactivity_us,
        certainty=parts.certainty,
    )
    return LeaderboardService(
        store=parts.store,
        clock=parts.clock,
        catalog=parts.catalog,
        countries=parts.countries,
        inactivity_us=parts.settings.inactivity_us,
        history=history,
        observe_read_seconds=observe_read_seconds,
    )


def _services(parts: _Parts, leaderboard: LeaderboardService, database_id: str | None) -> Services:
    settings, clock, engine, played = parts.settings, parts.clock, parts.engine, parts.played
    unit_of_work, catalog, countries = parts.unit_of_work, parts.catalog, parts.countries
    seasons = SeasonService(unit_of_work=unit_of_work, clock=clock, engine=engine)
    imports = ImportService(
        unit_of_work=unit_of_work,
        match_service=played.matches,
        backups=parts.storage,
        clock=clock,
        engine=engine,
        entry_files=EntryFileReader(catalog=catalog, countries=countries, name_keys=parts.name_keys),
        game_files=GameFileReader(catalog=catalog, name_keys=parts.name_keys),
        departures=parts.departures,
    )
    mods = ReplayMods(unit_of_work=unit_of_work, clock=clock, decode=partial(decode_reading, catalog=catalog))
    board_settings = f"{database_id} {settings.inactivity_us} {' '.join(countries.common)}"
    return Services(
        leaderboard=leaderboard,
        exports=ExportService(unit_of_work=unit_of_work),
        rating_quality=RatingQualityService(unit_of_work=unit_of_work),
        ratings=played.ratings,
        replays=ReplayHistory(unit_of_work=unit_of_work, name_keys=parts.name_keys),
        mods=mods,
        jobs=JobHistory(unit_of_work=unit_of_work, clock=clock),
        matches=MatchHistory(unit_of_work=unit_of_work, name_keys=parts.name_keys),
        seasons=seasons,
        verification=LadderVerification(
            unit_of_work=unit_of_work,
            store=parts.store,
            clock=clock,
            engine=engine,
            new_table=parts.new_table,
            inactivity_us=settings.inactivity_us,
        ),
        administration=AdminService(
            imports=imports,
            players=parts.players,
            ratings=played.ratings,
            lifecycle=played.lifecycle,
            adjustment=RatingAdjustment(unit_of_work=unit_of_work, catalog=catalog, clock=clock, engine=engine),
            seasons=seasons,
            mods=mods,
        ),
        audit=AuditLog(unit_of_work=unit_of_work),
        catalog=catalog,
        countries=countries,
        country_names=CountryNames(),
        inactivity_days=None if settings.inactivity_days == "off" else settings.inactivity_days,
        board_fingerprint=hashlib.sha256(board_settings.encode()).hexdigest()[:8],
    )


async def _identity(settings: Settings, storage: AnyStorage) -> tuple[str | None, Catalog, RatingEngine, Certainty]:
    """The database's id, its game and its rating system; a new one is given them."""
    recorded, database_id, recorded_system = await storage.read(
        lambda tx: (tx.note("game"), tx.note("database_id"), tx.note("rating_system"))
    )
    if database_id is not None and recorded_system is None:
        recorded_system = FIRST_RATING_SYSTEM
    catalog = _catalog(settings.game, recorded, settings.games_folder)
    if database_id is None and not storage.is_read_only:
        database_id = uuid4().hex
        await storage.write(_remember("game", catalog.code))
        await storage.write(_remember("rating_system", settings.rating_system or DEFAULT_RATING_SYSTEM))
        await storage.write(_remember("database_id", database_id))
    return database_id, catalog, *_rating_system(settings.rating_system, recorded_system)


@dataclass(frozen=True, slots=True, kw_only=True)
class _MatchParts:
    steps: MatchSteps
    matches: MatchService
    lifecycle: MatchLifecycle
    ratings: RatingService


def _match_parts(
    settings: Settings,
    unit_of_work: UnitOfWork,
    backups: Backups,
    catalog: Catalog,
    clock: Clock,
    engine: RatingEngine,
) -> _MatchParts:
    rater = MatchRater(engine)
    steps = MatchSteps(
        rater=rater, rules=settings.match_rules, penalties=settings.penalty_rules, can_reach=_reach(settings)
    )
    return _MatchParts(
        steps=steps,
        matches=MatchService(unit_of_work=unit_of_work, catalog=catalog, clock=clock, rater=rater),
        lifecycle=MatchLifecycle(
            unit_of_work=unit_of_work,
            catalog=catalog,
            clock=clock,
            steps=steps,
            choose=random.SystemRandom().choice,
        ),
        ratings=RatingService(
            unit_of_work=unit_of_work, backups=backups, clock=clock, engine=engine, rater=rater, steps=steps
        ),
    )


def _reach(settings: Settings) -> Reach:
    """Only the bot tells players anything, and only those whose Discord account is known."""
    has_bot = settings.discord_token is not None
    return lambda player: has_bot and player.discord_id is not None


def _rating_system(wanted: str | None, recorded: str | None) -> tuple[RatingEngine, Certainty]:
    """How this ladder rates, and what it says of how sure that is.

    Raises `Conflict` where another system is asked for than the ladder has.
    """
    if wanted is not None and recorded is not None and wanted != recorded:
        raise Conflict(f"This ladder is rated by {recorded}, not by {wanted}; leave TOPRUNG_RATING_SYSTEM away.")
    if (recorded or wanted or DEFAULT_RATING_SYSTEM) == "glicko2":
        system = Glicko2()
        return Glicko2Engine(system), CertaintyByDeviation(system)
    return EloEngine(Elo()), CertaintyByGames()


def _remember(name: str, value: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.set_note(name, value)
