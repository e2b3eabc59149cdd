"""A ladder as an organiser has it, on whatever storage is below: what leaving and coming back are tested on."""

from dataclasses import dataclass

from tests.support.fakes.ladder import FakeBackups, FakeClock, departures
from tests.support.fakes.matches import match_parts
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.countries import load_countries
from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.matches.match_history import MatchHistory
from toprung.application.organising.admin_service import AdminService
from toprung.application.players.account_service import AccountService
from toprung.application.players.player_dossier import PlayerDossiers
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.storage import AuditRow, Storage
from toprung.application.ratings.rating_adjustment import RatingAdjustment
from toprung.application.ratings.season_service import SeasonService
from toprung.application.ratings.verification import LadderVerification
from toprung.application.transfer.entry_file import EntryFileReader
from toprung.application.transfer.game_file import GameFileReader
from toprung.application.transfer.import_service import ImportService
from toprung.application.writing.audit import LISTED_MAX, Attribution, AuditLog
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.board_table import BoardTable
from toprung.domain.matches.match import MatchId, Outcome
from toprung.domain.matches.match_life import Step
from toprung.domain.players.departure import Departure
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player
from toprung.domain.ratings.certainty import CertaintyByGames
from toprung.domain.ratings.rating import Elo
from toprung.domain.ratings.rating_engine import EloEngine

CATALOG = load_catalog(find_game("sc_evo"))
EVE = Attribution(actor="cli:eve", reason="as asked")
ANN, BOB = 2**62, 7


@dataclass(frozen=True)
class Office:
    """A ladder as an organiser has it, and the accounts of its players."""

    storage: Storage
    clock: FakeClock
    admin: AdminService
    players: PlayerService
    accounts: AccountService
    dossiers: PlayerDossiers
    audit: AuditLog
    store: DataAccessService
    verification: LadderVerification

    async def rows(self) -> list[AuditRow]:
        return await self.audit.latest(LISTED_MAX)

    async def player(self, discord_id: int) -> Player:
        own = await self.accounts.find(discord_id)
        assert own is not None
        return own.player

    async def departures(self) -> list[Departure]:
        return await self.storage.read(lambda tx: tx.departures.all())

    async def abandoned(self, first: str, second: str) -> MatchId:
        """A match that the second one aborted."""
        races = (first, "bw_zerg"), (second, "sc2_zerg")
        match_id = await self.admin.open_match(*races, key=None, map_name=None, by=EVE)
        await self.admin.act_on_match(match_id, second, Step.ABORT, by=EVE)
        return match_id

    async def won(self, first: str, second: str) -> MatchId:
        """A match that the first one won."""
        races = (first, "bw_zerg"), (second, "sc2_zerg")
        match_id = await self.admin.open_match(*races, key=None, map_name=None, by=EVE)
        for name in (first, second):
            await self.admin.act_on_match(match_id, name, Step.CONFIRM, by=EVE)
        await self.admin.act_on_match(match_id, second, Step.REPORT, Outcome.LOSS, by=EVE)
        return match_id

    async def played(self, first: str, second: str) -> MatchId:
        """A match that the first one won, corrected to void: every way in which the audit hears of players."""
        match_id = await self.won(first, second)
        await self.admin.correct_match(match_id, None, reason=EVE.reason, actor=EVE.actor)
        return match_id


def open_office(storage: Storage) -> Office:
    """An office on a storage."""
    clock, bus, name_keys = FakeClock(), EventBus(), NameKeys({})
    unit_of_work = UnitOfWork(storage, bus)
    engine, countries = EloEngine(Elo()), load_countries(CATALOG.common_countries)
    parts = match_parts(unit_of_work, catalog=CATALOG, clock=clock, backups=FakeBackups())
    leaving = departures(name_keys, CATALOG)
    players = PlayerService(
        unit_of_work=unit_of_work,
        catalog=CATALOG,
        countries=countries,
        name_keys=name_keys,
        clock=clock,
        steps=parts.steps,
        departures=leaving,
    )
    codes = sorted(countries.codes)
    store = DataAccessService(
        storage,
        clock,
        lambda: Board(races=CATALOG.race_codes, countries=codes, inactivity_us=None, certainty=CertaintyByGames()),
    )
    bus.subscribe(store.on_changes)
    imports = ImportService(
        unit_of_work=unit_of_work,
        match_service=parts.matches,
        backups=FakeBackups(),
        clock=clock,
        engine=engine,
        entry_files=EntryFileReader(catalog=CATALOG, countries=countries, name_keys=name_keys),
        game_files=GameFileReader(catalog=CATALOG, name_keys=name_keys),
        departures=leaving,
    )
    return Office(
        storage=storage,
        clock=clock,
        players=players,
        store=store,
        dossiers=PlayerDossiers(
            unit_of_work=unit_of_work,
            players=players,
            matches=MatchHistory(unit_of_work=unit_of_work, name_keys=name_keys),
            catalog=CATALOG,
            clock=clock,
            departures=leaving,
        ),
        verification=LadderVerification(
            unit_of_work=unit_of_work,
            store=store,
            clock=clock,
            engine=engine,
            new_table=lambda: BoardTable(CATALOG.race_codes, codes),
            inactivity_us=None,
        ),
        admin=AdminService(
            imports=imports,
            mods=None,  # type: ignore[arg-type]  # nor approves mods
            players=players,
            ratings=parts.ratings,
            lifecycle=parts.lifecycle,
            adjustment=RatingAdjustment(unit_of_work=unit_of_work, catalog=CATALOG, clock=clock, engine=engine),
            seasons=SeasonService(unit_of_work=unit_of_work, clock=clock, engine=engine),
        ),
        accounts=AccountService(
            unit_of_work=unit_of_work,
            clock=clock,
            catalog=CATALOG,
            countries=countries,
            name_keys=name_keys,
            departures=leaving,
        ),
        audit=AuditLog(unit_of_work=unit_of_work),
    )


async def join(office: Office, discord_id: int, name: str) -> None:
    await office.accounts.answer(
        discord_id,
        language="en",
        accepts_terms=True,
        name=name,
        in_game_name="x#1",
        country="KR",
        region="KRJ",
    )
    await office.accounts.finish(discord_id)
