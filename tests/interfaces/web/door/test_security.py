"""What every response carries, and what the body of a request may be."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.interfaces.web.ladder import ADMIN_TOKEN, UPLOAD_LIMITS, Ladder
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.door.security import BODY_MAX_BYTES, SECURITY_HEADERS

ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
PATHS = (
    "/",
    "/leaderboard",
    "/leaderboard/rows",
    "/leaderboard?race=nothing",
    "/nothing",
    "/api/v1/leaderboard",
    "/api/v1/leaderboard?page=0",
    "/api/v1/nothing",
    "/api/v1/admin/players",
    "/healthz",
    "/metrics",
    "/openapi.json",
    "/favicon.ico",
    "/static/toprung.css",
    "/static/nothing.css",
    "/static/../app.py",
)


@pytest.fixture
def ladder() -> Ladder:
    return Ladder()


@pytest.mark.parametrize("path", PATHS)
async def test_every_response_is_armoured(ladder: Ladder, path: str) -> None:
    async with ladder.client() as client:
        response = await client.get(path)
    assert {name: response.headers[name] for name in SECURITY_HEADERS} == dict(SECURITY_HEADERS)
    assert "cache-control" in response.headers
    assert "strict-transport-security" not in response.headers


def test_the_policy_lets_nothing_inline_through() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


async def test_https_is_kept_to_once_it_was_used(ladder: Ladder) -> None:
    transport = httpx.ASGITransport(app=ladder.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://ladder.test") as client:
        assert "max-age" in (await client.get("/healthz")).headers["strict-transport-security"]


async def endless_body() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 1_000


async def test_a_body_has_a_limit(ladder: Ladder) -> None:
    async with ladder.client() as client:
        large = await client.post("/api/v1/admin/players", content=b" " * (BODY_MAX_BYTES + 1), headers=ADMIN)
        fitting = await client.post("/api/v1/admin/players", content=b" " * BODY_MAX_BYTES, headers=ADMIN)
        undeclared = await client.post("/api/v1/admin/players", content=endless_body(), headers=ADMIN)
    for refused in (large, undeclared):
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "body_too_large")
    assert fitting.status_code == 422


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {ADMIN_TOKEN}", f"bearer  {ADMIN_TOKEN}"]
)
@pytest.mark.parametrize("path", ["/api/v1/admin/players", "/api/v1/admin/import-entries", "/api/v1/admin/nothing"])
async def test_nothing_of_the_admin_api_answers_without_its_token(
    ladder: Ladder, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with ladder.client() as client:
        response = await client.post(path, json={"name": "Maru"}, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "unauthorized"
    assert ADMIN_TOKEN not in response.text
    assert not ladder.administration.performed
    assert not ladder.storage.database.players


def test_an_empty_admin_token_is_refused_at_start(ladder: Ladder) -> None:
    with pytest.raises(ValueError, match="token"):
        create_app(
            ladder.use_cases,
            hub=ladder.hub,
            upload_limits=UPLOAD_LIMITS,
            admin_token="",
            health=dict,
            metrics=lambda: (b"", "text/plain"),
        )


async def test_health_and_metrics(ladder: Ladder) -> None:
    async with ladder.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok", "serves": True}
        ladder.health = {"status": "degraded", "serves": False, "entries": 3}
        sick = await client.get("/healthz")
        ladder.health = {"status": "degraded", "serves": True, "discord": "refused"}
        without_discord = await client.get("/healthz")
        metrics = await client.get("/metrics")
    assert (sick.status_code, sick.json()) == (503, {"status": "degraded", "serves": False, "entries": 3})
    assert (without_discord.status_code, without_discord.json()["status"]) == (200, "degraded")
    assert metrics.text == "toprung_up 1\n"
    assert metrics.headers["content-type"].startswith("text/plain; version=")


async def test_static_files_are_kept_for_good_by_their_hash_only(ladder: Ladder) -> None:
    async with ladder.client() as client:
        page = (await client.get("/leaderboard")).text
        stylesheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
        assert "immutable" in (await client.get(stylesheet)).headers["cache-control"]
        assert (await client.get("/static/toprung.css?v=old")).headers["cache-control"] == "no-cache"
        assert (await client.get("/static/flags/kr.svg")).headers["content-type"] == "image/svg+xml"
        compressed = await client.get(stylesheet, headers={"Accept-Encoding": "gzip"})
    assert compressed.headers["content-encoding"] == "gzip"
