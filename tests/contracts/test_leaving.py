"""Leaving the ladder: what of a person goes, and what of the organisers' audit stays, on every database."""

import json
from dataclasses import dataclass, replace

import pytest

from tests.fake_matches import match_parts
from tests.fakes import FakeBackups, FakeClock
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.countries import load_countries
from toprung.application.audit import LISTED_MAX, Attribution, AuditLog
from toprung.application.event_bus import EventBus
from toprung.application.organising.admin_service import AdminService
from toprung.application.players.account_service import AccountService, InOpenMatch, NotSetUp
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.storage import AuditRow, Storage
from toprung.application.ratings.rating_adjustment import RatingAdjustment
from toprung.application.ratings.season_service import SeasonService
from toprung.application.unit_of_work import UnitOfWork
from toprung.domain.match import MatchId, Outcome
from toprung.domain.match_life import Step
from toprung.domain.names import NameKeys
from toprung.domain.rating import Elo
from toprung.domain.rating_engine import EloEngine

pytest_plugins = ("tests.databases",)

CATALOG = load_catalog(find_game("sc_evo"))
EVE = Attribution(actor="cli:eve", reason="as asked")
ANN, BOB = 2**62, 7


@dataclass(frozen=True)
class Office:
    """A ladder as an organiser has it, and the accounts of its players."""

    admin: AdminService
    accounts: AccountService
    audit: AuditLog

    async def rows(self) -> list[AuditRow]:
        return await self.audit.latest(LISTED_MAX)

    async def played(self, first: str, second: str) -> MatchId:
        """A match that the first one won, corrected to a draw: every way in which the audit hears of players."""
        races = (first, "bw_zerg"), (second, "sc2_zerg")
        match_id = await self.admin.open_match(*races, key=None, map_name=None, by=EVE)
        for name in (first, second):
            await self.admin.act_on_match(match_id, name, Step.CONFIRM, by=EVE)
        await self.admin.act_on_match(match_id, second, Step.REPORT, Outcome.LOSS, by=EVE)
        await self.admin.correct_match(match_id, None, reason=EVE.reason, actor=EVE.actor)
        return match_id


@pytest.fixture
def office(storage: Storage) -> Office:
    clock, unit_of_work, name_keys = FakeClock(), UnitOfWork(storage, EventBus()), NameKeys({})
    engine, countries = EloEngine(Elo()), load_countries(CATALOG.common_countries)
    parts = match_parts(unit_of_work, catalog=CATALOG, clock=clock, backups=FakeBackups())
    players = PlayerService(
        unit_of_work=unit_of_work,
        catalog=CATALOG,
        countries=countries,
        name_keys=name_keys,
        clock=clock,
        steps=parts.steps,
    )
    return Office(
        admin=AdminService(
            imports=None,  # type: ignore[arg-type]  # nobody imports here
            mods=None,  # type: ignore[arg-type]  # nor approves mods
            players=players,
            ratings=parts.ratings,
            lifecycle=parts.lifecycle,
            adjustment=RatingAdjustment(unit_of_work=unit_of_work, catalog=CATALOG, clock=clock, engine=engine),
            seasons=SeasonService(unit_of_work=unit_of_work, clock=clock, engine=engine),
        ),
        accounts=AccountService(
            unit_of_work=unit_of_work, clock=clock, catalog=CATALOG, countries=countries, name_keys=name_keys
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


async def test_the_audit_keeps_what_was_done_without_the_names_of_who_left(office: Office) -> None:
    await join(office, ANN, "Annika")
    await join(office, BOB, "Bobbin")
    for before, after in (("Annika", "별빛"), ("별빛", "Annalena"), ("Bobbin", "Annika"), ("Annika", "별빛")):
        await office.admin.rename_player(before, after, EVE)  # the second one now has both names of the first
    await office.played("Annalena", "별빛")
    await office.admin.set_country("Annalena", "DE", EVE)
    await office.admin.ban_player("Annalena", EVE)
    await office.admin.unban_player("Annalena", EVE)
    await office.admin.pardon_player("Annalena", EVE)
    await office.admin.set_rating("Annalena", "bw_zerg", 1800, reason=EVE.reason, actor=EVE.actor)
    rows = await office.rows()
    assert len(rows) == 14
    await office.accounts.forget(ANN)
    left = await office.rows()
    gone = json.dumps({"before": "Deleted player 1", "after": "Deleted player 1"})
    assert left == [
        replace(row, details=gone) if (row.action, row.subject) == ("rename", "player 1") else row for row in rows
    ]
    assert [row.details for row in left].count(gone) == 2
    assert [json.loads(row.details) for row in left if row.subject == "player 2"] == [
        {"before": "Annika", "after": "별빛"},
        {"before": "Bobbin", "after": "Annika"},
    ]
    with pytest.raises(NotSetUp):
        await office.accounts.forget(ANN)
    await office.accounts.forget(BOB)
    kept = json.dumps([json.loads(row.details) for row in await office.rows()], ensure_ascii=False)
    assert not [name for name in ("Annika", "Annalena", "Bobbin", "별빛") if name in kept]


async def test_who_may_not_leave_yet_stays_in_the_audit_as_well(office: Office) -> None:
    await join(office, ANN, "Annika")
    await join(office, BOB, "Bobbin")
    await office.admin.rename_player("Annika", "Annalena", EVE)
    await office.admin.open_match(("Annalena", "bw_zerg"), ("Bobbin", "bw_zerg"), key=None, map_name=None, by=EVE)
    before = await office.rows()
    with pytest.raises(InOpenMatch):
        await office.accounts.forget(ANN)
    assert await office.rows() == before
