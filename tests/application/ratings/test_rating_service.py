"""Corrections on both databases, by both rating systems."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.application.ratings.rated_seasons import (
    CORRECTING,
    DRAW,
    GAMES,
    LOST,
    NAMES,
    NOW_US,
    OTHERWISE,
    RACES,
    RESULTS,
    SYSTEMS,
    WON,
    correct,
    entries,
    game,
    join,
    no_progress,
    page_of,
    result_of,
    season_with,
    tables,
    the_board_is_as_stored,
    verified,
)
from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import Listener
from toprung.application.matches.match_rating import MatchRater
from toprung.application.ratings.rating_service import RatingService
from toprung.application.writing.audit import Attribution
from toprung.application.writing.engines import Engines
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS
from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.events import LadderReloaded, MatchMoved, MatchRatingCorrected
from toprung.domain.matches.match import MatchId, MatchResult, MatchState
from toprung.domain.ratings.rating import Entry
from toprung.domain.ratings.rating_system import rating_system

pytest_plugins = ("tests.support.databases",)


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
    # Who is only known better or worse, by games with another race, is no move.
    numbers = {entry.id for entry in moved if _numbers(entry) != _numbers(before[entry.id])}
    assert numbers <= {move.entry_id for move in outcome.moves} <= {entry.id for entry in moved}
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
    engines = Engines(rating_system(opened.wired.settings.rating_system or "glicko2"))
    ratings = RatingService(
        unit_of_work=opened.ladder.unit_of_work,
        backups=opened.storage,
        clock=opened.ladder.clock,
        engines=engines,
        rater=MatchRater(engines),
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


def _numbers(entry: Entry) -> tuple[int, int, int, int]:
    state = entry.state
    return state.mmr, state.games_won, state.games_lost, state.games_drawn
