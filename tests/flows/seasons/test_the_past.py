"""Ladders on both databases that are played, corrected, adjusted and reset; then looked back at and taken apart."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.seasons.lives import (
    EVE,
    HOUR_US,
    LOST,
    NAMES,
    SYSTEMS,
    WON,
    Corrected,
    Life,
    Played,
    Step,
    lived,
    no_progress,
    page_of,
    some_life,
    steps,
    verified,
)
from tests.support.databases import Database, opened_ladder
from tests.support.fakes.ladder import FakeClock
from toprung.application.organising.player_operations import BanPlayer, RenamePlayer
from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.leaderboard import Movement
from toprung.domain.leaderboard.past import PastMoment, parse_since
from toprung.domain.moment import MICROSECONDS_PER_DAY, to_iso
from toprung.domain.players.player import PlayerId

pytest_plugins = ("tests.support.databases",)


async def test_every_board_there_was_is_found_again_as_it_stood(life: Life, database: Database) -> None:
    async with opened_ladder(database, clock=life.clock, read_only=True) as other:
        for at_us, rows in life.boards:
            past = PastMoment(at_us=at_us)
            assert (await page_of(life.opened, past)).players == rows
            assert (await page_of(other, past)).players == rows


async def test_the_corrected_past_is_that_of_a_ladder_that_was_right_from_the_start(life: Life, tmp_path: Path) -> None:
    numbers = iter(life.results)
    right: list[Step] = []
    for step in some_life():
        if isinstance(step, Played):
            result = next(numbers)
            right.append(replace(step, result=result or WON))
        else:
            right.append(Corrected(99, None) if isinstance(step, Corrected) else step)  # an hour in which nothing is
    assert None not in life.results
    clock = FakeClock()
    path = Database("sqlite", f"sqlite:///{tmp_path / 'right.db'}")
    system = life.opened.wired.settings.rating_system
    async with opened_ladder(path, clock=clock, rating_system=system) as opened:
        other = await lived(opened, clock, right)
    differing = 0
    for (at_us, rows), (_, then) in zip(other.boards, life.boards, strict=True):
        assert (await page_of(life.opened, PastMoment(at_us=at_us, is_corrected=True))).players == rows
        differing += rows != then
    assert differing, "some board of the past was wrong"


@pytest.mark.parametrize("system", SYSTEMS)
@given(life=st.lists(steps, min_size=3, max_size=14))
@settings(max_examples=15)
async def test_any_life_is_found_again_recomputed_and_verified(
    system: str, life: list[Step], tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = FakeClock()
    database = Database("sqlite", f"sqlite:///{tmp_path_factory.mktemp('life') / 'ladder.db'}")
    async with opened_ladder(database, clock=clock, rating_system=system) as opened:
        one = await lived(opened, clock, life)
        for at_us, rows in one.boards:
            assert (await page_of(opened, PastMoment(at_us=at_us))).players == rows
        assert await verified(opened) == []
        before = await database.run("select * from rating_journal"), await database.run("select * from entry")
        assert (await opened.ladder.ratings.recompute(no_progress)).changed == 0
        assert before == (await database.run("select * from rating_journal"), await database.run("select * from entry"))


async def test_a_look_back_sees_no_correction_that_is_written_later(life: Life) -> None:
    at_us = life.clock.now_us()
    life.clock.advance(us=HOUR_US)
    past, corrected = PastMoment(at_us=at_us), PastMoment(at_us=at_us, is_corrected=True)
    before = (await page_of(life.opened, past)).players
    assert (await page_of(life.opened, corrected)).players == before
    await life.take(Corrected(1, LOST if life.results[0] is WON else WON))
    assert (await page_of(life.opened, past)).players == before
    now = (await page_of(life.opened)).players
    assert now != before
    assert [(row.entry_id, row.mmr) for row in (await page_of(life.opened, corrected)).players] == [
        (row.entry_id, row.mmr) for row in now
    ]


async def test_movement_is_the_difference_of_two_boards(life: Life) -> None:
    then_us, then = life.boards[12]
    page = await page_of(life.opened, since=parse_since(to_iso(then_us)))
    ranks = {row.entry_id: row for row in then}
    assert page.movements is not None
    assert page.since_us == then_us
    expected = [
        Movement(places=ranks[row.entry_id].global_rank - row.global_rank, mmr=row.mmr - ranks[row.entry_id].mmr)
        if row.entry_id in ranks
        else None
        for row in page.players
    ]
    assert list(page.movements) == expected
    assert any(movement and movement.places for movement in expected)
    assert None in expected


async def test_movement_may_be_looked_at_between_two_moments_of_the_past(life: Life) -> None:
    (early_us, early), (late_us, late) = life.boards[10], life.boards[20]
    page = await page_of(life.opened, PastMoment(at_us=late_us), parse_since("10h"))
    assert page.since_us == early_us
    assert page.players == late
    ranks = {row.entry_id: row.global_rank for row in early}
    assert page.movements is not None
    for row, movement in zip(page.players, page.movements, strict=True):
        assert (movement is None) == (row.entry_id not in ranks)
        assert movement is None or movement.places == ranks[row.entry_id] - row.global_rank


async def test_inactivity_is_judged_at_the_moment(life: Life) -> None:
    at_us, rows = life.boards[-1]
    life.clock.advance(days=60)
    assert (await page_of(life.opened)).players == ()
    assert (await page_of(life.opened, PastMoment(at_us=at_us))).players == rows


async def test_names_countries_and_bans_are_those_of_today(life: Life) -> None:
    at_us, rows = life.boards[-1]
    life.clock.advance(days=1)
    past = PastMoment(at_us=at_us)
    assert (await page_of(life.opened, past)).players == rows
    await life.opened.ladder.administration.perform(RenamePlayer(name="Ann", new_name="Anna", by=EVE))
    renamed = (await page_of(life.opened, past)).players
    assert {row.player_name for row in renamed} == {"Anna", *NAMES[1:]}
    await life.opened.ladder.administration.perform(BanPlayer(name="Bob", by=EVE))
    assert {row.player_name for row in (await page_of(life.opened, past)).players} == {"Anna", *NAMES[2:]}


async def test_a_version_of_the_past_stays_while_the_ladder_goes_on_and_changes_when_the_past_does(life: Life) -> None:
    past = PastMoment(at_us=life.boards[3][0])
    first = await page_of(life.opened, past)
    await life.take(Played(1, 2, WON))
    again = await page_of(life.opened, past)
    assert again.tag == first.tag
    await life.opened.ladder.administration.perform(BanPlayer(name="Bob", by=EVE))
    assert (await page_of(life.opened, past)).tag != first.tag


@pytest.mark.parametrize("ahead", [1, MICROSECONDS_PER_DAY])
async def test_the_future_is_not_looked_at(life: Life, ahead: int) -> None:
    now_us = life.clock.now_us()
    with pytest.raises(InvalidInput, match="in the future") as refused:
        await page_of(life.opened, PastMoment(at_us=now_us + ahead))
    assert refused.value.field == "as_of"
    for since in (to_iso(now_us), to_iso(now_us + ahead), "9999w"):
        with pytest.raises(InvalidInput) as refused:
            await page_of(life.opened, since=parse_since(since))
        assert refused.value.field == "movement_since"


async def test_before_the_first_game_nobody_was_ranked(life: Life) -> None:
    page = await page_of(life.opened, PastMoment(at_us=life.boards[0][0] - 1))
    assert (page.players, page.total_ranked, page.last_activity_us) == ((), 0, None)


async def test_a_player_is_found_on_a_board_of_the_past(life: Life) -> None:
    at_us, rows = life.boards[15]
    leaderboard = life.opened.ladder.leaderboard
    for row in rows:
        standing = await leaderboard.find_player(row.player_id, past=PastMoment(at_us=at_us), page_size=2)
        assert standing is not None
        best = next(one for one in rows if one.player_id == row.player_id)
        assert (standing.page, standing.row) == ((best.global_rank + 1) // 2, best)
    nobody = await leaderboard.find_player(PlayerId(99), past=PastMoment(at_us=at_us))
    assert nobody is None
