"""Uploading replays and looking after jobs over HTTP, and what slow and oversized uploads come to."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.interfaces.web.ladder import ADMIN_TOKEN, INTAKE_LIMITS, Ladder
from tests.support.intake import REPLAY_BYTES_MAX, hash_of, replay
from toprung.application.ports.replays import Died
from toprung.application.replays.replay_service import IntakeLimits
from toprung.domain.jobs.job import JobState
from toprung.interfaces.web.api.uploads import UploadLimits, received
from toprung.interfaces.web.door.errors import BodyTooLarge, UploadTooSlow
from toprung.interfaces.web.door.server import address_of, listen, serve

POISON = Died(exit_code=None, signal=11)
HEADERS = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


@pytest.fixture
def intake() -> IntakeLimits:
    """The intake's limits; a test that needs others parametrizes them."""
    return INTAKE_LIMITS


@pytest.fixture
def ladder(intake: IntakeLimits) -> Ladder:
    ladder = Ladder(intake=intake)
    ladder.intake.people()
    return ladder


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=ladder.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://ladder.test/api/v1/admin", headers=HEADERS
    ) as it:
        yield it


async def dead_letter(ladder: Ladder, client: httpx.AsyncClient) -> None:
    ladder.intake.parser.tell(replay(), POISON)
    await client.post("/replays?as=Maru", content=replay())
    await ladder.intake.work_off_with_retries()


async def test_an_upload_is_answered_when_it_is_kept(ladder: Ladder, client: httpx.AsyncClient) -> None:
    response = await client.post("/replays?as=maru&match=1&name=..%2Fa.SC2Replay", content=replay())
    assert (response.status_code, response.json()) == (
        200,
        {
            "upload_id": "1",
            "sha256": hash_of(replay()),
            "player_id": "1",
            "match_id": "1",
            "state": "received",
            "sentence": "Received; it will be read in a moment.",
            "is_new": True,
        },
    )
    assert ladder.intake.upload().file_name == "a.SC2Replay"
    again = await client.post("/replays?as=Maru&match=1", content=replay())
    assert again.json() == {**response.json(), "is_new": False}


@pytest.mark.parametrize(
    ("path", "content", "status", "field"),
    [
        ("/replays", replay(), 422, "as"),
        ("/replays?as=", replay(), 422, "as"),
        ("/replays?as=Maru&match=0", replay(), 422, "match"),
        ("/replays?as=Maru&match=one", replay(), 422, "match"),
        (f"/replays?as=Maru&match={2**63}", replay(), 422, "match"),
        ("/replays?as=Maru", b"", 422, "file"),
        ("/replays?as=Maru", b"\x7fELF of the wrong kind", 422, "file"),
        ("/replays?as=Nobody", replay(), 404, None),
        ("/replays?as=Maru&match=9", replay(), 404, None),
        ("/replays?as=Maru", b"MPQ\x1b" + bytes(REPLAY_BYTES_MAX), 413, None),
    ],
)
async def test_what_is_refused_keeps_nothing(
    ladder: Ladder, client: httpx.AsyncClient, path: str, content: bytes, status: int, field: str | None
) -> None:
    response = await client.post(path, content=content)
    assert (response.status_code, response.json()["error"]["field"]) == (status, field)
    assert ladder.intake.archive.kept == {}


