"""Changing what a ladder is rated by: the whole log comes out as if it had been so from the start, and comes back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.application.ratings.rated_seasons import (
    NAMES,
    correct,
    entries,
    join,
    no_progress,
    page_of,
    play,
    season,
    tables,
    the_board_is_as_stored,
    verified,
)
from tests.support.databases import Database, OpenLadder, opened_ladder
from toprung.application.ratings.system_service import SystemChange
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import InvalidInput
from toprung.domain.matches.match import MatchResult
from toprung.domain.ratings.rating import Entry
from toprung.domain.ratings.rating_system import rating_system

pytest_plugins = ("tests.support.databases",)

EVE: Final = Attribution(actor="admin Eve", reason="measured on our own games")
CHANGES: Final = [
    ("glicko2", "elo", {}),
    ("elo", "glicko2", {}),
    ("glicko2", "glicko2", {"start_deviation": 200.0, "start_volatility": 0.02, "tau": 0.3}),
    ("elo", "elo", {"k_factor": 17, "start_mmr": 1000}),
    ("glicko2", "linked", {}),
    ("elo", "linked", {"experience_rise": 0.0}),
    ("linked", "glicko2", {}),
    ("linked", "linked", {"strength_spread": 120.0, "race_spread": 60.0, "game_noise": 0.0}),
]


@pytest.fixture(params=CHANGES, ids=lambda change: f"{change[0]} to {change[1]} {len(change[2])}")
async def opened(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[OpenLadder]:
    """A season of games by the first system."""
    async with opened_ladder(database, rating_system=request.param[0], inactivity_days="off") as found:
        await join(found, *NAMES)
        await play(found, season())
        yield found


@pytest.fixture
def wanted(request: pytest.FixtureRequest) -> tuple[str, dict[str, float]]:
    """The system that is changed to, with what is not usual of it."""
    _, code, constants = request.node.callspec.params["opened"]
    return code, constants


async def change(opened: OpenLadder, code: str, constants: dict[str, float]) -> SystemChange:
    return await opened.ladder.systems.change(code, constants, no_progress, EVE)


async def rated_so_from_the_start(folder: Path, code: str, constants: dict[str, float]) -> list[Entry]:
    """The entries of a ladder that was rated so before its first game."""
    path = folder / "from-the-start.db"
    async with opened_ladder(Database("sqlite", f"sqlite:///{path}"), inactivity_days="off") as opened:
        if rating_system(code, constants) != rating_system("linked"):
            await change(opened, code, constants)
        await join(opened, *NAMES)
        await play(opened, season())
        return await entries(opened)


async def test_all_comes_out_as_if_it_had_been_so_from_the_start(
    opened: OpenLadder, database: Database, wanted: tuple[str, dict[str, float]], tmp_path: Path
) -> None:
    before = {entry.id: entry.mmr for entry in await entries(opened)}
    foreseen = await opened.ladder.systems.preview(*wanted)
    assert {entry.id: entry.mmr for entry in await entries(opened)} == before, "a preview changes nothing"
    done = await change(opened, *wanted)
    assert done == foreseen
    after = await entries(opened)
    assert after == await rated_so_from_the_start(tmp_path, *wanted)
    moved = {move.entry_id: (move.mmr_before, move.mmr_after) for move in done.moves}
    assert moved == {one.id: (before[one.id], one.mmr) for one in after if one.mmr != before[one.id]}
    assert moved
    gaps = [abs(move.mmr_after - move.mmr_before) for move in done.moves]
    assert gaps == sorted(gaps, reverse=True)
    await the_board_is_as_stored(opened, database)
    assert await verified(opened) == []


async def test_it_can_be_undone_to_the_last_bit(
    opened: OpenLadder, database: Database, wanted: tuple[str, dict[str, float]]
) -> None:
    before, page = await entries(opened), await page_of(opened)
    (first,) = await opened.ladder.systems.all()
    await change(opened, *wanted)
    done = await change(opened, first.system.code, dict(first.system.constants))
    assert done.version == 3
    assert await entries(opened) == before
    assert (await page_of(opened)).players == page.players
    await the_board_is_as_stored(opened, database)
    assert await verified(opened) == []


async def test_what_follows_is_rated_by_it(
    opened: OpenLadder, database: Database, wanted: tuple[str, dict[str, float]], tmp_path: Path
) -> None:
    await change(opened, *wanted)
    await correct(opened, 1, MatchResult.DRAW)
    await opened.ladder.ratings.recompute(no_progress)
    corrected = await entries(opened)
    assert await verified(opened) == []
    async with opened_ladder(Database("sqlite", f"sqlite:///{tmp_path / 'other.db'}"), inactivity_days="off") as other:
        if rating_system(*wanted) != rating_system("linked"):
            await change(other, *wanted)
        await join(other, *NAMES)
        await play(other, season())
        await correct(other, 1, MatchResult.DRAW)
        assert await entries(other) == corrected
    await the_board_is_as_stored(opened, database)


async def test_it_outlives_a_restart(
    opened: OpenLadder, database: Database, wanted: tuple[str, dict[str, float]]
) -> None:
    await change(opened, *wanted)
    async with opened_ladder(database, read_only=True, inactivity_days="off") as again:
        assert await page_of(again) == await page_of(opened)
        assert [one.system for one in await again.ladder.systems.all()][-1] == rating_system(*wanted)


async def test_the_audit_says_who_changed_what_and_why(
    opened: OpenLadder, database: Database, wanted: tuple[str, dict[str, float]]
) -> None:
    (before,) = await opened.ladder.systems.all()
    done = await change(opened, *wanted)
    kept = "select actor, reason, subject, details from audit where action = 'change_rating_system'"
    ((actor, reason, subject, told),) = await database.run(kept)
    assert (actor, reason, subject) == (EVE.actor, EVE.reason, "ladder")
    details = json.loads(told)
    assert details["version"] == 2
    assert (details["before"], details["constants_before"]) == (before.system.code, before.system.constants)
    assert (details["after"], details["constants_after"]) == (done.system, done.constants)


@pytest.mark.parametrize("opened", CHANGES[:1], indirect=True)
async def test_what_cannot_be_is_refused_and_changes_nothing(opened: OpenLadder, database: Database) -> None:
    stored = await tables(database)
    for code, constants, by, said in (
        ("trueskill", {}, EVE, "no rating system"),
        ("elo", {"tau": 1.0}, EVE, "no constant 'tau'"),
        ("elo", {"k_factor": 0.0}, EVE, "k_factor must be a whole number from 1 to 1000"),
        ("glicko2", {}, EVE, "already; there is nothing to do"),
        ("elo", {}, Attribution(actor="admin Eve"), "needs a reason"),
    ):
        with pytest.raises(InvalidInput, match=said):
            await opened.ladder.systems.change(code, constants, no_progress, by)
    assert await tables(database) == stored
