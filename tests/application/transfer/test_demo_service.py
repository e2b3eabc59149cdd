"""The made-up season: played through the real write path, the same every time, and of a believable shape."""

import asyncio
import csv
import io
import random
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import Listener
from tests.support.fakes.matches import final
from toprung.application.transfer.demo_service import MATCHES_AT_ONCE, SEASON_DAYS, DemoService
from toprung.domain.events import RatingChanged
from toprung.domain.moment import MICROSECONDS_PER_DAY

pytest_plugins = ("tests.support.databases",)

PLAYERS, MATCHES, SEED = 24, 450, 7


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[OpenLadder]:
    async with opened_ladder(database, rating_system="elo") as found:  # whose changes add up to zero
        yield found


def demo_of(opened: OpenLadder, seed: int = SEED) -> DemoService:
    ladder = opened.ladder
    return DemoService(
        players=ladder.players,
        matches=ladder.recorder,
        catalog=ladder.catalog,
        countries=ladder.countries,
        clock=ladder.clock,
        turn_clock=lambda _moment_us: None,
        chance=random.Random(seed),
    )


async def test_a_season_is_played_through_the_real_write_path(opened: OpenLadder) -> None:
    progress: list[tuple[int, int]] = []
    await demo_of(opened).play_season(
        players=PLAYERS, matches=MATCHES, progress=lambda done, total: progress.append((done, total))
    )
    assert progress == [(MATCHES_AT_ONCE, MATCHES), (2 * MATCHES_AT_ONCE, MATCHES), (MATCHES, MATCHES)]
    players, journal, matches, stored = await opened.storage.read(
        lambda tx: (
            tx.players.columns(),
            tx.journal.current(),
            [final(one) for one in tx.matches.completed()],
            list(tx.entries.stored()),
        )
    )
    assert len(players.ids) == PLAYERS
    assert len(journal) == 2 * MATCHES
    assert sum(one.entry.mmr - 1500 for one in stored) == 0
    assert sum(one.entry.state.games_played for one in stored) == 2 * MATCHES
    now_us = opened.ladder.clock.now_us()
    ends = [match.ended_at_us for match in matches]
    assert all(earlier <= later for earlier, later in pairwise(ends))
    assert now_us - SEASON_DAYS * MICROSECONDS_PER_DAY <= ends[0] <= ends[-1] <= now_us
    maps = {one.full_name for one in opened.ladder.catalog.current_maps}
    assert {match.map_name for match in matches} <= maps
    page = await opened.ladder.leaderboard.get_leaderboard_data()
    assert 0 < page.total_players <= len(stored)


async def test_the_same_seed_plays_the_same_season(opened: OpenLadder, sqlite_database: Database) -> None:
    await demo_of(opened).play_season(players=PLAYERS, matches=50, progress=lambda done, total: None)
    season = without_ids(await opened.ladder.exports.entries_csv())
    again = Database("sqlite", f"sqlite:///{sqlite_database.path.with_name('again.db')}")
    async with opened_ladder(again, rating_system="elo") as other:
        await demo_of(other).play_season(players=PLAYERS, matches=50, progress=lambda done, total: None)
        assert without_ids(await other.ladder.exports.entries_csv()) == season
    another = Database("sqlite", f"sqlite:///{sqlite_database.path.with_name('another.db')}")
    async with opened_ladder(another, rating_system="elo") as other:
        await demo_of(other, seed=SEED + 1).play_season(players=PLAYERS, matches=50, progress=lambda done, total: None)
        assert without_ids(await other.ladder.exports.entries_csv()) != season


def without_ids(text: str) -> list[dict[str, str]]:
    """The rows of an export but for the players' numbers, which a database may leave gaps in."""
    return [{**row, "player_id": ""} for row in csv.DictReader(io.StringIO(text))]


async def test_after_the_season_matches_go_on_until_they_are_stopped(opened: OpenLadder) -> None:
    demo = demo_of(opened)
    await demo.play_season(players=4, matches=10, progress=lambda done, total: None)
    listener = Listener()
    played = asyncio.Semaphore(0)

    async def hear(changes: object) -> None:
        played.release()

    opened.ladder.bus.subscribe(listener.hear)
    opened.ladder.bus.subscribe(hear)
    playing = asyncio.create_task(demo.play_on(pause_seconds=0))
    for _ in range(3):
        await played.acquire()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    await opened.ladder.unit_of_work.drain()
    heard = [change.event for change in listener.heard if isinstance(change.event, RatingChanged)]
    assert len(heard) >= 6
    matches = await opened.storage.read(lambda tx: [final(one) for one in tx.matches.completed()])
    assert len(matches) == 10 + len(heard) // 2
    assert len({match.source_key for match in matches}) == len(matches)


async def test_two_players_are_enough(opened: OpenLadder) -> None:
    await demo_of(opened).play_season(players=2, matches=5, progress=lambda done, total: None)
    assert await opened.storage.read(lambda tx: tx.matches.count()) == 5
