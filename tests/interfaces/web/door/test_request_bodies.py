"""Bodies that come slowly or are not wanted."""

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toprung.interfaces.web.door.request_bodies import BodyLimits, RequestBodies

PATIENCE_SECONDS = 5
IMPATIENT = BodyLimits(
    grace_seconds=0.05, bytes_per_second_min=1_000_000, drain_bytes_max=10_000, drain_grace_seconds=0.05
)


class Client:
    """Sends the parts of a body one by one, and nothing after the last unless there is no last one."""

    def __init__(self, *parts: bytes, has_end: bool = True) -> None:
        self._parts = list(parts)
        self._has_end = has_end
        self.sent = 0
        self.answer: list[Message] = []

    async def receive(self) -> Message:
        if not self._parts:
            await asyncio.Event().wait()
        part = self._parts.pop(0)
        self.sent += len(part)
        return {"type": "http.request", "body": part, "more_body": bool(self._parts) or not self._has_end}

    async def send(self, message: Message) -> None:
        self.answer.append(message)

    async def ask(self, app: ASGIApp, limits: BodyLimits = IMPATIENT, *headers: tuple[bytes, bytes]) -> None:
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers or [(b"content-length", b"9")]}
        await asyncio.wait_for(RequestBodies(app, limits)(scope, self.receive, self.send), PATIENCE_SECONDS)

    @property
    def is_told_to_close(self) -> bool:
        return (b"connection", b"close") in self.answer[0]["headers"]


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without a look at the body."""
    await PlainTextResponse("no", 413)(scope, receive, send)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body."""
    await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)


async def test_a_body_that_is_taken_is_answered_as_if_nothing_stood_between() -> None:
    client = Client(b"one", b"two")
    await client.ask(echo)
    assert [message.get("body") for message in client.answer] == [None, b"onetwo"]
    assert not client.is_told_to_close


async def test_a_body_that_is_not_wanted_is_read_to_its_end_after_the_answer() -> None:
    client = Client(*[b"x" * 1_000] * 6)
    await client.ask(refuse)
    assert client.sent == 6_000
    assert [(message.get("body"), message.get("more_body")) for message in client.answer] == [
        (None, None),
        (b"no", True),
        (b"", False),
    ]
    assert client.is_told_to_close


async def test_no_more_of_it_is_read_than_there_is_patience_for() -> None:
    endless = Client(*[b"x" * 1_000] * 100)
    await endless.ask(refuse)
    assert endless.sent == 11_000
    assert endless.answer[-1]["more_body"] is False


async def test_nor_is_it_waited_for_for_long() -> None:
    silent = Client(b"x", has_end=False)
    await silent.ask(refuse)
    assert silent.answer[-1]["more_body"] is False


async def test_who_waits_for_leave_to_send_has_sent_nothing_to_be_read() -> None:
    client = Client(has_end=False)
    await client.ask(refuse, BodyLimits(), (b"content-length", b"9"), (b"expect", b"100-continue"))
    assert [message.get("body") for message in client.answer] == [None, b"no"]
    assert client.is_told_to_close


@pytest.mark.parametrize("parts", [[], [b"x"], [b"x", b"y"]])
async def test_half_a_body_is_not_waited_for(parts: list[bytes]) -> None:
    client = Client(*parts, has_end=False)
    with pytest.raises(HTTPException) as refused:
        await client.ask(echo)
    assert refused.value.status_code == 408


async def test_a_body_may_take_the_longer_the_more_of_it_is_there() -> None:
    limits = BodyLimits(grace_seconds=2, bytes_per_second_min=10, seconds_max=20)
    assert [limits.deadline(100, received) for received in (0, 10, 100, 10_000)] == [
        102,
        103,
        112,
        120,
    ]


async def test_a_request_without_a_body_is_let_alone() -> None:
    client = Client(has_end=False)
    await client.ask(refuse, IMPATIENT, (b"content-length", b"0"))
    assert [message.get("body") for message in client.answer] == [None, b"no"]
    assert not client.is_told_to_close
