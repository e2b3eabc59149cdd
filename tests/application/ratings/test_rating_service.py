"""Corrections, recomputation and verification on both databases, by both rating systems."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import FakeClock, Listener
from toprung.application.matches.match_rating import MatchRater
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.ratings.rating_service import CorrectionOutcome, RatingService
from toprung.application.transfer.entry_file import COLUMNS
from toprung.application.writing.audit import Attribution, Counts
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS
from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.events import LadderReloaded, MatchMoved, MatchRatingCorrected
from toprung.domain.leaderboard.leaderboard import LeaderboardPage
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, MatchState, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY, to_iso
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.glicko2 import Glicko2
from toprung.domain.ratings.rating import Elo, Entry
from toprung.domain.ratings.rating_engine import EloEngine, Glicko2Engine, RatingEngine

pytest_plugins = ("tests.support.databases",)

WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
RESULTS: Final = (WON, LOST, DRAW, None)
NOW_US: Final = FakeClock().now_us()
NAMES: Final = ("Ann", "Bob", "Cid", "Dan")
RACES: Final = ("bw_zerg", "sc2_terran")
ENGINES: Final[dict[str, RatingEngine]] = {"elo": EloEngine(Elo()), "glicko2": Glicko2Engine(Glicko2())}
SYSTEMS: Final = tuple(ENGINES)
CORRECTING: Final = Attribution(actor="admin Eve", reason="the replay shows it")
GAMES: Final = 24
TABLES: Final = ("entry", "match", "rating_journal", "audit", "change", "change_counter")
OTHERWISE: Final = {WON: LOST, LOST: DRAW, DRAW: WON}


def game(number: int, one: int, other: int, result: MatchResult, races: tuple[str, str] = RACES) -> FinalMatch:
    """A game of the players with these ids, a day after the one before."""
    ids = (PlayerId(one), PlayerId(other))
    sides = [(Participant(player_id=who, race=race),) for who, race in zip(ids, races, strict=True)]
    ended_at_us = NOW_US - (300 - number) * MICROSECONDS_PER_DAY
    return FinalMatch(source_key=f"game {number}", sides=(sides[0], sides[1]), result=result, ended_at_us=ended_at_us)


def season() -> list[FinalMatch]:
    """Games of everybody against everybody, the same in every run."""
    random = Random(20260924)
    games = []
    for number in range(1, GAMES + 1):
        one, other = random.sample(range(1, len(NAMES) + 1), 2)
        races = (random.choice(RACES), random.choice(RACES))
        games.append(game(number, one, other, random.choice([WON, WON, LOST, LOST, DRAW]), races))
    return games


def no_progress(done: int, total: int) -> None:
    pass


async def join(opened: OpenLadder, *names: str) -> None:
    for name in names:
        await opened.ladder.players.register(name, country="KR")


async def play(opened: OpenLadder, games: list[FinalMatch]) -> None:
    """Half of the games, then a file that brings in Ann's ratings anew, then the rest: matches 1, 2, 3 and so on."""
    half = len(games) // 2
    await opened.ladder.recorder.record_batch(games[:half])
    lines = [",".join(COLUMNS), f",Ann,KR,bw_zerg,1700,9,5,3,1,{to_iso(NOW_US - 280 * MICROSECONDS_PER_DAY)}"]
    await opened.ladder.administration.perform(ImportEntries(text="\n".join(lines), by=Attribution(actor="toprung")))
    await opened.ladder.recorder.record_batch(games[half:])


