"""Telling browsers that the board has a new version, by server-sent events."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

import structlog
from fastapi import APIRouter, Request
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from toprung.application.ladder import Ladder
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.domain.errors import ToprungError
from toprung.domain.events import Affected, Change, affecting
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.interfaces.web.door.addresses import counted_as
from toprung.interfaces.web.door.errors import LiveUnavailable, TooManyRequests
from toprung.interfaces.web.door.shares import STREAMS_PER_ADDRESS

LISTENERS_MAX: Final = 1_000
STREAM_AGAIN_SECONDS: Final = 60
KEEP_ALIVE_SECONDS: Final = 15.0
RETRY_MILLISECONDS: Final = 3_000
WOKEN_AT_ONCE_MAX: Final = 25
LAPSE_TURNS: Final = 40
LAPSE_TURN_SECONDS: Final = 0.025
"""When an entry lapses, which all listeners wait for, they wake in so many turns and not all at once."""
LAPSE_WAIT_MIN_SECONDS: Final = 0.001
LAPSE_WAIT_MAX_SECONDS: Final = 3_600.0

_log = structlog.get_logger(__name__)


class BoardHub:
    """Tells listeners the board's version whenever it is a new one: after a change, and when an entry lapses.

    Nothing is polled: a listener sleeps until a change is committed or until the moment at which the next entry lapses.
    However many changes there were meanwhile, a listener that comes back for more gets the latest version only.
    """

    def __init__(
        self,
        leaderboard: LeaderboardService,
        clock_now_us: Callable[[], int],
        *,
        listeners_per_address: int = STREAMS_PER_ADDRESS,
    ) -> None:
        self._leaderboard = leaderboard
        self._clock_now_us = clock_now_us
        self._listeners_per_address = listeners_per_address
        self._wake_ups: set[asyncio.Event] = set()
        self._of_address: Counter[str] = Counter()
        self._is_closed = False
        self._is_news = False
        self._waking: asyncio.Task[None] | None = None
        self._turn = 0

    @property
    def listeners(self) -> int:
        """How many are listening."""
        return len(self._wake_ups)

    def now_us(self) -> int:
        """The moment it is, by the ladder's clock."""
        return self._clock_now_us()

    def follow(self, ladder: Ladder) -> None:
        """From now on wakes the listeners after whatever affects the board, once the board has heard of it.

        A match that only goes on is no reason: every open page would fetch the rows that it has.
        """
        board_is_new = ladder.store.on_changes
        ladder.bus.subscribe(self._on_changes, affecting(Affected.BOARD), after=board_is_new, on_gap=self.on_gap)

    async def _on_changes(self, _: Sequence[Change]) -> None:
        self._wake()

    async def on_gap(self) -> None:
        """Wakes the listeners, who look whether the board is another one."""
        self._wake()

    def _wake(self) -> None:
        self._is_news = True
        if self._waking is None:
            self._waking = asyncio.create_task(self._wake_in_turns())

    def close(self) -> None:
        """Ends every stream at once, and those that would begin later, so that the server can stop."""
        self._is_closed = True
        for wake_up in self._wake_ups:
            wake_up.set()

    async def _wake_in_turns(self) -> None:
        """Wakes some listeners at a time: between them the event loop does what else there is to do."""
        while self._is_news:
            self._is_news = False
            listening = list(self._wake_ups)
            for first in range(0, len(listening), WOKEN_AT_ONCE_MAX):
                for wake_up in listening[first : first + WOKEN_AT_ONCE_MAX]:
                    wake_up.set()
                await asyncio.sleep(0)
        self._waking = None

    async def listen(self, address: str | None = None) -> AsyncGenerator[str, None]:
        """The version, and each new one until the hub closes; `address` is whose share of listeners this one is of.

        Raises `LiveUnavailable`, `TooManyRequests` and `StorageUnavailable`.
        """
        if len(self._wake_ups) >= LISTENERS_MAX:
            raise LiveUnavailable("Too many are watching live at this moment; the page works without it.", "streams")
        if address is not None and self._of_address[address] >= self._listeners_per_address:
            sentence = "Too many pages of your address are watching live already; the page works without it."
            raise TooManyRequests(sentence, STREAM_AGAIN_SECONDS, "streams")
        wake_up = asyncio.Event()
        self._wake_ups.add(wake_up)
        self._turn, turn = (self._turn + 1) % LAPSE_TURNS, self._turn
        if address is not None:
            self._of_address[address] += 1
        try:
            told = None
            while not self._is_closed:
                wake_up.clear()
                version = await self._leaderboard.version()
                if version != told:
                    told = version
                    yield version
                else:
                    await self._sleep(wake_up, turn * LAPSE_TURN_SECONDS)
        finally:
            self._wake_ups.discard(wake_up)
            if address is not None:
                self._of_address[address] -= 1
                if not self._of_address[address]:
                    del self._of_address[address]

    async def _sleep(self, wake_up: asyncio.Event, later_seconds: float) -> None:
        """Returns when there may be something new; by so much later where that is because of the time only."""
        if self._is_closed:
            return
        due_us = self._leaderboard.next_lapse_us()
        wait = LAPSE_WAIT_MAX_SECONDS if due_us is None else (due_us - self.now_us()) / MICROSECONDS_PER_SECOND
        try:
            async with asyncio.timeout(min(max(wait, LAPSE_WAIT_MIN_SECONDS), LAPSE_WAIT_MAX_SECONDS) + later_seconds):
                await wake_up.wait()
        except TimeoutError:
            return


