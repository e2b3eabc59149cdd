"""The hub that tells of new versions, and its event stream."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from tests.interfaces.web.ladder import HOUR_US, Ladder
from toprung.domain.events import Change, EntriesImported, Event, MatchAborted, MatchMoved
from toprung.domain.matches.match import MatchId, MatchState
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.interfaces.web.door.errors import LiveUnavailable
from toprung.interfaces.web.site.live import LISTENERS_MAX, BoardEvents, BoardHub

PATIENCE_SECONDS = 5


@pytest.fixture
async def ladder() -> Ladder:
    ladder = Ladder()
    ladder.put("Maru", mmr=2000, hours_ago=1)
    ladder.put("Serral", mmr=1900, hours_ago=2)
    await ladder.store.load()
    return ladder


async def soon(versions: AsyncIterator[str]) -> str:
    return await asyncio.wait_for(anext(versions), PATIENCE_SECONDS)


async def until_it_sleeps() -> None:
    """Lets every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_version_first_and_then_each_new_one(ladder: Ladder) -> None:
    versions = ladder.hub.listen()
    assert await soon(versions) == "0-2"
    upcoming = asyncio.ensure_future(soon(versions))
    await until_it_sleeps()
    assert not upcoming.done()
    await ladder.score(1, 25)
    assert await upcoming == "1-2"
    await versions.aclose()


async def test_a_burst_is_told_once_by_its_last_version(ladder: Ladder) -> None:
    versions = ladder.hub.listen()
    await soon(versions)
    for _ in range(50):
        await ladder.score(1, 5)
    assert await soon(versions) == "50-2"
    upcoming = asyncio.ensure_future(soon(versions))
    await until_it_sleeps()
    assert not upcoming.done()
    upcoming.cancel()


@pytest.mark.parametrize(
    "event",
    [
        MatchMoved(match_id=MatchId(1), state=MatchState.IN_PROGRESS, deadline_us=None),
        MatchAborted(match_id=MatchId(1), player_ids=()),
    ],
)
async def test_a_match_that_only_goes_on_wakes_nobody(ladder: Ladder, event: Event) -> None:
    versions = ladder.hub.listen()
    await soon(versions)
    upcoming = asyncio.ensure_future(soon(versions))
    await until_it_sleeps()
    change = Change(seq=1, event=event)
    await ladder.store.on_changes([change])
    await ladder.bus.publish([change])
    await until_it_sleeps()
    assert not upcoming.done()
    upcoming.cancel()


async def test_it_wakes_when_an_entry_lapses_and_nothing_is_written(ladder: Ladder) -> None:
    due_us = ladder.leaderboard.next_lapse_us()
    assert due_us == ladder.clock.now_us() + 14 * MICROSECONDS_PER_DAY - 2 * HOUR_US + 1
    ladder.clock.moment_us = due_us - 20_000
    versions = ladder.hub.listen()
    assert await soon(versions) == "0-2"
    upcoming = asyncio.ensure_future(soon(versions))
    await until_it_sleeps()
    ladder.clock.moment_us = due_us
    assert await upcoming == "0-1"
    await versions.aclose()


async def test_closing_ends_every_stream_at_once_and_lets_none_begin(ladder: Ladder) -> None:
    listening = [ladder.hub.listen() for _ in range(10)]
    for versions in listening:
        await soon(versions)
    upcoming = [asyncio.ensure_future(soon(versions)) for versions in listening]
    await until_it_sleeps()

    ladder.hub.close()

    ended = await asyncio.gather(*upcoming, return_exceptions=True)
    assert all(isinstance(outcome, StopAsyncIteration) for outcome in ended)
    assert ladder.hub.listeners == 0
    with pytest.raises(StopAsyncIteration):
        await soon(ladder.hub.listen())


async def test_there_is_a_limit_and_leaving_frees_a_place(ladder: Ladder) -> None:
    listening = [ladder.hub.listen() for _ in range(LISTENERS_MAX)]
    for versions in listening:
        await soon(versions)
    with pytest.raises(LiveUnavailable):
        await soon(ladder.hub.listen())
    async with ladder.client() as client:
        refused = await client.get("/events")
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "live_unavailable"

    await listening[0].aclose()
    assert ladder.hub.listeners == LISTENERS_MAX - 1
    assert await soon(ladder.hub.listen()) == "0-2"
    for versions in listening:
        await versions.aclose()


class Browser:
    """One side of an event stream: what was received, and a way to leave."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.has_left = asyncio.Event()

    async def receive(self) -> Message:
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.messages.put(message)

    async def next_body(self) -> bytes:
        message = await asyncio.wait_for(self.messages.get(), PATIENCE_SECONDS)
        return bytes(message["body"])


async def opened(hub: BoardHub, browser: Browser, keep_alive_seconds: float = 60) -> asyncio.Task[None]:
    versions = hub.listen()
    response = BoardEvents(await anext(versions), versions, keep_alive_seconds)
    task: asyncio.Task[None] = asyncio.ensure_future(response({"type": "http"}, browser.receive, browser.send))
    start = await browser.messages.get()
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
    assert "content-length" not in headers
    return task


async def test_the_stream_speaks_the_format_of_event_streams(ladder: Ladder) -> None:
    browser = Browser()
    task = await opened(ladder.hub, browser)
    assert await browser.next_body() == b"event: board\ndata: 0-2\nretry: 3000\n\n"
    await ladder.score(1, 25)
    assert await browser.next_body() == b"event: board\ndata: 1-2\n\n"

    ladder.hub.close()
    end = await asyncio.wait_for(browser.messages.get(), PATIENCE_SECONDS)
    assert end == {"type": "http.response.body", "body": b"", "more_body": False}
    await task


async def test_a_quiet_stream_is_kept_alive(ladder: Ladder) -> None:
    browser = Browser()
    task = await opened(ladder.hub, browser, keep_alive_seconds=0.01)
    await browser.next_body()
    assert await browser.next_body() == b": keep-alive\n\n"
    assert await browser.next_body() == b": keep-alive\n\n"
    await ladder.score(1, 25)
    while (body := await browser.next_body()) == b": keep-alive\n\n":
        pass
    assert b"data: 1-2" in body
    browser.has_left.set()
    await task


async def test_a_client_that_leaves_frees_its_place(ladder: Ladder) -> None:
    browser = Browser()
    task = await opened(ladder.hub, browser)
    assert ladder.hub.listeners == 1
    browser.has_left.set()
    await asyncio.wait_for(task, PATIENCE_SECONDS)
    assert ladder.hub.listeners == 0


async def test_a_stream_ends_quietly_when_the_database_goes_away(ladder: Ladder) -> None:
    browser = Browser()
    task = await opened(ladder.hub, browser)
    await browser.next_body()
    ladder.storage.is_down = True
    ladder.store._is_stale = True
    await ladder.bus.publish([Change(seq=1, event=EntriesImported(entries=2))])
    end = await asyncio.wait_for(browser.messages.get(), PATIENCE_SECONDS)
    assert end["more_body"] is False
    await task
    assert ladder.hub.listeners == 0


async def test_no_stream_begins_without_a_board_or_while_stopping(ladder: Ladder) -> None:
    async with ladder.client() as client:
        ladder.storage.is_down = True
        ladder.store._is_stale = True
        assert (await client.get("/events")).json()["error"]["code"] == "storage_unavailable"
        assert ladder.hub.listeners == 0
        ladder.hub.close()
        assert (await client.get("/events")).status_code == 503
