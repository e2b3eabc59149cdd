import asyncio
import threading
from dataclasses import replace

import pytest

from tests.conftest import MemoryLadder
from tests.domain.leaderboard.strategies import WINDOW_US, entry
from tests.support.fakes.ladder import NOON_US, recording, stored
from toprung.bootstrap import use_cases
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import (
    Change,
    EntriesImported,
    Event,
    MatchAborted,
    MatchMoved,
    MatchRatingCorrected,
    PlayerBanned,
    PlayerCountryChanged,
    PlayerRegistered,
    PlayerRenamed,
    PlayerUnbanned,
    RatingChanged,
    RatingCreated,
)
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.board_table import EntryColumns, PlayerColumns
from toprung.domain.matches.match import MatchId, MatchState
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry

ANN, BEN, CY = (
    Player(id=PlayerId(number), name=name, country="KR") for number, name in enumerate(("Ann", "Ben", "Cy"), 1)
)
ANN_T, BEN_Z, BEN_T = (
    entry(1, 1, "terran", 1600, NOON_US),
    entry(2, 2, "zerg", 1500, NOON_US),
    entry(3, 2, "terran", 1450, NOON_US),
)
CY_P = entry(4, 3, "protoss", 1550, NOON_US)
BEFORE = [("Ann", "terran", 1600), ("Ben", "zerg", 1500), ("Ben", "terran", 1450)]
MATCH = MatchId(7)


def won(one: Entry, gain: int = 500) -> Event:
    """The event of a game that moved an entry up."""
    return RatingChanged(
        entry=replace(one, state=replace(one.state, mmr=one.mmr + gain, games_won=one.state.games_won + 1)),
        match_id=MATCH,
    )


@pytest.fixture
async def ladder(ladder: MemoryLadder) -> MemoryLadder:
    """Ann with one entry and Ben with two, loaded."""
    stored(ladder.storage, ANN, BEN, CY, ANN_T, BEN_Z, BEN_T)
    await ladder.store.load()
    ladder.storage.reads = 0
    return ladder


EVENTS: list[tuple[str, list[Event], list[tuple[str, str, int]]]] = [
    ("rating created", [RatingCreated(entry=CY_P)], [BEFORE[0], ("Cy", "protoss", 1550), *BEFORE[1:]]),
    ("rating changed", [won(BEN_T)], [("Ben", "terran", 1950), *BEFORE[:2]]),
    ("match aborted", [MatchAborted(match_id=MATCH, player_ids=(ANN.id, BEN.id))], BEFORE),
    (
        "match rating corrected",
        [
            MatchRatingCorrected(
                match_id=MATCH,
                entries=(
                    replace(ANN_T, state=replace(ANN_T.state, mmr=1400)),
                    replace(BEN_Z, state=replace(BEN_Z.state, games_won=0)),
                ),
            )
        ],
        [("Ben", "terran", 1450), ("Ann", "terran", 1400)],
    ),
    ("player renamed", [PlayerRenamed(player=replace(ANN, name="Zoe"))], [("Zoe", "terran", 1600), *BEFORE[1:]]),
    ("player registered", [PlayerRegistered(player=Player(id=PlayerId(9), name="Di"))], BEFORE),
    ("player banned", [PlayerBanned(player=replace(BEN, is_banned=True))], BEFORE[:1]),
    (
        "player unbanned",
        [PlayerBanned(player=replace(BEN, is_banned=True)), PlayerUnbanned(player=BEN)],
        BEFORE,
    ),
    (
        "player and rating at once",
        [
            PlayerRegistered(player=Player(id=PlayerId(9), name="Di")),
            RatingCreated(entry=entry(9, 9, "zerg", 1, NOON_US)),
        ],
        [*BEFORE, ("Di", "zerg", 1)],
    ),
]


@pytest.mark.parametrize(("events", "after"), [case[1:] for case in EVENTS], ids=[case[0] for case in EVENTS])
async def test_the_next_read_is_right_after_each_kind_of_event(
    ladder: MemoryLadder, events: list[Event], after: list[tuple[str, str, int]]
) -> None:
    assert await ladder.standings() == BEFORE
    await ladder.happen(*events)
    assert await ladder.standings() == after
    assert ladder.storage.reads == 0, "an event alone brings the board there, without the database"
    await ladder.store.load()
    assert await ladder.standings() == after


