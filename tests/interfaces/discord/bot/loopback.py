"""A Discord of sockets on this machine, for what a simulated one cannot do: the unmodified client talks to it.

It keeps every request and checks it against Discord's own description, answers as told, and sends events whenever a
test wants, at the same time or twice. What goes wrong in it, a request that Discord would refuse among it, ends at once
the test that it serves, with that error.
"""

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import yarl
from aiohttp import WSMsgType, web

from tests.interfaces.discord.bot.discord_api import check_request
from tests.interfaces.discord.nonces import RememberedNonces
from toprung.interfaces.discord.bot.bot import DiscordBot, running

from discord.gateway import DiscordWebSocket  # isort: skip - after the bot, which loads it without its warning
from discord.http import Route  # isort: skip

BOT_ID, APPLICATION_ID, CHANNEL_ID = 2**40, 2**40 + 1, 2**40 + 2
USER = {"id": str(BOT_ID), "username": "ladder", "discriminator": "0", "global_name": None, "avatar": None, "bot": True}
API = "/api/v10"


def answer_of(value: object, status: int = 200, **headers: str) -> web.Response:
    """An answer as Discord gives it; discord.py knows JSON by a content type without a charset."""
    return web.Response(
        body=json.dumps(value).encode(), status=status, headers={"Content-Type": "application/json"} | headers
    )


@dataclass(frozen=True)
class Received:
    """One request of the bot."""

    method: str
    path: str
    body: Any
    at: float