class BoardEvents(Response):
    """The event stream of one listener, from its first version on. Its place is free again when the client is gone."""

    media_type = "text/event-stream"

    def __init__(self, first: str, versions: AsyncGenerator[str, None], keep_alive_seconds: float) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._first = first
        self._versions = versions
        self._keep_alive_seconds = keep_alive_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the hub closes or the client goes."""
        del scope
        async with aclosing(self._versions):
            streaming = asyncio.ensure_future(self._stream(send))
            leaving = asyncio.ensure_future(_disconnect(receive))
            try:
                done, _ = await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaving.cancel()
                streaming.cancel()
                await asyncio.gather(leaving, streaming, return_exceptions=True)
            if streaming in done:
                streaming.result()

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await _send(send, format_sse_event(data_str=self._first, event="board", retry=RETRY_MILLISECONDS))
        upcoming: asyncio.Future[str] | None = None
        try:
            while True:
                upcoming = upcoming or asyncio.ensure_future(anext(self._versions))
                await asyncio.wait({upcoming}, timeout=self._keep_alive_seconds)
                if not upcoming.done():
                    await _send(send, b": keep-alive\n\n")
                    continue
                version, upcoming = upcoming.result(), None
                await _send(send, format_sse_event(data_str=version, event="board"))
        except StopAsyncIteration:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except ToprungError as error:
            # The browser comes back after `retry`, and by then the database perhaps has.
            _log.warning("event_stream_ended", code=error.code, reason=str(error))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if upcoming is not None:
                upcoming.cancel()
                await asyncio.gather(upcoming, return_exceptions=True)


async def _send(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def live_router(hub: BoardHub, *, keep_alive_seconds: float = KEEP_ALIVE_SECONDS) -> APIRouter:
    """`GET /events`: 503 where too many listen already, or the server is about to stop; 429 where an address's do."""
    router = APIRouter()

    @router.get("/events", include_in_schema=False)
    async def events(request: Request) -> Response:
        versions = hub.listen(None if request.client is None else counted_as(request.client.host))
        try:
            first = await anext(versions)
        except StopAsyncIteration:
            raise LiveUnavailable("The server is about to stop.", "stopping") from None
        return BoardEvents(first, versions, keep_alive_seconds)

    return router