async def test_a_change_of_country_is_seen_by_the_next_filter(ladder: MemoryLadder) -> None:
    await ladder.happen(PlayerCountryChanged(player=replace(ANN, country="US")))
    page = await ladder.leaderboard.get_leaderboard_data(country_filter=["US"])
    assert [(row.player_name, row.country) for row in page.players] == [("Ann", "US")]


async def test_an_import_is_read_anew(ladder: MemoryLadder) -> None:
    stored(ladder.storage, replace(ANN_T, state=replace(ANN_T.state, mmr=1)), CY_P)
    await ladder.happen(EntriesImported(entries=2))
    assert ladder.storage.reads == 1
    assert await ladder.standings() == [("Cy", "protoss", 1550), *BEFORE[1:], ("Ann", "terran", 1)]
    assert ladder.storage.reads == 1


async def test_each_change_gives_another_version_and_no_change_none(ladder: MemoryLadder) -> None:
    versions = [await ladder.leaderboard.version()]
    for event in (
        won(ANN_T),
        MatchAborted(match_id=MATCH, player_ids=()),
        PlayerRenamed(player=replace(ANN, name="A")),
    ):
        await ladder.happen(event)
        versions.append(await ladder.leaderboard.version())
        assert await ladder.leaderboard.version() == versions[-1]
    ladder.clock.advance(us=WINDOW_US + 1)
    versions.append(await ladder.leaderboard.version())
    assert len(set(versions)) == len(versions)


async def test_boards_of_the_past_change_only_by_what_reaches_back(ladder: MemoryLadder) -> None:
    before = ladder.store.past_seq
    for event in (
        won(ANN_T),
        MatchAborted(match_id=MATCH, player_ids=()),
        MatchMoved(match_id=MATCH, state=MatchState.IN_PROGRESS, deadline_us=None),
    ):
        await ladder.happen(event)
        assert ladder.store.past_seq == before
    await ladder.happen(PlayerRenamed(player=replace(ANN, name="A")))
    assert ladder.store.past_seq == ladder.store.seq


# What was missed


async def test_a_gap_in_the_sequence_is_read_and_applied_without_a_reload(ladder: MemoryLadder) -> None:
    board = ladder.store.board
    await ladder.happen_elsewhere(won(ANN_T))
    await ladder.happen(won(BEN_Z, 50))
    assert await ladder.standings() == [("Ann", "terran", 2100), ("Ben", "zerg", 1550), BEFORE[2]]
    assert (ladder.storage.reads, ladder.store.seq) == (1, 2)
    assert ladder.store.board is board


async def test_a_gap_that_is_not_kept_any_more_leads_to_a_reload(ladder: MemoryLadder) -> None:
    await ladder.happen_elsewhere(won(ANN_T))
    ladder.storage.prune_changes(up_to_seq=1)
    await ladder.happen(won(BEN_Z, 50))
    assert await ladder.standings() == [("Ann", "terran", 2100), ("Ben", "zerg", 1550), BEFORE[2]]
    assert ladder.store.seq == 2


async def test_a_gap_that_cannot_be_read_leads_to_a_reload_before_the_next_read(ladder: MemoryLadder) -> None:
    await ladder.happen_elsewhere(won(ANN_T))
    ladder.storage.fail_reads()
    await ladder.happen(won(BEN_Z, 50))
    assert await ladder.standings() == [("Ann", "terran", 2100), ("Ben", "zerg", 1550), BEFORE[2]]


async def test_a_gap_between_two_changes_is_noticed(ladder: MemoryLadder) -> None:
    for event in (won(ANN_T, 10), won(BEN_Z, 50), won(BEN_T, 20)):
        await ladder.happen_elsewhere(event)
    first, _, third = ladder.storage.database.changes
    await ladder.store.on_changes([first, third])
    assert await ladder.standings() == [("Ann", "terran", 1610), ("Ben", "zerg", 1550), ("Ben", "terran", 1470)]


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 0, 1), (2, 1, 0), (1, 0, 2)])
async def test_changes_that_are_told_out_of_order_end_in_the_same_ladder(
    ladder: MemoryLadder, order: tuple[int, ...]
) -> None:
    for event in (won(BEN_Z, 50), won(ANN_T, 10), won(ANN_T, 20)):  # of Ben's entry there is no other change
        await ladder.happen_elsewhere(event)
    for change in order:
        await ladder.store.on_changes([ladder.storage.database.changes[change]])
    assert await ladder.standings() == [("Ann", "terran", 1620), ("Ben", "zerg", 1550), BEFORE[2]]


