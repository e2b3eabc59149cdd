"""Recomputation and verification on both databases, by both rating systems."""

import asyncio
import json
from dataclasses import replace
from typing import Final

import pytest

from tests.application.ratings.rated_seasons import (
    GAMES,
    LOST,
    NAMES,
    OTHERWISE,
    WON,
    correct,
    entries,
    game,
    join,
    no_progress,
    play,
    result_of,
    season,
    tables,
    tamper,
    the_board_is_as_stored,
    verified,
)
from tests.support.databases import Database, OpenLadder, opened_ladder
from toprung.application.writing.audit import Counts

pytest_plugins = ("tests.support.databases",)


async def test_recomputing_a_ladder_in_order_changes_nothing(opened: OpenLadder, database: Database) -> None:
    await correct(opened, 2, OTHERWISE[result_of(2)])
    before, many = await tables(database), len(await entries(opened))
    assert await opened.ladder.ratings.recompute(no_progress) == Counts(unchanged=many)
    after = await tables(database)
    actor, action, _, _, details = after["audit"].pop()[2:]
    assert after == before
    assert (actor, action) == ("toprung", "recompute")
    assert json.loads(details) == {"ratings": {"new": 0, "changed": 0, "unchanged": many}}
    if database.kind == "sqlite":  # and where nothing changes, no copy is made
        assert [path.name for path in database.path.parent.iterdir() if "-recompute" in path.name] == []


async def test_recomputing_restores_an_entry_and_the_board(opened: OpenLadder, database: Database) -> None:
    before = await entries(opened)
    await database.run("update entry set mmr = mmr + 7, games_won = games_won + 1, games_played = games_played + 1")
    assert await entries(opened) != before
    await opened.ladder.store.load()
    assert (await opened.ladder.ratings.recompute(no_progress)).changed == len(before)
    assert await entries(opened) == before
    assert await verified(opened) == []
    await the_board_is_as_stored(opened, database)


async def test_recomputing_supersedes_a_journal_row_that_does_not_follow(
    opened: OpenLadder, database: Database
) -> None:
    before = await entries(opened)
    await tamper(database, "update rating_journal set after_mmr = after_mmr + 1 where id = 1")
    assert any("journal position 1" in sentence for sentence in await verified(opened))
    assert (await opened.ladder.ratings.recompute(no_progress)).changed == 0
    assert await entries(opened) == before
    assert await verified(opened) == []
    assert (await database.run("select revision from rating_journal where revises = 1")) == [(2,)]


NEW_ENTRY: Final = (
    "insert into entry (player_id, race, mmr, games_played, games_won, games_lost, games_drawn) "
    "values (4, 'sc2_zerg', 1500, 0, 0, 0, 0)"
)
NEW_MATCH: Final = (
    "insert into match (source_key, state, result, ended_at_us, recorded_at_us) values ('x', 'completed', 'draw', 1, 1)"
)
COPIED: Final = (
    "insert into rating_journal (entry_id, match_id, kind, revises, revision, before_mmr, before_games_won, "
    "before_games_lost, before_games_drawn, after_mmr, after_games_won, after_games_lost, after_games_drawn, at_us) "
    "select entry_id, match_id, kind, 1, {revision}, before_mmr, before_games_won, before_games_lost, "
    "before_games_drawn, after_mmr, after_games_won, after_games_lost, after_games_drawn, at_us "
    "from rating_journal where id = 1"
)
TAMPERING: Final = {
    "an mmr": ("update entry set mmr = mmr + 1 where id = 2", "entry 2: "),
    "a counter": (
        "update entry set games_won = games_won + 1, games_played = games_played + 1 where id = 3",
        "entry 3: ",
    ),
    "when it was played": ("update entry set last_played_us = last_played_us + 1 where id = 1", "entry 1: "),
    "an entry from nowhere": (NEW_ENTRY, ": no row of the journal leads to it"),
    "a result": (f"update match set result = '{OTHERWISE[result_of(1)]}' where id = 1", "journal position 1: "),
    "a void": ("update match set state = 'voided' where id = 2", "journal position 3: "),
    "an expectation": ("update rating_journal set expected_score = 0.25 where id = 4", "journal position 4: "),
    "a lost change": ("delete from change where seq = (select max(seq) from change)", "last change is missing"),
    "a lost journal row": ("delete from rating_journal where match_id = 24 and id % 2 = 0", "match 24: "),
    "a match without journal": (NEW_MATCH, "match 25"),
    "a state before": (
        "update rating_journal set before_games_won = 9, after_games_won = after_games_won + 1 where id = 20",
        "journal position 20: entry",
    ),
    "a count that its match does not give": (
        "update rating_journal set after_games_won = after_games_won + 1 where id = 5",
        "match 3: its rows do not count",
    ),
    "a sum of the ladder": (
        "update entry set games_drawn = games_drawn + 1, games_played = games_played + 1 where id = 1",
        "games_drawn over the ladder: ",
    ),
    "a revision that is skipped": (COPIED.format(revision=3), "journal position 1: it has the revisions 1, 3"),
    "a revision of somebody else": (
        COPIED.format(revision=2).replace("select entry_id", "select entry_id + 1"),
        "journal position 1: its revisions are not of one entry",
    ),
    "a change in the middle": ("delete from change where seq = 7", "change 7: it is missing"),
    "a change too many": ("update change_counter set seq = seq - 1", "were counted"),
}


