"""The client of the admin API, against the API itself and against servers that do not behave."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from starlette.responses import PlainTextResponse

from tests.adapters.admin_servers import ADDRESS, ANN, API, GAME, answering, client_of
from tests.interfaces.cli.ladder import Ladder, Standing, csv_of
from tests.support.composed import NEWCOMER_LOST_MMR, NEWCOMER_WON_MMR
from toprung.adapters.admin_client import AdminRefused
from toprung.application.organising.match_operations import CorrectMatch
from toprung.application.organising.operation import NOBODY_YET
from toprung.application.organising.operations import Administration
from toprung.application.organising.player_operations import (
    BanPlayer,
    RegisterPlayer,
    RenamePlayer,
    RestorePlayer,
    SetCountry,
    UnbanPlayer,
)
from toprung.application.organising.rating_operations import Recomputed, RecomputeRatings
from toprung.application.organising.transfer_operations import ImportEntries, ImportGames
from toprung.application.ratings.rating_service import CorrectionOutcome, Move
from toprung.application.transfer.import_service import ImportSummary
from toprung.application.transfer.table_file import PROBLEMS_LISTED_MAX, ImportRefused
from toprung.application.writing.audit import Attribution, Counts
from toprung.domain.errors import Conflict, InvalidInput, NotFound, StorageUnavailable, ToprungError
from toprung.domain.matches.match import MatchId, MatchResult, MatchState
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import EntryId


async def test_an_import_reports_progress_and_what_it_did() -> None:
    told: list[tuple[int, int]] = []
    async with client_of(Ladder()) as client:
        text = csv_of([{"player_name": "김민철"}, {"player_name": "Иван", "race": "bw_terran"}])
        summary = await client.perform(ImportEntries(text=text, by=API), lambda done, total: told.append((done, total)))
    assert summary == ImportSummary(
        rows=2, players=Counts(new=2), ratings=Counts(new=2), backup="ladder.db.before-import"
    )
    assert told[-1] == (2, 2)


async def test_an_import_that_is_refused_says_every_line_that_is_wrong() -> None:
    async with client_of(Ladder()) as client:
        with pytest.raises(ImportRefused) as refused:
            await client.perform(
                ImportEntries(text=csv_of([{"player_name": "Maru", "mmr": "much", "country": "UK"}]), by=API)
            )
    assert [(problem.line, problem.column) for problem in refused.value.problems] == [(2, "country"), (2, "mmr")]
    assert refused.value.problem_count == 2
    assert "2 problems" in str(refused.value)


async def test_a_list_of_problems_that_was_cut_keeps_its_count() -> None:
    rows = [{"player_name": f"Player {number}", "mmr": "?"} for number in range(PROBLEMS_LISTED_MAX + 5)]
    async with client_of(Ladder()) as client:
        with pytest.raises(ImportRefused) as refused:
            await client.perform(ImportEntries(text=csv_of(rows), by=API))
    assert len(refused.value.problems) == PROBLEMS_LISTED_MAX
    assert refused.value.problem_count == PROBLEMS_LISTED_MAX + 5
    assert str(PROBLEMS_LISTED_MAX + 5) in str(refused.value)


async def test_games_are_imported_with_the_name_of_their_source() -> None:
    ladder = Ladder()
    async with client_of(ladder) as client:
        summary = await client.perform(ImportGames(text=GAME, source="World Cup & more", by=API))
        again = await client.perform(ImportGames(text=GAME, source="World Cup & more", by=API))
    assert (summary.matches.new, summary.players.new, again.matches.new) == (1, 2, 0)
    assert [match.source_key for match in ladder.storage.database.played.matches.values()] == ["World Cup & more:7"]


async def test_players_are_added_and_changed() -> None:
    ladder = Ladder()
    async with client_of(ladder) as client:
        added = await client.perform(RegisterPlayer(name="Maru", country="kr", by=ANN))
        assert added == Player(id=PlayerId(1), name="Maru", country="KR")
        assert (await client.perform(RenamePlayer(name="Maru", new_name="마루", by=ANN))).name == "마루"
        assert (await client.perform(SetCountry(name="마루", country=None, by=ANN))).country is None
        assert (await client.perform(BanPlayer(name="마루", by=ANN))).is_banned
        assert not (await client.perform(UnbanPlayer(name="마루", by=ANN))).is_banned
    rows = [(row.actor, row.action, row.reason) for row in ladder.storage.database.audit]
    assert rows == [("cli:ann", action, "왜 & why") for action in ("register", "rename", "set_country", "ban", "unban")]


async def test_a_correction_is_shown_and_made_as_in_the_process_that_holds_the_ladder() -> None:
    ladder = Ladder()
    async with client_of(ladder) as client:
        await client.perform(ImportGames(text=GAME, source="cup", by=API))
        preview = await client.preview(CorrectMatch(match_id=MatchId(1), result=MatchResult.SIDE_2_WON, by=NOBODY_YET))
        assert [row.action for row in ladder.storage.database.audit] == ["import_games"]
        assert ladder.storage.database.played.matches[MatchId(1)].result is MatchResult.SIDE_1_WON
        done = await client.perform(
            CorrectMatch(
                match_id=MatchId(1), result=MatchResult.SIDE_2_WON, by=Attribution(actor="cli:ann", reason="왜 & why")
            )
        )
    moves = (
        Move(
            entry_id=EntryId(1),
            player_id=PlayerId(1),
            player_name="Maru",
            race="sc2_terran",
            mmr_before=NEWCOMER_WON_MMR,
            mmr_after=NEWCOMER_LOST_MMR,
        ),
        Move(
            entry_id=EntryId(2),
            player_id=PlayerId(2),
            player_name="Serral",
            race="sc2_zerg",
            mmr_before=NEWCOMER_LOST_MMR,
            mmr_after=NEWCOMER_WON_MMR,
        ),
    )
    assert done == CorrectionOutcome(
        match_id=MatchId(1),
        before=MatchResult.SIDE_1_WON,
        after=MatchResult.SIDE_2_WON,
        moves=moves,
        rated_anew=2,
    )
    assert preview == done
    imported, corrected = ladder.storage.database.audit
    assert (imported.actor, imported.action) == ("api", "import_games")
    assert (corrected.actor, corrected.reason) == ("cli:ann", "왜 & why")


async def test_a_match_is_made_void_and_counts_again() -> None:
    ladder = Ladder()
    async with client_of(ladder) as client:
        await client.perform(ImportGames(text=GAME, source="cup", by=API))
        void = await client.perform(
            CorrectMatch(match_id=MatchId(1), result=None, by=Attribution(actor="cli", reason="x"))
        )
        assert ladder.storage.database.played.matches[MatchId(1)].state is MatchState.VOIDED
        back = await client.perform(
            CorrectMatch(match_id=MatchId(1), result=MatchResult.DRAW, by=Attribution(actor="cli", reason="x"))
        )
    assert (void.before, void.after) == (MatchResult.SIDE_1_WON, None)
    assert (back.before, back.after) == (None, MatchResult.DRAW)
    assert ladder.storage.database.played.matches[MatchId(1)].state is MatchState.COMPLETED


async def test_recomputing_says_how_many_entries_came_out_otherwise() -> None:
    ladder = Ladder()
    async with client_of(ladder) as client:
        await client.perform(ImportGames(text=GAME, source="cup", by=API))
        assert await client.perform(RecomputeRatings(by=ANN)) == Recomputed(entries_changed=0, entries_unchanged=2)
        entries = ladder.storage.database.entries
        entries[EntryId(2)] = replace(entries[EntryId(2)], state=replace(entries[EntryId(2)].state, mmr=9999))
        assert await client.perform(RecomputeRatings(by=ANN)) == Recomputed(entries_changed=1, entries_unchanged=1)
    assert ladder.storage.database.entries[EntryId(2)].mmr == NEWCOMER_LOST_MMR
    rows = [(row.actor, row.reason, json.loads(row.details)) for row in ladder.storage.database.audit[1:]]
    counts = [{"new": 0, "changed": 0, "unchanged": 2}, {"new": 0, "changed": 1, "unchanged": 1}]
    assert rows == [("cli:ann", "왜 & why", {"ratings": one}) for one in counts]


async def test_who_brings_a_file_and_what_it_is_called_go_over() -> None:
    ladder = Ladder()
    async with client_of(ladder) as client:
        await client.perform(ImportGames(text=GAME, source="cup", file="World & Cup.csv", by=ANN))
        await client.perform(ImportEntries(text=csv_of([{"player_name": "Byun"}]), file="ratings\u202e.csv", by=ANN))
    rows = [(row.actor, row.reason, json.loads(row.details)) for row in ladder.storage.database.audit]
    assert [(actor, reason) for actor, reason, _ in rows] == [("cli:ann", "왜 & why")] * 2
    assert [details["file"] for _, _, details in rows] == ["World & Cup.csv", "ratings\N{REPLACEMENT CHARACTER}.csv"]
    assert rows[0][2]["sha256"] == hashlib.sha256(GAME.encode()).hexdigest()


@pytest.mark.parametrize(
    "work",
    [
        lambda client: client.preview(CorrectMatch(match_id=MatchId(1), result=None, by=NOBODY_YET)),
        lambda client: client.perform(
            CorrectMatch(match_id=MatchId(1), result=None, by=Attribution(actor="cli", reason="x"))
        ),
        lambda client: client.perform(RecomputeRatings(by=ANN)),
    ],
)
@pytest.mark.parametrize("answer", ["", "[]", '{"match_id": "one"}', '{"entries_changed": null}'])
async def test_a_corrections_answer_of_another_shape_is_said_to_be_one(
    work: Callable[[Administration], Awaitable[object]], answer: str
) -> None:
    async with answering(lambda _request: PlainTextResponse(answer)) as client:
        with pytest.raises(StorageUnavailable, match=f"{ADDRESS} did not answer as this version"):
            await work(client)


@pytest.mark.parametrize(
    ("work", "kind", "words"),
    [
        (lambda client: client.perform(BanPlayer(name="Nobody", by=ANN)), NotFound, "no player called 'Nobody'"),
        (lambda client: client.perform(RestorePlayer(name="Maru", by=ANN)), Conflict, "Nothing is known of Maru"),
        (lambda client: client.perform(RegisterPlayer(name="maru", country=None, by=ANN)), Conflict, "belongs to Maru"),
        (
            lambda client: client.perform(RegisterPlayer(name="Serral", country="UK", by=ANN)),
            InvalidInput,
            "did you mean GB",
        ),
        (
            lambda client: client.perform(RegisterPlayer(name="\x1b[31mred", country=None, by=ANN)),
            InvalidInput,
            "control character",
        ),
        (
            lambda client: client.perform(ImportGames(text="", source="", by=API), lambda _done, _total: None),
            InvalidInput,
            "where the games come from",
        ),
        (
            lambda client: client.preview(CorrectMatch(match_id=MatchId(99), result=None, by=NOBODY_YET)),
            NotFound,
            "no match 99",
        ),
        (
            lambda client: client.perform(
                CorrectMatch(match_id=MatchId(99), result=None, by=Attribution(actor="cli", reason="x"))
            ),
            NotFound,
            "no match 99",
        ),
        (
            lambda client: client.perform(
                CorrectMatch(match_id=MatchId(1), result=None, by=Attribution(actor="cli", reason=" "))
            ),
            InvalidInput,
            "needs a reason",
        ),
    ],
)
async def test_a_refusal_is_raised_as_the_use_case_raised_it(
    work: Callable[[Administration], Awaitable[object]], kind: type[ToprungError], words: str
) -> None:
    async with client_of(Ladder().put(Standing(name="Maru", mmr=1500))) as client:
        with pytest.raises(kind, match=words):
            await work(client)


async def test_the_field_of_a_refusal_comes_along() -> None:
    async with client_of(Ladder()) as client:
        with pytest.raises(InvalidInput) as refused:
            await client.perform(RegisterPlayer(name="Maru", country="UK", by=ANN))
    assert refused.value.field == "country"


async def test_a_wrong_token_is_refused() -> None:
    async with client_of(Ladder(), token="guess") as client:
        with pytest.raises(AdminRefused):
            await client.perform(BanPlayer(name="Maru", by=ANN))