async def test_hearing_a_change_twice_or_an_old_one_late_changes_nothing(ladder: MemoryLadder) -> None:
    await ladder.happen(won(ANN_T, 10))
    await ladder.happen(won(ANN_T, 20))
    after, version = await ladder.rows(), await ladder.leaderboard.version()
    for changes in (ladder.storage.database.changes, ladder.storage.database.changes[:1], []):
        await ladder.store.on_changes(changes)
        assert (await ladder.rows(), await ladder.leaderboard.version()) == (after, version)
    assert ladder.storage.reads == 0


# What goes wrong


class FragileBoard(Board):
    """A board that fails at the entry it is told to fail at, once."""

    fails_at: int | None = None

    def put_entry(self, entry: Entry) -> None:
        if FragileBoard.fails_at == entry.id:
            FragileBoard.fails_at = None
            raise RuntimeError("this board fails")
        super().put_entry(entry)


async def test_a_change_that_cannot_be_applied_leads_to_a_reload_before_the_next_read(
    ladder: MemoryLadder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_cases, "Board", FragileBoard)
    await ladder.store.load()
    FragileBoard.fails_at = BEN_Z.id
    gate = ladder.storage.hold_reads()
    correction = MatchRatingCorrected(
        match_id=MATCH,
        entries=(replace(ANN_T, state=replace(ANN_T.state, mmr=1)), replace(BEN_Z, state=replace(BEN_Z.state, mmr=2))),
    )
    writing = asyncio.ensure_future(ladder.happen(correction))
    await gate.reached()
    reading = asyncio.ensure_future(ladder.standings())
    await asyncio.wait([reading], timeout=0)
    assert not reading.done(), "the half of a change must not be read"
    gate.open()
    await writing
    assert await reading == [("Ben", "terran", 1450), ("Ben", "zerg", 2), ("Ann", "terran", 1)]


async def test_a_reload_that_fails_is_tried_again_by_the_next_read(ladder: MemoryLadder) -> None:
    stored(ladder.storage, CY_P)
    ladder.storage.fail_reads(times=2)
    await ladder.happen(EntriesImported(entries=1))
    with pytest.raises(StorageUnavailable):
        await ladder.rows()
    assert len(await ladder.rows()) == 4
    assert ladder.storage.reads == 3


async def test_a_change_that_is_heard_while_the_board_is_stale_is_not_lost(ladder: MemoryLadder) -> None:
    ladder.storage.fail_reads(times=2)
    await ladder.happen(EntriesImported(entries=0))
    await ladder.happen(won(BEN_T))
    assert await ladder.standings() == [("Ben", "terran", 1950), *BEFORE[:2]]


async def test_the_first_read_loads_where_nobody_has_loaded() -> None:
    ladder = MemoryLadder()
    stored(ladder.storage, ANN, ANN_T)
    assert await ladder.standings() == BEFORE[:1]


async def test_a_load_that_fails_says_so(ladder: MemoryLadder) -> None:
    ladder.storage.fail_reads()
    with pytest.raises(StorageUnavailable):
        await ladder.store.load()
    assert await ladder.standings() == BEFORE


# Many at once


async def test_readers_during_a_reload_share_it_and_see_one_version(ladder: MemoryLadder) -> None:
    gate = ladder.storage.hold_reads()
    stored(ladder.storage, CY_P)
    writing = asyncio.ensure_future(ladder.happen(EntriesImported(entries=1)))
    await gate.reached()
    readers = [asyncio.ensure_future(ladder.leaderboard.get_leaderboard_data()) for _ in range(50)]
    await asyncio.wait(readers, timeout=0)
    gate.open()
    pages = await asyncio.gather(*readers)
    await writing
    assert {page.version for page in pages} == {"1-4"}
    assert ladder.storage.reads == 1


async def test_many_first_readers_load_once() -> None:
    ladder = MemoryLadder()
    stored(ladder.storage, ANN, ANN_T)
    await asyncio.gather(*(ladder.rows() for _ in range(20)))
    assert ladder.storage.reads == 1


async def test_a_reader_that_gives_up_leaves_the_reload_to_the_next(ladder: MemoryLadder) -> None:
    ladder.storage.fail_reads()
    await ladder.happen(EntriesImported(entries=0))
    gate = ladder.storage.hold_reads()
    first, second = (asyncio.ensure_future(ladder.standings()) for _ in range(2))
    await gate.reached()
    first.cancel()
    gate.open()
    assert await second == BEFORE
    with pytest.raises(asyncio.CancelledError):
        await first


