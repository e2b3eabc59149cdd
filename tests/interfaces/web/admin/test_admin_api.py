"""The organiser's operations over HTTP."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder, summary_of
from tests.support.map_links import ASIA, PAGE, with_links
from toprung.application.organising.transfer_operations import ImportGames
from toprung.application.ports.progress import Progress
from toprung.application.transfer.import_service import ImportSummary
from toprung.application.transfer.table_file import ImportRefused, Problem
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import StorageUnavailable
from toprung.interfaces.texts.texts import load_texts
from toprung.interfaces.texts.wording import Wording
from toprung.interfaces.web.admin.admin_imports import ImportStream

CSV = "discord_id,player_name\n1,Maru\n2,Serral\n"


@pytest.fixture
def ladder() -> Ladder:
    return Ladder()


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=ladder.app)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://ladder.test/api/v1/admin", headers=headers
    ) as it:
        yield it


def lines_of(response: httpx.Response) -> list[dict[str, object]]:
    assert response.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]


async def test_an_open_match_says_where_its_map_is() -> None:
    ladder = Ladder(catalog=with_links(Ladder().catalog, PAGE, ASIA))
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    transport = httpx.ASGITransport(app=ladder.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x/api/v1/admin", headers=headers) as client:
        for name in ("Maru", "Serral"):
            await client.post("/players", json={"name": name})
        body = {"player_1": "Maru", "race_1": "bw_zerg", "player_2": "Serral", "race_2": "bw_zerg"}
        opened = (await client.post("/open-match", json=body)).json()
        assert opened["map_links"] == [
            {"game_region": None, "address": PAGE.address},
            {"game_region": "Asia", "address": ASIA.address},
        ]
        assert (await client.get("/matches")).json()["matches"] == [opened]


async def test_a_players_life(client: httpx.AsyncClient) -> None:
    added = await client.post("/players", json={"name": "Maru", "country": "kr"})
    assert added.json() == {
        "player_id": "1",
        "player_name": "Maru",
        "country": "KR",
        "region": None,
        "in_game_names": [],
        "handles": [],
        "is_banned": False,
    }
    renamed = await client.post("/players/rename", json={"name": "Maru", "new_name": "마루"})
    assert renamed.json()["player_name"] == "마루"
    moved = await client.post("/players/country", json={"name": "마루", "country": None})
    assert moved.json()["country"] is None
    banned = await client.post("/players/ban", json={"name": "마루"})
    assert banned.json()["is_banned"] is True
    unbanned = await client.post("/players/unban", json={"name": "마루"})
    assert unbanned.json()["is_banned"] is False


async def test_who_came_back_is_given_the_old_entry(ladder: Ladder, client: httpx.AsyncClient) -> None:
    for name in ("Old", "마루"):
        await ladder.use_cases.accounts.answer(
            7, language="en", accepts_terms=True, name=name, in_game_name="x#1", country="KR", region="KRJ"
        )
        await ladder.use_cases.accounts.finish(7)
        if name == "Old":
            await client.post("/players/rating", json={"name": "Old", "race": "bw_zerg", "mmr": 1600, "reason": "x"})
            await ladder.use_cases.accounts.forget(7)
    restored = await client.post("/players/restore", json={"name": "마루", "reason": "x"})
    assert (restored.json()["player_id"], restored.json()["player_name"]) == ("1", "마루")


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("/players", {"name": "Taken"}, 409, "conflict", None),
        ("/players", {"name": "\u202eevil"}, 422, "invalid_name", "player_name"),
        ("/players", {"name": "a\u0000b"}, 422, "invalid_name", "player_name"),
        ("/players", {"name": "Maru", "country": "Q1"}, 422, "unknown_country", "country"),
        ("/players", {"name": "Maru", "admin": True}, 422, "invalid_input", "admin"),
        ("/players", {"country": "KR"}, 422, "invalid_input", "name"),
        ("/players", {"name": ["Maru"]}, 422, "invalid_input", "name"),
        ("/players", [], 422, "invalid_input", "body"),
        ("/players/country", {"name": "Taken"}, 422, "invalid_input", "country"),
        ("/players/ban", {"name": "Nobody"}, 404, "not_found", None),
        ("/players/restore", {"name": "Nobody"}, 404, "not_found", None),
        ("/players/restore", {"name": "Taken", "former": 1}, 422, "invalid_input", "former"),
        ("/players/rename", {"name": "Nobody", "new_name": "Somebody"}, 404, "not_found", None),
    ],
)
async def test_what_is_refused(
    client: httpx.AsyncClient, path: str, body: object, status: int, code: str, field: str | None
) -> None:
    await client.post("/players", json={"name": "Taken"})
    response = await client.post(path, json=body)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["field"]) == (status, code, field)


@pytest.mark.parametrize("body", [b"{", b"\xff", b""])
async def test_a_body_that_is_no_json(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/players", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")


async def test_an_import_tells_its_progress_and_its_summary(ladder: Ladder, client: httpx.AsyncClient) -> None:
    def work(text: str, progress: Progress) -> ImportSummary:
        assert threading.current_thread() is not threading.main_thread()
        for done in range(1, 10_001):
            progress(done, 10_000)
        return summary_of(text)

    ladder.administration.next_import = work
    lines = lines_of(await client.post("/import-entries", content=CSV))

    assert lines[-1] == {
        "summary": {
            "rows": 2,
            "players": {"new": 2, "changed": 0, "unchanged": 0},
            "ratings": {"new": 2, "changed": 0, "unchanged": 0},
            "matches": {"new": 0, "changed": 0, "unchanged": 0},
            "backup": None,
        }
    }
    assert lines[-2] == {"progress": [10_000, 10_000]}
    assert len(lines) < 100  # throttled: not a line a row
    assert all(set(line) == {"progress"} for line in lines[:-1])


async def test_games_come_with_their_source(ladder: Ladder, client: httpx.AsyncClient) -> None:
    ladder.administration.next_import = lambda text, progress: summary_of(text)
    lines = lines_of(await client.post("/import-games?source=old+league", content=CSV))
    assert "summary" in lines[-1]
    assert ladder.administration.performed == [ImportGames(text=CSV, source="old league", by=Attribution(actor="api"))]


@pytest.mark.parametrize("query", ["", "?source=", "?source=" + "x" * 101])
async def test_games_need_a_source(client: httpx.AsyncClient, query: str) -> None:
    response = await client.post(f"/import-games{query}", content=CSV)
    assert (response.status_code, response.json()["error"]["field"]) == (422, "source")


async def test_a_refused_import_lists_the_lines_to_mend(ladder: Ladder, client: httpx.AsyncClient) -> None:
    def work(text: str, progress: Progress) -> ImportSummary:
        raise ImportRefused([Problem(line=3, column="mmr", reason="'abc' is not a whole number")] * 1_500)

    ladder.administration.next_import = work
    (line,) = lines_of(await client.post("/import-entries", content=CSV))

    error = line["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["problem_count"], len(error["problems"])) == ("import_refused", 1_500, 1_000)
    assert error["problems"][0] == {"line": 3, "column": "mmr", "reason": "'abc' is not a whole number"}


@pytest.mark.parametrize(
    ("failure", "code"),
    [(StorageUnavailable("The disk is full."), "storage_unavailable"), (RuntimeError("secret detail"), "internal")],
)
async def test_an_import_that_fails_says_so_in_its_last_line(
    ladder: Ladder, client: httpx.AsyncClient, failure: Exception, code: str
) -> None:
    def work(text: str, progress: Progress) -> ImportSummary:
        raise failure

    ladder.administration.next_import = work
    response = await client.post("/import-entries", content=CSV)
    (line,) = lines_of(response)
    error = line["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["problems"], error["problem_count"]) == (code, [], 0)
    assert "secret" not in response.text


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00"])
async def test_a_file_that_is_not_text(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/import-entries", content=body)
    assert (response.status_code, response.json()["error"]["field"]) == (422, "body")


async def test_an_import_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    response = await client.post("/import-entries", content=b"", headers={"Content-Length": str(2**40)})
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")


async def test_one_import_at_a_time(ladder: Ladder, client: httpx.AsyncClient) -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def work(text: str, progress: Progress) -> ImportSummary:
        has_begun.set()
        assert may_end.wait(10)
        return summary_of(text)

    ladder.administration.next_import = work
    first = asyncio.ensure_future(client.post("/import-entries", content=CSV))
    assert await asyncio.to_thread(has_begun.wait, 10)
    second = await client.post("/import-entries", content=CSV)
    may_end.set()

    assert (second.status_code, second.json()["error"]["code"]) == (409, "conflict")
    assert "summary" in lines_of(await first)[-1]
    assert "summary" in lines_of(await client.post("/import-entries", content=CSV))[-1]


async def test_an_import_goes_on_when_nobody_listens_any_more() -> None:
    may_end, has_ended = asyncio.Event(), asyncio.Event()

    async def run(progress: Progress) -> ImportSummary:
        progress(1, 2)
        await may_end.wait()
        has_ended.set()
        return summary_of("")

    lines = ImportStream().start(run, Wording(load_texts(), "en", "site"))
    assert json.loads(await anext(lines)) == {"progress": [1, 2]}
    await lines.aclose()
    may_end.set()
    await asyncio.wait_for(has_ended.wait(), 5)