async def test_a_body_that_does_not_say_its_length_is_counted(ladder: Ladder, client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield replay(size=1_000)

    response = await client.post("/replays?as=Maru", content=endless())
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")
    assert ladder.intake.archive.kept == {}


@pytest.mark.parametrize("header", [None, "Bearer guess"])
async def test_without_the_token_nothing_is_taken_in_or_said(ladder: Ladder, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with ladder.client() as client:
        for method, path in (("POST", "/replays?as=Maru"), ("GET", "/jobs"), ("GET", "/jobs/1")):
            response = await client.request(method, f"/api/v1/admin{path}", content=replay(), headers=headers)
            assert response.status_code == 401
    assert ladder.intake.storage.writes == 0


@pytest.mark.parametrize("intake", [IntakeLimits(pending_max=1, player_bytes_per_day_max=100)])
async def test_limits_have_statuses_of_their_own(client: httpx.AsyncClient) -> None:
    await client.post("/replays?as=Maru", content=replay(1))
    busy = await client.post("/replays?as=Serral", content=replay(2))
    assert (busy.status_code, busy.json()["error"]["code"], "retry-after" in busy.headers) == (503, "busy", True)
    limited = await client.post("/replays?as=Maru", content=replay(2))
    assert (limited.status_code, limited.json()["error"]["code"]) == (429, "limit_reached")


async def test_jobs_are_listed_shown_counted_and_tried_again(ladder: Ladder, client: httpx.AsyncClient) -> None:
    assert (await client.get("/jobs")).json() == {"jobs": [], "next": None}
    await dead_letter(ladder, client)
    await client.post("/replays?as=Serral", content=replay(2))
    listed = (await client.get("/jobs")).json()["jobs"]
    assert [(job["job_id"], job["state"]) for job in listed] == [("2", "ready"), ("1", "dead")]
    first = (await client.get("/jobs?limit=1")).json()
    rest = (await client.get(f"/jobs?limit=1&cursor={first['next']}")).json()
    assert (first["jobs"] + rest["jobs"], rest["next"]) == (listed, None)
    (dead,) = (await client.get("/jobs?state=dead")).json()["jobs"]
    assert (dead["deaths"], dead["last_error"]) == (3, "The reading process ended by signal 11.")
    assert (await client.get("/jobs/1")).json() == dead
    assert (await client.get("/jobs/stats")).json()["dead_since_yesterday"] == 1
    assert (await client.post("/jobs/2/retry")).status_code == 409
    assert (await client.post("/jobs/9/retry")).status_code == (await client.get("/jobs/9")).status_code == 404
    retried = await client.post("/jobs/1/retry")
    assert (retried.status_code, retried.json()["state"], retried.json()["deaths"]) == (200, "ready", 3)
    assert ladder.intake.job().state is JobState.READY


@pytest.mark.parametrize(
    "query", ["state=asleep", "limit=0", "limit=201", "limit=x", "cursor=bTE", "cursor=", "cursor=%00"]
)
async def test_what_cannot_be_listed(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/jobs?{query}")).status_code == 422


class Trickle:
    """Chunks, and then nothing for ever."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    "limits",
    [
        UploadLimits(seconds_max=0.01, grace_seconds=100),
        UploadLimits(seconds_max=100, grace_seconds=0.01, bytes_per_second_min=10_000_000),
    ],
)
async def test_who_sends_too_slowly_is_not_waited_for(limits: UploadLimits) -> None:
    with pytest.raises(UploadTooSlow, match="too slowly"):
        await received(aiter(Trickle(b"MPQ\x1b", b"more")), limits)


async def test_who_sends_nothing_at_all_is_not_waited_for() -> None:
    with pytest.raises(UploadTooSlow):
        await received(aiter(Trickle()), UploadLimits(grace_seconds=0.01))


async def test_the_size_is_counted_while_it_comes() -> None:
    with pytest.raises(BodyTooLarge, match="at most 10 bytes"):
        await received(aiter(Trickle(b"12345", b"67890", b"1")), UploadLimits(bytes_max=10))


@asynccontextmanager
async def served(ladder: Ladder) -> AsyncIterator[tuple[str, int]]:
    """The app on a real socket."""
    started = asyncio.Event()

    async def on_started() -> None:
        started.set()

    with listen("127.0.0.1", 0) as listener:
        running = asyncio.create_task(
            serve(ladder.app, listener, close_streams=lambda: None, started=on_started), name="server"
        )
        await started.wait()
        host, _, port = address_of(listener).removeprefix("http://").partition(":")
        try:
            yield host, int(port)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await running


async def test_a_slow_upload_over_a_real_connection_ends_at_its_deadline_and_others_are_served() -> None:
    ladder = Ladder(upload_limits=UploadLimits(seconds_max=0.3, grace_seconds=0.3))
    ladder.intake.people()
    async with served(ladder) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        head = (
            f"POST /api/v1/admin/replays?as=Maru HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n"
        )
        writer.write(head.encode() + b"MPQ\x1b half of it")
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}/api/v1/admin", headers=HEADERS) as client:
            good = await client.post("/replays?as=Serral", content=replay())
        assert good.json()["state"] == "received"
        answer = await reader.read()  # until the server closes the connection
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"upload_too_slow" in answer
        writer.close()
    assert list(ladder.intake.archive.kept) == [hash_of(replay())]
