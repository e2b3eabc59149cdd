"""Every kind of change, through its use case and then the next read: right in the same process and in another one."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import FakeClock
from toprung.application.organising.transfer_operations import ImportEntries, ImportGames
from toprung.application.ports.storage import Transaction
from toprung.application.transfer.entry_file import COLUMNS
from toprung.application.writing.audit import Attribution
from toprung.domain.events import MatchAborted, MatchRatingCorrected
from toprung.domain.leaderboard.leaderboard import LeaderboardPage
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.moment import to_iso
from toprung.domain.players.player import PlayerId

pytest_plugins = ("tests.support.databases",)

NOW_US: Final = FakeClock().now_us()


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[OpenLadder]:
    """Four players, and one match between the first two: Ann (1520) before Bob (1480)."""
    async with opened_ladder(database, rating_system="elo") as found:
        for name in ("Ann", "Bob", "Cid", "Dan"):
            await found.ladder.players.register(name, country="KR")
        await play(found, "Ann", "Bob")
        yield found


async def play(opened: OpenLadder, winner: str, loser: str) -> MatchId:
    ladder = opened.ladder
    ids = [(await ladder.players.by_name(name)).id for name in (winner, loser)]
    sides = [(Participant(player_id=player_id, race="bw_zerg"),) for player_id in ids]
    number = await opened.storage.read(lambda tx: tx.matches.count())
    recorded = await ladder.recorder.record(
        FinalMatch(
            source_key=f"game {number}",
            sides=(sides[0], sides[1]),
            result=MatchResult.SIDE_1_WON,
            ended_at_us=NOW_US,
        )
    )
    assert recorded is not None
    return recorded.match_id


async def id_of(opened: OpenLadder, name: str) -> PlayerId:
    return (await opened.ladder.players.by_name(name)).id


async def page_of(opened: OpenLadder) -> LeaderboardPage:
    return await opened.ladder.leaderboard.get_leaderboard_data()


async def rows(opened: OpenLadder) -> list[tuple[str, str | None, int]]:
    """The page as it is now, which a second, read-only ladder shows as well."""
    page = await page_of(opened)
    database = Database("sqlite" if opened.wired.settings.sqlite_path else "postgresql", opened.wired.settings.database)
    async with opened_ladder(database, read_only=True) as other:
        assert await page_of(other) == page
        text = await other.ladder.exports.entries_csv()
    assert await opened.ladder.exports.entries_csv() == text
    assert opened.ladder.store.seq == await opened.storage.read(lambda tx: tx.changes.last_seq())
    assert [row.global_rank for row in page.players] == list(range(1, len(page.players) + 1))
    return [(row.player_name, row.country, row.mmr) for row in page.players]


async def test_at_first_the_board_shows_what_was_played(opened: OpenLadder) -> None:
    assert await rows(opened) == [("Ann", "KR", 1520), ("Bob", "KR", 1480)]


async def test_after_a_first_match_the_new_entries_are_listed(opened: OpenLadder) -> None:
    await play(opened, "Cid", "Dan")
    assert await rows(opened) == [("Ann", "KR", 1520), ("Cid", "KR", 1520), ("Bob", "KR", 1480), ("Dan", "KR", 1480)]


async def test_after_a_match_the_new_ratings_are_shown(opened: OpenLadder) -> None:
    before = await page_of(opened)
    await play(opened, "Bob", "Ann")
    after = await rows(opened)
    assert [name for name, _, _ in after] == ["Bob", "Ann"]
    assert sum(mmr for _, _, mmr in after) == 3000
    assert (await page_of(opened)).version != before.version


async def test_after_a_rename_the_new_name_is_shown(opened: OpenLadder) -> None:
    await opened.ladder.players.rename(await id_of(opened, "Ann"), "별빛")
    assert await rows(opened) == [("별빛", "KR", 1520), ("Bob", "KR", 1480)]
    found = await opened.ladder.leaderboard.search_players("별")
    assert [one.player_name for one in found] == ["별빛"]


async def test_after_a_move_the_new_country_is_shown_and_filtered_by(opened: OpenLadder) -> None:
    await opened.ladder.players.set_country(await id_of(opened, "Ann"), "US")
    assert await rows(opened) == [("Ann", "US", 1520), ("Bob", "KR", 1480)]
    for country, name in (("US", "Ann"), ("KR", "Bob")):
        page = await opened.ladder.leaderboard.get_leaderboard_data(country_filter=[country])
        assert [row.player_name for row in page.players] == [name]


async def test_after_a_ban_and_after_its_end_the_board_says_so(opened: OpenLadder) -> None:
    ann = await id_of(opened, "Ann")
    await opened.ladder.players.ban(ann)
    assert await rows(opened) == [("Bob", "KR", 1480)]
    await opened.ladder.players.unban(ann)
    assert await rows(opened) == [("Ann", "KR", 1520), ("Bob", "KR", 1480)]


async def test_after_an_import_everything_in_it_is_shown(opened: OpenLadder) -> None:
    played = to_iso(NOW_US)
    lines = [",".join(COLUMNS), f",Ann,US,bw_zerg,1000,1,1,0,0,{played}", f",Eve,KR,sc2_zerg,1700,1,1,0,0,{played}"]
    await opened.ladder.administration.perform(ImportEntries(text="\n".join(lines), by=Attribution(actor="toprung")))
    assert await rows(opened) == [("Eve", "KR", 1700), ("Bob", "KR", 1480), ("Ann", "US", 1000)]


async def test_after_games_were_imported_their_players_are_listed(opened: OpenLadder) -> None:
    header = "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2"
    text = f"{header}\n{to_iso(NOW_US)},1,Eve,Ann,1,0,bw_zerg,bw_zerg"
    await opened.ladder.administration.perform(ImportGames(text=text, source="file", by=Attribution(actor="toprung")))
    assert [name for name, _, _ in await rows(opened)] == ["Eve", "Ann", "Bob"]


async def test_after_a_correction_the_corrected_ratings_are_shown(opened: OpenLadder) -> None:
    ann, bob = await id_of(opened, "Ann"), await id_of(opened, "Bob")

    def correct(tx: Transaction) -> None:
        entries = tx.entries.by_keys([(ann, "bw_zerg"), (bob, "bw_zerg")])
        corrected = tuple(
            replace(entry, state=replace(entry.state, mmr=3000 - entry.mmr)) for entry in entries.values()
        )
        tx.entries.save(corrected)
        tx.changes.record(MatchRatingCorrected(match_id=MatchId(1), entries=corrected))

    await opened.ladder.unit_of_work.run(correct)
    assert await rows(opened) == [("Bob", "KR", 1520), ("Ann", "KR", 1480)]


async def test_an_aborted_match_changes_no_rating_and_yet_the_version(opened: OpenLadder) -> None:
    before = await page_of(opened)
    ann = await id_of(opened, "Ann")
    await opened.ladder.unit_of_work.run(
        lambda tx: tx.changes.record(MatchAborted(match_id=MatchId(1), player_ids=(ann,)))
    )
    assert await rows(opened) == [("Ann", "KR", 1520), ("Bob", "KR", 1480)]
    assert (await page_of(opened)).version != before.version


async def test_a_registration_alone_lists_nobody_and_can_be_searched(opened: OpenLadder) -> None:
    await opened.ladder.players.register("Eve")
    assert await rows(opened) == [("Ann", "KR", 1520), ("Bob", "KR", 1480)]
    found = await opened.ladder.leaderboard.search_players("eve")
    assert [(one.player_name, one.is_listed) for one in found] == [("Eve", False)]


async def test_an_entry_lapses_by_the_clock_alone(opened: OpenLadder) -> None:
    clock = opened.ladder.clock
    assert isinstance(clock, FakeClock)
    clock.advance(days=14)
    assert len((await page_of(opened)).players) == 2
    clock.advance(us=1)
    page = await page_of(opened)
    assert (page.players, page.last_activity_us) == ((), NOW_US)


async def test_a_board_that_missed_changes_reads_them_when_it_hears_of_the_next(opened: OpenLadder) -> None:
    ladder = opened.ladder
    silent: Callable[[Transaction], None] = _win_silently(await id_of(opened, "Bob"))
    await opened.storage.write(silent)
    await ladder.players.set_country(await id_of(opened, "Ann"), "US")
    assert await rows(opened) == [("Bob", "KR", 1530), ("Ann", "US", 1520)]


def _win_silently(player_id: PlayerId) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        (entry,) = tx.entries.by_keys([(player_id, "bw_zerg")]).values()
        after = replace(entry, state=replace(entry.state, mmr=1530))
        tx.entries.save([after])
        tx.changes.record(MatchRatingCorrected(match_id=MatchId(1), entries=(after,)))

    return work
