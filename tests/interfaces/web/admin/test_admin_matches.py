"""Correcting matches and recomputing ratings over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder
from tests.support.composed import NEWCOMER_LOST_MMR, NEWCOMER_WON_MMR
from toprung.application.organising.match_operations import CorrectMatch
from toprung.application.writing.audit import Attribution
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.ratings.rating import EntryId

KNOWN_MATCH_ID = MatchId(1)
CORRECTION = f"/matches/{KNOWN_MATCH_ID}/correction"
GOOD = {"result": "side_2_won", "reason": "The replay shows it."}


@pytest.fixture
async def ladder() -> Ladder:
    """A ladder where Maru won a match against Serral."""
    ladder = Ladder()
    maru, serral = [(await ladder.use_cases.players.register(name)).id for name in ("Maru", "Serral")]
    match = FinalMatch(
        source_key="cup",
        sides=(
            (Participant(player_id=maru, race="sc2_terran"),),
            (Participant(player_id=serral, race="sc2_zerg"),),
        ),
        result=MatchResult.SIDE_1_WON,
        ended_at_us=ladder.clock.now_us(),
    )
    await ladder.use_cases.recorder.record(match)
    return ladder


def corrections(ladder: Ladder) -> list[CorrectMatch]:
    return [one for one in ladder.administration.performed if isinstance(one, CorrectMatch)]


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=ladder.app)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://ladder.test/api/v1/admin", headers=headers
    ) as it:
        yield it


@pytest.mark.parametrize("path", [CORRECTION, "/matches/99/correction", "/ratings/recompute"])
@pytest.mark.parametrize("header", [None, "Bearer guess", f"Basic {ADMIN_TOKEN}"])
async def test_without_the_token_nothing_is_said_or_done(ladder: Ladder, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with ladder.client() as client:
        response = await client.post(f"/api/v1/admin{path}", json=GOOD, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthorized")
    assert corrections(ladder) == []


async def test_a_preview_says_what_would_be_and_changes_nothing(ladder: Ladder, client: httpx.AsyncClient) -> None:
    response = await client.post(CORRECTION, json={"result": "side_2_won", "preview": True})
    assert response.status_code == 200
    assert response.json() == {
        "match_id": "1",
        "before": "side_1_won",
        "after": "side_2_won",
        "moves": [
            {
                "entry_id": "1",
                "player_id": "1",
                "player_name": "Maru",
                "race": "sc2_terran",
                "mmr_before": NEWCOMER_WON_MMR,
                "mmr_after": NEWCOMER_LOST_MMR,
            },
            {
                "entry_id": "2",
                "player_id": "2",
                "player_name": "Serral",
                "race": "sc2_zerg",
                "mmr_before": NEWCOMER_LOST_MMR,
                "mmr_after": NEWCOMER_WON_MMR,
            },
        ],
        "rated_anew": 2,
    }
    assert corrections(ladder) == []


async def test_a_correction_answers_as_its_preview_does(client: httpx.AsyncClient) -> None:
    preview = await client.post(CORRECTION, json={**GOOD, "preview": True})
    done = await client.post(CORRECTION, json=GOOD)
    assert (done.status_code, done.json()) == (200, preview.json())


@pytest.mark.parametrize("result", [*MatchResult, None])
@pytest.mark.parametrize(("said", "actor"), [({"actor": "discord:Ann"}, "discord:Ann"), ({}, "api")])
async def test_a_correction_passes_on_the_result_the_reason_and_who_asked(
    ladder: Ladder, client: httpx.AsyncClient, result: MatchResult | None, said: dict[str, str], actor: str
) -> None:
    if result is MatchResult.SIDE_1_WON:  # it counts so already, which is nothing to correct
        await client.post(CORRECTION, json={"result": None, "reason": "first"})
    response = await client.post(CORRECTION, json={"result": result, "reason": "왜", **said})
    assert (response.status_code, response.json()["after"]) == (200, result)
    assert corrections(ladder)[-1] == CorrectMatch(
        match_id=KNOWN_MATCH_ID, result=result, by=Attribution(actor=actor, reason="왜")
    )


@pytest.mark.parametrize("preview", [True, False])
async def test_a_match_that_is_not_there(ladder: Ladder, client: httpx.AsyncClient, preview: bool) -> None:
    response = await client.post("/matches/99/correction", json={**GOOD, "preview": preview})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (404, "not_found")
    assert "no match 99" in error["message"]
    assert corrections(ladder) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**GOOD, "result": "side_3_won"}, "result"),
        ({**GOOD, "result": "void"}, "result"),
        ({**GOOD, "result": 1}, "result"),
        ({"reason": "x"}, "result"),
        ({"result": None}, "reason"),
        ({**GOOD, "reason": "x" * (REASON_MAX_CODE_POINTS + 1)}, "reason"),
        ({**GOOD, "reason": None}, "reason"),
        ({**GOOD, "actor": ""}, "actor"),
        ({**GOOD, "actor": "x" * 101}, "actor"),
        ({**GOOD, "preview": "perhaps"}, "preview"),
        ({**GOOD, "mmr": 3000}, "mmr"),
        ([], "body"),
    ],
)
async def test_what_is_refused(ladder: Ladder, client: httpx.AsyncClient, body: object, field: str) -> None:
    response = await client.post(CORRECTION, json=body)
    assert (response.status_code, response.json()["error"]["field"]) == (422, field)
    assert corrections(ladder) == []


async def test_the_longest_reason_is_taken(ladder: Ladder, client: httpx.AsyncClient) -> None:
    reason = "x" * REASON_MAX_CODE_POINTS
    assert (await client.post(CORRECTION, json={"result": None, "reason": reason})).status_code == 200
    assert corrections(ladder)[0].by.reason == reason


@pytest.mark.parametrize("match_id", ["0", "-1", str(2**63), "1" * 60, "one", "1.5"])
async def test_an_id_that_no_match_can_have(client: httpx.AsyncClient, match_id: str) -> None:
    response = await client.post(f"/matches/{match_id}/correction", json=GOOD)
    assert (response.status_code, response.json()["error"]["field"]) == (422, "match_id")


async def test_the_largest_id_is_only_not_there(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"/matches/{2**63 - 1}/correction", json=GOOD)).status_code == 404


async def test_recomputing_says_how_many_entries_came_out_otherwise(ladder: Ladder, client: httpx.AsyncClient) -> None:
    entries = ladder.storage.database.entries
    entries[EntryId(2)] = replace(entries[EntryId(2)], state=replace(entries[EntryId(2)].state, mmr=9999))
    entries[EntryId(3)] = replace(entries[EntryId(1)], id=EntryId(3), race="bw_zerg")
    response = await client.post("/ratings/recompute")
    # The third one, to which no row leads, hears what is known of its player.
    assert (response.status_code, response.json()) == (200, {"entries_changed": 2, "entries_unchanged": 1})


async def test_the_answers_are_as_they_are_described(ladder: Ladder, client: httpx.AsyncClient) -> None:
    async with ladder.client() as anybody:
        document: dict[str, Any] = (await anybody.get("/openapi.json")).json()
    operation = document["paths"]["/api/v1/admin/matches/{match_id}/correction"]["post"]
    assert set(operation["responses"]) == {"200", "401", "404", "408", "409", "413", "422", "429", "503"}
    assert operation["security"] == [{"HTTPBearer": []}]
    (match_id,) = operation["parameters"]
    assert (match_id["schema"]["minimum"], match_id["schema"]["maximum"]) == (1, 2**63 - 1)
    schemas = document["components"]["schemas"]
    assert set(schemas["CorrectionBody"]["required"]) == {"result"}
    assert schemas["CorrectionBody"]["additionalProperties"] is False
    answer = (await client.post(CORRECTION, json=GOOD)).json()
    assert set(schemas["CorrectionAnswer"]["properties"]) == set(answer)
    assert set(schemas["MoveAnswer"]["properties"]) == set(answer["moves"][0])
    recompute = document["paths"]["/api/v1/admin/ratings/recompute"]["post"]
    assert set(recompute["responses"]) == {"200", "401", "408", "409", "413", "422", "429", "503"}
    assert set(schemas["RecomputeAnswer"]["properties"]) == {"entries_changed", "entries_unchanged"}