@pytest.mark.parametrize("what", TAMPERING)
async def test_verify_finds_what_was_done_behind_its_back_and_names_it(
    opened: OpenLadder, database: Database, what: str
) -> None:
    assert await verified(opened) == []
    statement, named = TAMPERING[what]
    await tamper(database, statement)
    assert [sentence for sentence in await verified(opened) if named in sentence]


async def test_verify_finds_elo_points_that_came_from_nowhere(database: Database) -> None:
    async with opened_ladder(database, rating_system="elo") as opened:
        await join(opened, *NAMES)
        await play(opened, season())
        assert await verified(opened) == []
        await tamper(database, "update rating_journal set after_mmr = after_mmr + 5 where id = 1")
        assert [sentence for sentence in await verified(opened) if "do not add up to zero" in sentence]


async def test_verify_finds_games_played_that_do_not_add_up(sqlite_database: Database) -> None:
    """The database itself refuses such an entry, unless it is told not to look."""
    async with opened_ladder(sqlite_database) as opened:
        await join(opened, *NAMES)
        await play(opened, season())
        await sqlite_database.run(
            "pragma ignore_check_constraints = on", "update entry set games_played = games_played + 1 where id = 2"
        )
        assert [
            sentence for sentence in await verified(opened) if "entry 2: " in sentence and "played, but" in sentence
        ]


async def test_verify_finds_a_board_that_does_not_list_what_the_database_has(opened: OpenLadder) -> None:
    """A board that missed something, and does not know it."""
    assert await verified(opened) == []
    entry = (await entries(opened))[1]
    opened.ladder.store.board.put_entry(replace(entry, state=replace(entry.state, mmr=entry.mmr + 500)))
    assert [sentence for sentence in await verified(opened) if sentence.startswith("the board: from rank ")]


async def test_verify_goes_by_the_newest_board(opened: OpenLadder, database: Database) -> None:
    """What another process wrote meanwhile is no difference."""
    async with opened_ladder(database, read_only=True, inactivity_days="off") as other:
        await opened.ladder.recorder.record(game(60, 1, 2, WON))
        assert await verified(other) == []


async def test_matches_that_arrive_during_corrections_leave_a_ladder_in_order(
    opened: OpenLadder, database: Database
) -> None:
    calls = [
        opened.ladder.recorder.record(game(30 + number, number % 4 + 1, (number + 1) % 4 + 1, WON, ("bw_zerg",) * 2))
        for number in range(40)
    ]
    corrections = [correct(opened, number, OTHERWISE[result_of(number)]) for number in (1, 6, 12, 18)]
    await asyncio.gather(*calls[:10], *corrections[:2], *calls[10:30], *corrections[2:], *calls[30:])
    played = {entry.id: entry.state.games_played for entry in await entries(opened)}
    assert (await database.run("select count(*) from rating_journal where revises is null")) == [(2 * GAMES + 81,)]
    assert await verified(opened) == []
    await the_board_is_as_stored(opened, database)
    assert (await opened.ladder.ratings.recompute(no_progress)).changed == 0
    assert {entry.id: entry.state.games_played for entry in await entries(opened)} == played


async def test_matches_of_many_strangers_at_once_can_be_verified_and_corrected(database: Database) -> None:
    """No lock makes these wait for each other, so that on PostgreSQL their journal rows are written in between."""
    async with opened_ladder(database, inactivity_days="off") as opened:
        await join(opened, *(f"Player{number}" for number in range(30)))
        for turn in range(12):
            games = [game(15 * turn + pair, 2 * pair + 1, 2 * pair + 2, WON) for pair in range(15)]
            await asyncio.gather(*map(opened.ladder.recorder.record, games))
        assert await verified(opened) == []
        for number in (1, 80, 150):
            await correct(opened, number, LOST)
        assert await verified(opened) == []
        await the_board_is_as_stored(opened, database)
