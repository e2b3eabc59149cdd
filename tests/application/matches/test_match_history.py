"""Looking at matches on both databases: the latest ones, one by its id, and why it changed ratings."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import FakeClock
from tests.support.fakes.matches import final
from toprung.application.matches.match_history import MatchView
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import NotFound
from toprung.domain.listing import LISTED_MAX
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, MatchState, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.ratings.rating import RatingChange

pytest_plugins = ("tests.support.databases",)

WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
NOW_US: Final = FakeClock().now_us()
NAMES: Final = ("Ann", "Bob", "Cid", "Dan")


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[OpenLadder]:
    """An Elo ladder of four players, of whom Dan never plays, and three matches; the last one ended first."""
    async with opened_ladder(database, rating_system="elo") as found:
        for name in NAMES:
            await found.ladder.players.register(name)
        await play(found, "Ann", "Bob", WON)
        await play(found, "Cid", "Ann", DRAW)
        await play(found, "Bob", "Cid", LOST, days_ago=9)
        yield found


async def play(opened: OpenLadder, one: str, other: str, result: MatchResult, *, days_ago: int = 1) -> MatchId:
    number = await opened.storage.read(lambda tx: tx.matches.count())
    sides = [
        (Participant(player_id=(await opened.ladder.players.by_name(name)).id, race="bw_zerg"),)
        for name in (one, other)
    ]
    recorded = await opened.ladder.recorder.record(
        FinalMatch(
            source_key=f"game {number}",
            sides=(sides[0], sides[1]),
            result=result,
            ended_at_us=NOW_US - days_ago * MICROSECONDS_PER_DAY,
            map_name="Fighting Spirit",
        )
    )
    assert recorded is not None
    return recorded.match_id


async def latest(opened: OpenLadder, limit: int, player: str | None = None) -> list[MatchView]:
    return list((await opened.ladder.matches.latest(limit, player)).rows)


async def got(opened: OpenLadder, number: int) -> MatchView:
    return await opened.ladder.matches.get(MatchId(number))


async def correct(opened: OpenLadder, number: int, result: MatchResult | None) -> None:
    await opened.ladder.ratings.correct(MatchId(number), result, Attribution(actor="Eve", reason="a mistake"))


def names_of(view: MatchView) -> tuple[str, str]:
    first, second = view.players
    assert first is not None
    assert second is not None
    return first.name, second.name


def changes_of(view: MatchView) -> tuple[RatingChange, RatingChange]:
    assert view.changes is not None
    return view.changes


async def test_the_match_that_was_recorded_last_comes_first_whenever_it_ended(opened: OpenLadder) -> None:
    views = await latest(opened, 10)
    assert [view.match.id for view in views] == [3, 2, 1]
    assert [names_of(view) for view in views] == [("Bob", "Cid"), ("Cid", "Ann"), ("Ann", "Bob")]


@pytest.mark.parametrize("limit", range(5))
async def test_a_list_has_at_most_as_many_as_were_asked_for(opened: OpenLadder, limit: int) -> None:
    assert [view.match.id for view in await latest(opened, limit)] == [3, 2, 1][:limit]


@pytest.mark.parametrize(
    ("player", "numbers"), [("Ann", [2, 1]), ("Bob", [3, 1]), ("Cid", [3, 2]), ("Dan", []), (" aNN ", [2, 1])]
)
async def test_a_players_matches_are_those_on_either_side_however_the_name_is_typed(
    opened: OpenLadder, player: str, numbers: list[int]
) -> None:
    assert [view.match.id for view in await latest(opened, 10, player)] == numbers
    assert [view.match.id for view in await latest(opened, 1, player)] == numbers[:1]


async def test_a_list_ends_at_the_most_that_is_ever_listed(opened: OpenLadder) -> None:
    match = final((await got(opened, 1)).match)
    for key in range(LISTED_MAX):
        again = FinalMatch(
            source_key=f"more {key}", sides=match.sides, result=match.result, ended_at_us=match.ended_at_us
        )
        if key == 0:
            await opened.ladder.recorder.record(again)
            batch = []
        else:
            batch.append(again)
    await opened.ladder.recorder.record_batch(batch)
    views = await latest(opened, LISTED_MAX + 50)
    assert [view.match.id for view in views] == list(range(LISTED_MAX + 3, 3, -1))


async def test_a_player_who_is_not_there_is_not_found(opened: OpenLadder) -> None:
    with pytest.raises(NotFound, match="no player called 'Zoe'"):
        await latest(opened, 10, "Zoe")


async def test_a_match_is_given_with_its_players_and_what_it_did_first_side_first(opened: OpenLadder) -> None:
    view = await got(opened, 2)
    assert replace(view, reasons=(None, None)) == (await latest(opened, 2))[1]
    assert names_of(view) == ("Cid", "Ann")
    assert (view.match.id, view.match.state, view.match.result) == (2, MatchState.COMPLETED, DRAW)
    assert view.match.map_name == "Fighting Spirit"
    assert [(change.mmr_before, change.mmr_after) for change in changes_of(view)] == [(1500, 1501), (1520, 1519)]
    assert [change.match_id for change in changes_of(view)] == [2, 2]


async def test_a_match_that_is_not_there_is_not_found(opened: OpenLadder) -> None:
    with pytest.raises(NotFound, match="no match 4"):
        await got(opened, 4)


async def test_a_win_and_a_loss_are_explained_from_both_sides(opened: OpenLadder) -> None:
    assert (await got(opened, 1)).explanation() == [
        "Ann won against Bob and went from 1500 to 1520 (+20).",
        "Expected to score 50% and scored 100%: more than expected, so the rating goes up.",
        "Bob lost against Ann and went from 1500 to 1480 (-20).",
        "Expected to score 50% and scored 0%: less than expected, so the rating goes down.",
    ]


async def test_a_draw_is_explained_from_both_sides(opened: OpenLadder) -> None:
    assert (await got(opened, 2)).explanation() == [
        "Cid drew against Ann and went from 1500 to 1501 (+1).",
        "Expected to score 48% and scored 50%: as expected, so little changes.",
        "Ann drew against Cid and went from 1520 to 1519 (-1).",
        "Expected to score 52% and scored 50%: as expected, so little changes.",
    ]


async def test_a_void_match_is_shown_as_void_and_explained_so(opened: OpenLadder) -> None:
    await correct(opened, 1, None)
    view = await got(opened, 1)
    assert (view.match.state, view.match.result, view.match.standing_result) == (MatchState.VOIDED, WON, None)
    assert view.explanation() == [
        "Ann stays at 1500: the match is void and counts for nothing.",
        "Bob stays at 1500: the match is void and counts for nothing.",
    ]


async def test_a_corrected_match_and_those_after_it_say_that_they_are_revised(opened: OpenLadder) -> None:
    revised = "This is revision {}: a correction changed this match, or one before it."
    await correct(opened, 2, LOST)
    assert "revision" not in " ".join((await got(opened, 1)).explanation())
    sentences = (await got(opened, 2)).explanation()
    assert sentences[0] == "Cid lost against Ann and went from 1500 to 1481 (-19)."
    assert [sentences[2], sentences[5]] == [revised.format(2)] * 2
    later = await got(opened, 3)
    assert [(change.mmr_before, change.revision) for change in changes_of(later)] == [(1480, 2), (1481, 2)]
    await correct(opened, 2, WON)
    assert [sentence for sentence in (await got(opened, 2)).explanation() if "revision" in sentence] == [
        revised.format(3)
    ] * 2


async def test_an_unsure_glicko2_rating_is_explained_by_how_little_is_known(database: Database) -> None:
    async with opened_ladder(database, rating_system="glicko2") as opened:
        for name in ("Ann", "Bob"):
            await opened.ladder.players.register(name)
        await play(opened, "Ann", "Bob", WON)
        ann, _, ann_why, bob, _, bob_why = (await got(opened, 1)).explanation()
    assert ann.startswith("Ann won against Bob and went from 1500 to 1662")
    assert bob.startswith("Bob lost against Ann and went from 1500 to 1338")
    assert ann_why == bob_why
    assert ann_why.startswith("The rating was sure to ± 350, and is now to ± 290; the less sure it is")