@dataclass
class LoopbackDiscord:
    """The server. `answers` holds, by beginning of a path, how the next requests there are answered instead.

    `posted` are the messages that stand in a channel or, by a user's id, in the direct messages with that user; `asked`
    is how often one was to be posted there.
    """

    received: list[Received] = field(default_factory=list)
    answers: dict[str, deque[web.Response]] = field(default_factory=dict)
    opcodes: list[int] = field(default_factory=list)
    messages: dict[str, Any] = field(default_factory=dict)
    posted: dict[int, list[Any]] = field(default_factory=dict)
    asked: Counter[int] = field(default_factory=Counter)
    nonces: RememberedNonces = field(default_factory=RememberedNonces)
    hold: asyncio.Event | None = None
    token_is_good: bool = True
    is_checking: bool = True
    _failures: list[BaseException] = field(default_factory=list)
    _served: asyncio.Task[Any] | None = None
    _socket: web.WebSocketResponse | None = None
    _sequence: int = 0
    _next_id: int = 2**41
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _port: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serves, and sends discord.py here instead of to Discord."""
        async with self.listening() as port:
            with sent_to(port):
                yield

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Serves on a port, and gives it. Raises what went wrong in the server, as soon as it does."""
        app = web.Application(middlewares=[self._watched])
        app.router.add_route("GET", "/", self._gateway)
        app.router.add_route("*", API + "/{path:.*}", self._rest)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port = runner.addresses[0][1]
        self._failures.clear()
        served = self._served = asyncio.current_task()
        try:
            yield self._port
        except BaseException:
            if not self._failures:
                raise  # else this is what came of the failure
        finally:
            self._served = None
            await runner.cleanup()
        if self._failures:
            if served is not None and served.cancelling():
                served.uncancel()
            raise self._failures[0]

    @web.middleware
    async def _watched(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Ends the test by what a handler raises: in the server's own task nobody would see it."""
        try:
            return await handler(request)
        except (asyncio.CancelledError, ConnectionError):
            raise  # the connection's end
        except BaseException as error:  # noqa: BLE001 - a skip among it; the test raises it
            self._failures.append(error)
            if self._served is not None and len(self._failures) == 1:
                self._served.cancel()
            return web.Response(status=400, text=str(error))  # not one that the bot asks again after

    async def until(self, condition: Callable[[], object]) -> None:
        """Returns once the condition holds; it is looked at whenever anything arrives."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _happened(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def sent(self, method: str, part: str) -> list[Received]:
        """The requests of a method whose path holds this."""
        return [one for one in self.received if one.method == method and part in one.path]

    def answer(self, path: str, *answers: web.Response) -> None:
        """Says how the next requests to paths that begin so are answered."""
        self.answers.setdefault(path, deque()).extend(answers)

    async def _rest(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix(API)
        text = await request.text() if request.content_type == "application/json" else ""
        body = json.loads(text) if text else None
        self.received.append(Received(request.method, path, body, asyncio.get_running_loop().time()))
        if self.is_checking:
            check_request(request.method, path, body)
        await self._happened()
        if not self.token_is_good:
            return answer_of({"code": 0, "message": "401: Unauthorized"}, 401)
        for beginning, answers in self.answers.items():
            if path.startswith(beginning) and answers:
                return answers.popleft()
        if "/callback" in path and self.hold is not None:
            await self.hold.wait()
        answer = answer_of(self._fine(request.method, path, body))
        await self._happened()
        return answer

    def _fine(self, method: str, path: str, body: Any) -> Any:
        self._next_id += 1
        if path == "/users/@me":
            return USER
        if path == "/oauth2/applications/@me":
            return {"id": str(APPLICATION_ID), "name": "ladder", "description": "", "flags": 0, "summary": ""} | {
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "",
                "icon": None,
                "owner": USER,
            }
        if path.endswith("/commands"):
            return []
        if path.endswith("/callback"):
            message = self._message(body.get("data", {})) if body["type"] in (4, 7) else None
            self.messages[path.split("/")[2]] = message
            return {
                "interaction": {"id": path.split("/")[2], "type": 2, "response_message_id": message and message["id"]},
                "resource": {"type": body["type"], "message": message},
            }
        if path == "/users/@me/channels":
            return {"id": body["recipient_id"], "type": 1, "recipients": []}  # the channel is called as the user is
        if method == "POST" and path.startswith("/channels/") and path.endswith("/messages"):
            channel_id = int(path.split("/")[2])
            self.asked[channel_id] += 1
            return self.nonces.post(body, lambda: self._posted(body, channel_id))
        return self._message(body or {})

    def _posted(self, data: dict[str, Any], channel_id: int) -> dict[str, Any]:
        message = self._message(data, channel_id)
        self.posted.setdefault(channel_id, []).append(message)
        return message

    def _message(self, data: dict[str, Any], channel_id: int = CHANNEL_ID) -> dict[str, Any]:
        return {
            "id": str(self._next_id),
            "channel_id": str(channel_id),
            "author": USER,
            "content": "",
            "timestamp": "2026-09-24T12:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "type": 0,
            "flags": data.get("flags", 0),
            "components": data.get("components", []),
        }

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 45_000}, "s": None, "t": None})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            payload = json.loads(message.data)
            self.opcodes.append(payload["op"])
            if payload["op"] == 1:
                await socket.send_json({"op": 11, "d": None, "s": None, "t": None})
            if payload["op"] in (2, 6):
                self._socket = socket
                if payload["op"] == 2:
                    await self.dispatch("READY", self._ready())
                else:
                    await self.dispatch("RESUMED", {})
            await self._happened()
        return socket

    def _ready(self) -> dict[str, Any]:
        return {
            "v": 10,
            "user": USER,
            "guilds": [],
            "session_id": "a session",
            "resume_gateway_url": f"ws://127.0.0.1:{self._port}/",
            "application": {"id": str(APPLICATION_ID), "flags": 0},
        }

    async def dispatch(self, event: str, data: dict[str, Any]) -> None:
        """Sends an event."""
        self._sequence += 1
        assert self._socket is not None
        await self._socket.send_json({"op": 0, "t": event, "s": self._sequence, "d": data})

    async def drop(self) -> None:
        """Closes the gateway's socket as Discord does where the client is to resume."""
        assert self._socket is not None
        await self._socket.close(code=4000)

    def interaction(self, user_id: int, kind: int, data: dict[str, Any], message: Any = None) -> dict[str, Any]:
        """An interaction of a user in a direct message."""
        self._next_id += 1
        user = {"id": str(user_id), "username": f"user{user_id}", "discriminator": "0", "avatar": None}
        return {
            "id": str(self._next_id),
            "application_id": str(APPLICATION_ID),
            "type": kind,
            "token": f"token-{self._next_id}",
            "version": 1,
            "channel_id": str(CHANNEL_ID),
            "channel": {"id": str(CHANNEL_ID), "type": 1, "recipients": []},
            "user": user,
            "locale": "en-US",
            "app_permissions": "0",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": 1,
            "data": data,
        } | ({} if message is None else {"message": message})

    def command(self, user_id: int, name: str) -> dict[str, Any]:
        """Somebody uses a slash command."""
        return self.interaction(user_id, 2, {"id": "1", "name": name, "type": 1})

    def press(self, user_id: int, message: dict[str, Any], custom_id: str, values: list[str] | None = None) -> Any:
        """Somebody presses a button, or chooses in a select."""
        data: dict[str, Any] = {"custom_id": custom_id, "component_type": 2 if values is None else 3}
        return self.interaction(user_id, 3, data | ({} if values is None else {"values": values}), message)

    def callback(self, interaction: dict[str, Any]) -> list[Received]:
        """How an interaction was answered."""
        return self.sent("POST", f"/interactions/{interaction['id']}/")


@contextmanager
def sent_to(port: int) -> Iterator[None]:
    """Sends discord.py to this port of this machine instead of to Discord."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = f"http://127.0.0.1:{port}{API}"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{port}/")
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@asynccontextmanager
async def connected(discord: LoopbackDiscord, bot: DiscordBot) -> AsyncIterator[None]:
    """The bot, running and ready."""
    discord.opcodes.clear()
    async with discord.serving(), running(bot):
        await discord.until(lambda: 2 in discord.opcodes)
        await bot.client.wait_until_ready()
        yield