@pytest.fixture(params=SYSTEMS)
async def opened(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[OpenLadder]:
    """Four players and a season of games, on each database and by each rating system."""
    async with opened_ladder(database, rating_system=request.param, inactivity_days="off") as found:
        await join(found, *NAMES)
        await play(found, season())
        yield found


async def entries(opened: OpenLadder) -> list[Entry]:
    return [stored.entry for stored in await opened.storage.read(lambda tx: list(tx.entries.stored()))]


async def tables(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is stored."""
    return {name: await database.run(f"select * from {name} order by 1") for name in TABLES}


async def tamper(database: Database, statement: str) -> None:
    """Runs a statement without the triggers that keep the journal from being changed."""
    unguard = {
        "sqlite": ("drop trigger rating_journal_no_update", "drop trigger rating_journal_no_delete"),
        "postgresql": ("alter table rating_journal disable trigger rating_journal_append_only",),
    }[database.kind]
    await database.run(*unguard, statement)


async def verified(opened: OpenLadder) -> list[str]:
    return await opened.ladder.verification.verify(no_progress)


async def correct(opened: OpenLadder, number: int, result: MatchResult | None) -> CorrectionOutcome:
    return await opened.ladder.ratings.correct(MatchId(number), result, CORRECTING)


async def page_of(opened: OpenLadder) -> LeaderboardPage:
    return await opened.ladder.leaderboard.get_leaderboard_data(page_size=1_000)


async def the_board_is_as_stored(opened: OpenLadder, database: Database) -> None:
    """The page, which events alone have kept, is the one that a second ladder reads out of the database."""
    assert not opened.ladder.store.is_stale
    async with opened_ladder(database, read_only=True, inactivity_days="off") as other:
        assert await page_of(other) == await page_of(opened)


async def season_with(folder: Path, system: str, number: int, result: MatchResult) -> list[Entry]:
    """The entries of another ladder, on which that game's result was right from the start."""
    games = season()
    old = games[number - 1]
    games[number - 1] = FinalMatch(
        source_key=old.source_key, sides=old.sides, result=result, ended_at_us=old.ended_at_us
    )
    path = folder / f"right-{system}-{number}-{result}.db"
    async with opened_ladder(Database("sqlite", f"sqlite:///{path}"), rating_system=system) as right:
        await join(right, *NAMES)
        await play(right, games)
        return await entries(right)


def result_of(number: int) -> MatchResult:
    return season()[number - 1].result


@pytest.mark.parametrize("number", [1, 7, GAMES])
async def test_a_corrected_ladder_is_the_one_on_which_the_result_was_right_from_the_start(
    opened: OpenLadder, database: Database, tmp_path: Path, number: int
) -> None:
    right = OTHERWISE[result_of(number)]
    before = {entry.id: entry for entry in await entries(opened)}
    outcome = await correct(opened, number, right)
    after = await entries(opened)
    assert after == await season_with(tmp_path, opened.wired.settings.rating_system or "", number, right)
    moved = [entry for entry in after if entry != before[entry.id]]
    assert {move.entry_id for move in outcome.moves} == {entry.id for entry in moved}
    for move in outcome.moves:
        entry = next(entry for entry in moved if entry.id == move.entry_id)
        assert (move.mmr_before, move.mmr_after) == (before[entry.id].mmr, entry.mmr)
        assert (move.player_name, move.race) == (NAMES[entry.player_id - 1], entry.race)
    sizes = [abs(move.mmr_after - move.mmr_before) for move in outcome.moves]
    assert sizes == sorted(sizes, reverse=True)
    assert (outcome.before, outcome.after) == (result_of(number), right)
    await the_board_is_as_stored(opened, database)
    assert await verified(opened) == []


async def test_a_preview_says_what_the_correction_then_does_and_changes_nothing(
    opened: OpenLadder, database: Database
) -> None:
    for result in (None, OTHERWISE[result_of(3)], result_of(3)):
        before = await tables(database)
        if result != (await opened.ladder.matches.get(MatchId(3))).match.standing_result:
            preview = await opened.ladder.ratings.preview(MatchId(3), result)
            assert preview.moves
            assert await tables(database) == before
            assert await correct(opened, 3, result) == preview


async def test_rows_of_the_journal_are_superseded_and_stay_as_they_were(opened: OpenLadder, database: Database) -> None:
    query = "select id, match_id, entry_id, kind, after_mmr, revises, revision from rating_journal order by id"
    whole = "select * from rating_journal order by id"
    first, first_whole = await database.run(query), await database.run(whole)
    assert {row[5:] for row in first} == {(None, 1)}
    outcome = await correct(opened, 2, None)
    second, second_whole = await database.run(query), await database.run(whole)
    assert second_whole[: len(first)] == first_whole
    added = second[len(first) :]
    assert len(added) == outcome.rated_anew >= 2
    of_old = {row[0]: row for row in first}
    assert [of_old[row[5]][1:4] for row in added] == [row[1:4] for row in added]
    assert {row[6] for row in added} == {2}
    assert await correct(opened, 2, result_of(2))
    third, third_whole = await database.run(query), await database.run(whole)
    assert third_whole[: len(second)] == second_whole
    assert {row[6] for row in third[len(second) :]} == {3}
    current = await opened.storage.read(lambda tx: tx.journal.current())
    assert [(row.position, row.after.mmr) for row in current] == [(row[0], row[4]) for row in first]


@pytest.mark.parametrize("result", [OTHERWISE[result_of(5)], None])
async def test_the_same_correction_again_is_refused_and_changes_nothing(
    opened: OpenLadder, database: Database, result: MatchResult | None
) -> None:
    await correct(opened, 5, result)
    before = await tables(database)
    with pytest.raises(InvalidInput, match=r"Match 5 .* already") as refused:
        await correct(opened, 5, result)
    assert refused.value.field == "result"
    with pytest.raises(InvalidInput, match="already"):
        await opened.ladder.ratings.preview(MatchId(5), result)
    assert await tables(database) == before


@pytest.mark.parametrize("reason", ["", "  \n", "x" * (REASON_MAX_CODE_POINTS + 1)])
async def test_a_correction_without_a_reason_is_refused(opened: OpenLadder, database: Database, reason: str) -> None:
    before = await tables(database)
    with pytest.raises(InvalidInput, match="needs a reason") as refused:
        await opened.ladder.ratings.correct(MatchId(1), None, Attribution(actor="admin Eve", reason=reason))
    assert refused.value.field == "reason"
    assert await tables(database) == before


async def test_a_match_that_is_not_there_is_not_found(opened: OpenLadder, database: Database) -> None:
    before = await tables(database)
    with pytest.raises(NotFound, match="no match 99"):
        await correct(opened, 99, None)
    with pytest.raises(NotFound, match="no match 99"):
        await opened.ladder.ratings.preview(MatchId(99), WON)
    assert await tables(database) == before


async def test_a_correction_is_audited_with_who_why_and_what_moved(opened: OpenLadder, database: Database) -> None:
    before = result_of(4)
    outcome = await opened.ladder.ratings.correct(MatchId(4), None, Attribution(actor="admin Eve", reason="  a smurf "))
    rows = await database.run("select at_us, actor, action, subject, reason, details from audit order by id")
    assert rows.pop(0)[2] == "import_entries"
    assert [row[:5] for row in rows] == [(NOW_US, "admin Eve", "correct_match", "match 4", "a smurf")]
    moves = [[move.player_id, move.race, move.mmr_before, move.mmr_after] for move in outcome.moves]
    assert json.loads(rows[0][5]) == {"before": before.value, "after": None, "moves": moves}


async def test_a_correction_tells_the_entries_as_they_now_are(opened: OpenLadder, database: Database) -> None:
    listener = Listener()
    opened.ladder.bus.subscribe(listener.hear)
    for result in (None, OTHERWISE[result_of(6)]):
        listener.heard.clear()
        outcome = await correct(opened, 6, result)
        moved, event = [change.event for change in listener.heard]
        state = MatchState.VOIDED if result is None else MatchState.COMPLETED
        assert moved == MatchMoved(match_id=MatchId(6), state=state, deadline_us=None)
        assert isinstance(event, MatchRatingCorrected)
        assert event.match_id == 6
        assert {entry.id for entry in event.entries} == {move.entry_id for move in outcome.moves}
        stored = await entries(opened)
        assert all(entry in stored for entry in event.entries)
        await the_board_is_as_stored(opened, database)


async def test_a_correction_that_moves_more_than_can_be_told_makes_the_board_be_read_anew(
    opened: OpenLadder, database: Database
) -> None:
    engine = ENGINES[opened.wired.settings.rating_system or "glicko2"]
    ratings = RatingService(
        unit_of_work=opened.ladder.unit_of_work,
        backups=opened.storage,
        clock=opened.ladder.clock,
        engine=engine,
        rater=MatchRater(engine),
        steps=opened.ladder.steps,
        entries_told_max=1,
    )
    listener = Listener()
    opened.ladder.bus.subscribe(listener.hear)
    outcome = await ratings.correct(MatchId(1), OTHERWISE[result_of(1)], CORRECTING)
    assert [change.event for change in listener.heard][1:] == [LadderReloaded(entries=len(outcome.moves))]
    await the_board_is_as_stored(opened, database)


async def test_voiding_the_only_game_of_two_takes_them_off_the_board(opened: OpenLadder, database: Database) -> None:
    await join(opened, "Fay", "Gus")
    recorded = await opened.ladder.recorder.record(game(50, 5, 6, WON))
    assert recorded is not None
    listed = {row.player_name for row in (await page_of(opened)).players}
    await correct(opened, recorded.match_id, None)
    assert listed - {row.player_name for row in (await page_of(opened)).players} == {"Fay", "Gus"}
    await the_board_is_as_stored(opened, database)
    assert [entry.state.games_played for entry in (await entries(opened))[-2:]] == [0, 0]
    assert await verified(opened) == []


steps = st.tuples(
    st.integers(1, 4), st.integers(1, 3), st.sampled_from((WON, LOST, DRAW)), st.sampled_from(RACES)
) | st.tuples(st.integers(1, 12), st.sampled_from(RESULTS))


@pytest.mark.parametrize("system", SYSTEMS)
@given(taken=st.lists(steps, min_size=2, max_size=16))
@settings(max_examples=12)
async def test_any_matches_and_corrections_leave_a_ladder_in_order(system: str, taken: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory(prefix="toprung-") as folder:
        database = Database("sqlite", f"sqlite:///{folder}/ladder.db")
        async with opened_ladder(database, rating_system=system, inactivity_days="off") as opened:
            await join(opened, *NAMES)
            results: list[MatchResult | None] = []
            for step in taken:
                if len(step) == 4:
                    one, shift, result, race = step
                    other = (one + shift - 1) % 4 + 1
                    results.append(result)
                    await opened.ladder.recorder.record(game(len(results), one, other, result, (race, RACES[0])))
                elif step[0] <= len(results) and results[step[0] - 1] is not step[1]:
                    results[step[0] - 1] = step[1]
                    await correct(opened, *step)
            stored = await opened.storage.read(lambda tx: tx.lookups.matches(len(results) + 1))
            assert [match.standing_result for match in reversed(stored)] == results
            assert await verified(opened) == []
            await the_board_is_as_stored(opened, database)
            before = await tables(database)
            assert (await opened.ladder.ratings.recompute(no_progress)).changed == 0
            after = await tables(database)
            assert after | {"audit": after["audit"][:-1]} == before


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
