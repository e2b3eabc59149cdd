"""The founding note's ten subjects on its cache, said in events: whatever is committed, the next read is right.

There is no cache to invalidate and no refresh loop: the board hears of each change, and reads everything again only
where it could not follow. So what has an event of its own costs no read of the database, neither at once nor at the
next page.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.conftest import MemoryLadder
from tests.domain.leaderboard.strategies import entry
from tests.support.fakes.ladder import NOON_US, stored
from toprung.domain.events import (
    EntriesImported,
    LadderReloaded,
    MatchAborted,
    MatchRatingCorrected,
    PlayerBanned,
    PlayerCountryChanged,
    PlayerRenamed,
    RatingChanged,
    RatingCreated,
    RatingSet,
)
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import Player, PlayerId

ANN, BEN = Player(id=PlayerId(1), name="Ann", country="KR"), Player(id=PlayerId(2), name="Ben", country="US")
ANN_T, BEN_Z = entry(1, 1, "terran", 1600, NOON_US), entry(2, 2, "zerg", 1500, NOON_US)
BEN_P = entry(3, 2, "protoss", 1700, NOON_US)
MATCH = MatchId(1)


async def loaded(ladder: MemoryLadder) -> MemoryLadder:
    """The ladder with Ann at 1600 and Ben at 1500 on it, loaded and read once."""
    stored(ladder.storage, ANN, BEN, ANN_T, BEN_Z)
    await ladder.store.load()
    assert await ladder.standings() == [("Ann", "terran", 1600), ("Ben", "zerg", 1500)]
    ladder.storage.reads = 0
    return ladder


@pytest.fixture
async def ladder(ladder: MemoryLadder) -> MemoryLadder:
    return await loaded(ladder)


@asynccontextmanager
async def without_a_read(ladder: MemoryLadder) -> AsyncIterator[None]:
    """Holds that whatever is committed and looked at here asks the database for nothing."""
    before = ladder.storage.reads
    yield
    await ladder.rows()
    assert ladder.storage.reads == before


class TestLeaderboardCacheInvalidation:
    async def test_an_mmr_update_is_in_the_next_read(self, ladder: MemoryLadder) -> None:
        async with without_a_read(ladder):
            await ladder.happen(
                RatingChanged(entry=replace(BEN_Z, state=replace(BEN_Z.state, mmr=1620)), match_id=MATCH)
            )
            assert await ladder.standings() == [("Ben", "zerg", 1620), ("Ann", "terran", 1600)]

    async def test_an_mmr_that_is_created_is_in_the_next_read(self, ladder: MemoryLadder) -> None:
        async with without_a_read(ladder):
            await ladder.happen(RatingCreated(entry=BEN_P))
            assert (await ladder.standings())[0] == ("Ben", "protoss", 1700)
            best = await ladder.leaderboard.get_leaderboard_data(best_race_only=True)
            assert [row.entry_id for row in best.players] == [BEN_P.id, ANN_T.id]

    async def test_an_mmr_that_is_set_by_hand_is_in_the_next_read(self, ladder: MemoryLadder) -> None:
        async with without_a_read(ladder):
            await ladder.happen(RatingSet(entry=replace(BEN_Z, state=replace(BEN_Z.state, mmr=1601))))
            assert await ladder.standings() == [("Ben", "zerg", 1601), ("Ann", "terran", 1600)]

    async def test_an_aborted_match_changes_no_rating_and_gives_another_version(self, ladder: MemoryLadder) -> None:
        before, version = await ladder.rows(), await ladder.leaderboard.version()
        async with without_a_read(ladder):
            await ladder.happen(MatchAborted(match_id=MATCH, player_ids=(ANN.id, BEN.id)))
            assert await ladder.rows() == before
            assert await ladder.leaderboard.version() != version

    async def test_a_matchs_corrected_mmr_change_is_in_the_next_read(self, ladder: MemoryLadder) -> None:
        corrected = (
            replace(ANN_T, state=replace(ANN_T.state, mmr=1580)),
            replace(BEN_Z, state=replace(BEN_Z.state, mmr=1590)),
        )
        async with without_a_read(ladder):
            await ladder.happen(MatchRatingCorrected(match_id=MATCH, entries=corrected))
            assert await ladder.standings() == [("Ben", "zerg", 1590), ("Ann", "terran", 1580)]

    async def test_a_players_new_name_and_country_are_in_the_next_read(self, ladder: MemoryLadder) -> None:
        async with without_a_read(ladder):
            await ladder.happen(PlayerRenamed(player=replace(ANN, name="Anna")))
            assert await ladder.standings() == [("Anna", "terran", 1600), ("Ben", "zerg", 1500)]
            await ladder.happen(PlayerCountryChanged(player=replace(ANN, name="Anna", country="DE")))
            page = await ladder.leaderboard.get_leaderboard_data(country_filter=["DE"])
            assert [row.player_name for row in page.players] == ["Anna"]
            assert (await ladder.leaderboard.get_leaderboard_data(country_filter=["KR"])).players == ()
            assert [one.player_id for one in await ladder.leaderboard.search_players("anna")] == [ANN.id]

    async def test_a_ban_is_in_the_next_read(self, ladder: MemoryLadder) -> None:
        async with without_a_read(ladder):
            await ladder.happen(PlayerBanned(player=replace(ANN, is_banned=True)))
            assert await ladder.standings() == [("Ben", "zerg", 1500)]

    async def test_what_cannot_be_followed_is_read_again_on_demand(self, ladder: MemoryLadder) -> None:
        stored(ladder.storage, BEN_P)
        ladder.storage.fail_reads()
        await ladder.happen(LadderReloaded(entries=1))
        assert ladder.storage.reads == 1
        assert (await ladder.standings())[0] == ("Ben", "protoss", 1700)
        assert ladder.storage.reads == 2

    async def test_concurrent_changes_end_in_what_is_committed_without_any_reload(self, ladder: MemoryLadder) -> None:
        gains = range(1, 21)
        await asyncio.gather(
            *(
                ladder.happen(
                    RatingChanged(entry=replace(ANN_T, state=replace(ANN_T.state, mmr=1600 + gain)), match_id=MATCH)
                )
                for gain in gains
            ),
            *(
                ladder.happen(
                    RatingChanged(entry=replace(BEN_Z, state=replace(BEN_Z.state, mmr=1500 + gain)), match_id=MATCH)
                )
                for gain in gains
            ),
        )
        committed = ladder.storage.database.entries
        assert await ladder.standings() == [
            ("Ann", "terran", committed[ANN_T.id].mmr),
            ("Ben", "zerg", committed[BEN_Z.id].mmr),
        ]
        assert ladder.store.seq == 40

    async def test_concurrent_invalidations_cost_one_refresh(self, ladder: MemoryLadder) -> None:
        ladder.storage.fail_reads(times=3)
        for _ in range(3):
            await ladder.happen(EntriesImported(entries=0))
        ladder.storage.reads = 0
        pages = await asyncio.gather(*(ladder.leaderboard.get_leaderboard_data() for _ in range(25)))
        assert {page.version for page in pages} == {"3-2"}
        assert ladder.storage.reads == 1

    async def test_invalidating_twice_is_invalidating_once(self, ladder: MemoryLadder) -> None:
        await ladder.happen(RatingChanged(entry=replace(BEN_Z, state=replace(BEN_Z.state, mmr=1620)), match_id=MATCH))
        rows, version = await ladder.rows(), await ladder.leaderboard.version()
        for _ in range(3):
            await ladder.store.on_changes(ladder.storage.database.changes)
        assert (await ladder.rows(), await ladder.leaderboard.version()) == (rows, version)
        assert ladder.storage.reads == 0

    async def test_reading_again_and_again_refreshes_nothing(self, ladder: MemoryLadder) -> None:
        for _ in range(5):
            await ladder.rows()
        assert ladder.storage.reads == 0
