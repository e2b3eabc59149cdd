"""Leaving the ladder: what of a person goes, and what of the organisers' audit stays, on every database."""

import json
from dataclasses import replace

import pytest

from tests.contracts.office import ANN, BOB, EVE, Office, join, open_office
from toprung.application.organising.match_operations import OpenMatch
from toprung.application.organising.player_operations import (
    BanPlayer,
    PardonPlayer,
    RenamePlayer,
    SetCountry,
    UnbanPlayer,
)
from toprung.application.organising.rating_operations import SetRating
from toprung.application.players.account_service import InOpenMatch, NotSetUp
from toprung.application.ports.storage import Storage

pytest_plugins = ("tests.support.databases",)


@pytest.fixture
def office(storage: Storage) -> Office:
    return open_office(storage)


async def test_the_audit_keeps_what_was_done_without_the_names_of_who_left(office: Office) -> None:
    await join(office, ANN, "Annika")
    await join(office, BOB, "Bobbin")
    for before, after in (("Annika", "별빛"), ("별빛", "Annalena"), ("Bobbin", "Annika"), ("Annika", "별빛")):
        await office.admin.perform(
            RenamePlayer(name=before, new_name=after, by=EVE)
        )  # the second one now has both names of the first
    await office.played("Annalena", "별빛")
    await office.admin.perform(SetCountry(name="Annalena", country="DE", by=EVE))
    await office.admin.perform(BanPlayer(name="Annalena", by=EVE))
    await office.admin.perform(UnbanPlayer(name="Annalena", by=EVE))
    await office.admin.perform(PardonPlayer(name="Annalena", by=EVE))
    await office.admin.perform(SetRating(name="Annalena", race="bw_zerg", mmr=1800, by=EVE))
    rows = await office.rows()
    assert len(rows) == 16
    await office.accounts.forget(ANN)
    left = await office.rows()
    gone = json.dumps({"before": "Deleted player 1", "after": "Deleted player 1"})
    assert left == [
        replace(row, details=gone) if (row.action, row.subject) == ("rename", "player 1") else row for row in rows
    ]
    assert [row.details for row in left].count(gone) == 2
    assert [json.loads(row.details) for row in left if (row.action, row.subject) == ("rename", "player 2")] == [
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
    await office.admin.perform(RenamePlayer(name="Annika", new_name="Annalena", by=EVE))
    await office.admin.perform(
        OpenMatch(player_1="Annalena", race_1="bw_zerg", player_2="Bobbin", race_2="bw_zerg", by=EVE)
    )
    before = await office.rows()
    with pytest.raises(InOpenMatch):
        await office.accounts.forget(ANN)
    assert await office.rows() == before