class SlowBoard(Board):
    """A board whose load waits until the test lets it go on."""

    reached = threading.Event()
    may_go_on = threading.Event()

    def load(self, players: PlayerColumns, entries: EntryColumns, *, now_us: int) -> None:
        SlowBoard.reached.set()
        SlowBoard.may_go_on.wait(timeout=30)
        super().load(players, entries, now_us=now_us)


async def test_a_commit_during_a_reload_is_in_the_new_board(
    ladder: MemoryLadder, monkeypatch: pytest.MonkeyPatch
) -> None:
    SlowBoard.reached.clear()
    SlowBoard.may_go_on.clear()
    monkeypatch.setattr(use_cases, "Board", SlowBoard)
    loading = asyncio.ensure_future(ladder.store.load())
    await asyncio.to_thread(SlowBoard.reached.wait, 30)
    writing = asyncio.ensure_future(ladder.happen(won(BEN_T)))
    reading = asyncio.ensure_future(ladder.standings())
    await asyncio.wait([writing, reading], timeout=0)
    assert not writing.done(), "the loop goes on, and the writer waits for the board"
    SlowBoard.may_go_on.set()
    await asyncio.gather(loading, writing, reading)
    assert await ladder.standings() == [("Ben", "terran", 1950), *BEFORE[:2]]


async def test_many_writers_and_readers_at_once_end_in_what_is_committed(ladder: MemoryLadder) -> None:
    writes = [won(one, gain) for gain in range(1, 11) for one in (ANN_T, BEN_Z, BEN_T)]
    await asyncio.gather(*(ladder.happen(event) for event in writes), *(ladder.rows() for _ in writes))
    incremental = await ladder.rows()
    await ladder.store.load()
    assert await ladder.rows() == incremental
    assert ladder.store.seq == len(writes)


async def test_entries_come_as_a_frame_of_one_version(ladder: MemoryLadder) -> None:
    framing = asyncio.ensure_future(ladder.store.entries_frame())
    await asyncio.wait([framing], timeout=0)
    await ladder.store.on_changes([Change(seq=1, event=won(ANN_T))])
    frame = await framing
    assert dict(zip(frame["entry_id"], frame["mmr"], strict=True)) == {1: 1600, 2: 1500, 3: 1450}
    assert dict((await ladder.store.entries_frame()).select("entry_id", "mmr").iter_rows()) == {
        1: 2100,
        2: 1500,
        3: 1450,
    }


async def test_a_recording_stores_what_it_says(ladder: MemoryLadder) -> None:
    """Of the tests' own ground: what is told here is also what is in the storage."""
    await ladder.storage.write(recording(won(ANN_T), PlayerRenamed(player=replace(BEN, name="B"))))
    database = ladder.storage.database
    assert (database.entries[ANN_T.id].mmr, database.players[BEN.id].name, database.seq) == (2100, "B", 2)


async def test_after_a_gap_the_board_shows_what_others_committed(ladder: MemoryLadder) -> None:
    before = await ladder.standings()
    await ladder.happen_elsewhere(
        RatingChanged(entry=replace(ANN_T, state=replace(ANN_T.state, mmr=2_000)), match_id=MatchId(1))
    )
    assert await ladder.standings() == before
    await ladder.store.on_gap()
    assert ("Ann", "terran", 2_000) in await ladder.standings()


async def test_a_gap_while_the_database_is_away_is_made_up_for_by_the_next_read(ladder: MemoryLadder) -> None:
    before = await ladder.standings()
    ladder.storage.fail_reads(2)
    await ladder.store.on_gap()
    assert ladder.store.is_stale
    with pytest.raises(StorageUnavailable):
        await ladder.standings()
    assert await ladder.standings() == before


async def test_a_board_that_may_be_behind_what_others_see_is_not_shown(ladder: MemoryLadder) -> None:
    before, reads = await ladder.standings(), ladder.storage.reads
    ladder.storage.is_out_of_touch = True
    for asking in (ladder.standings(), ladder.leaderboard.version()):
        with pytest.raises(StorageUnavailable):
            await asking
    ladder.storage.is_out_of_touch = False
    assert await ladder.standings() == before
    assert ladder.storage.reads == reads  # nothing was wrong with the board itself
