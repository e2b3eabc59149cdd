"""The bot's life beside the site: connecting, what runs meanwhile, and stopping without taking the site along."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import aiohttp
import discord
import structlog

from toprung.application.matches import challenge_service, match_notices
from toprung.application.replays import replay_verdicts
from toprung.domain.events import Change
from toprung.interfaces.discord.bot.client import ToprungClient
from toprung.interfaces.discord.leaderboard import live_leaderboard, rank_roles
from toprung.interfaces.discord.leaderboard.live_leaderboard import LeaderboardDrawing, LiveLeaderboard
from toprung.interfaces.discord.leaderboard.rank_roles import RankRoles, RoleDeliverer
from toprung.interfaces.discord.matches.challenge_command import ChallengeDrawing
from toprung.interfaces.discord.matches.match_messages import NoticeDrawing
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.organising.match_log import MatchLogChannel
from toprung.interfaces.discord.organising.organisers_channel import OrganisersChannel, organisers_deliverers
from toprung.interfaces.discord.replays.replay_command import VerdictDeliverer
from toprung.interfaces.discord.sending.hindrances import Hindrances
from toprung.interfaces.discord.sending.refusals import refusal_sentence
from toprung.interfaces.discord.sending.send_queue import Deliverer, MessageDeliverer, SaidOnce, SendQueue

CONNECT_AGAIN_SECONDS_MAX: Final = 300.0
STOP_SECONDS_MAX: Final = 5.0
UNAUTHORISED: Final = 4004
"""How the gateway closes where a token is not, or not any more, a bot's."""

_log = structlog.get_logger(__name__)


class BotStatus(StrEnum):
    """How the bot is."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    HINDERED = "hindered"
    """Connected, but Discord refuses something until an organiser mends it."""
    REFUSED = "refused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class BotOptions:
    """What the organiser chose. Without a server or a channel, the parts that need it do not run."""

    token: str = field(repr=False)
    server_id: int | None = None
    leaderboard_channel_id: int | None = None
    rank_roles: Mapping[str, int] = field(default_factory=dict)
    organisers_channel_id: int | None = None
    match_log_channel_id: int | None = None


class DiscordBot:
    """One bot: a client that connects again and again, the send queue, and what feeds it."""

    def __init__(self, context: BotContext, options: BotOptions) -> None:
        self._context = context
        self._options = options
        self._is_refused = False
        self._closing: asyncio.Task[None] | None = None
        self._hindrances = Hindrances(lambda one: refusal_sentence(context.log_reader(), one))
        self.client = ToprungClient(context)
        self.queue = self._new_queue(self.client)

    @property
    def status(self) -> BotStatus:
        """How it is now."""
        if self._is_refused:
            return BotStatus.REFUSED
        if self.client.is_closed():
            return BotStatus.STOPPED
        if not self.client.is_ready():
            return BotStatus.CONNECTING
        return BotStatus.HINDERED if self._hindrances else BotStatus.CONNECTED

    def _new_queue(self, client: ToprungClient) -> SendQueue:
        ladder = self._context.ladder
        deliverers: dict[str, Deliverer] = {
            live_leaderboard.KIND: MessageDeliverer(client, LeaderboardDrawing(self._context)),
            match_notices.KIND: SaidOnce(client, NoticeDrawing(self._context)),
            challenge_service.KIND: SaidOnce(client, ChallengeDrawing(self._context)),
            replay_verdicts.KIND: VerdictDeliverer(client, self._context),
        }
        deliverers |= organisers_deliverers(self._context, client)
        if self._options.server_id is not None:
            deliverers[rank_roles.KIND] = RoleDeliverer(client, self._options.server_id, self._options.rank_roles)
        return SendQueue(
            outbox=ladder.outbox,
            clock=ladder.clock,
            deliverers=deliverers,
            on_refused=self._refuse,
            hindrances=self._hindrances,
            sends_per_second_max=self._context.limits.sends_per_second_max,
            something_happened=self._context.something_to_send,
        )

    async def on_changes(self, _: Sequence[Change]) -> None:
        """Looks what is to be sent, after changes of matches."""
        self._context.wake()

    async def run(self) -> None:
        """Runs until it is cancelled or its token is refused."""
        wait_seconds = self._context.limits.connect_again_seconds_min
        while not self._is_refused:
            try:
                await self._run_once()
                wait_seconds = self._context.limits.connect_again_seconds_min
            except discord.LoginFailure:
                self._refuse()
            except discord.ConnectionClosed as error:
                if error.code == UNAUTHORISED:
                    self._refuse()
                else:
                    _log.warning("discord_connection_closed", code=error.code)
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                _log.warning("discord_unreachable", reason=str(error) or type(error).__name__)
            except Exception:  # noqa: BLE001 - the one catch-all of this loop: the site goes on, and so will the bot
                _log.exception("discord_bot_failed")
            if not self._is_refused:
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(2 * wait_seconds, CONNECT_AGAIN_SECONDS_MAX)
                self.client = ToprungClient(self._context)
                self.queue = self._new_queue(self.client)

    async def _run_once(self) -> None:
        """One connection's life. Raises what ends it."""
        client, working = self.client, list[asyncio.Task[None]]()
        try:
            await client.login(self._options.token)
            working += [asyncio.create_task(self._once_ready(part), name="discord-part") for part in self._parts()]
            await client.connect()
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS_MAX):
                    await client.close()

    async def _once_ready(self, part: Callable[[], Awaitable[None]]) -> None:
        await self.client.wait_until_ready()
        await part()

    def _parts(self) -> list[Callable[[], Awaitable[None]]]:
        """What runs while the client is connected; a reconnection does not start it again."""
        parts: list[Callable[[], Awaitable[None]]] = [self.queue.run]
        channel_id = self._options.leaderboard_channel_id
        if channel_id is not None:
            parts.append(LiveLeaderboard(self._context, self.queue, channel_id).run)
        if self._options.organisers_channel_id is not None:
            channel_id = self._options.organisers_channel_id
            parts.append(OrganisersChannel(self._context, self.queue, channel_id).run)
        if self._options.match_log_channel_id is not None:
            channel_id = self._options.match_log_channel_id
            parts.append(MatchLogChannel(self._context, self.queue, channel_id).run)
        if self._options.server_id is not None and self._options.rank_roles:
            parts.append(RankRoles(self._context, self.queue).run)
        return parts

    def _refuse(self) -> None:
        """The token is no good: one line, and no further request."""
        if not self._is_refused:
            self._is_refused = True
            _log.error(
                "discord_token_refused",
                advice="Discord refuses TOPRUNG_DISCORD_TOKEN; set a new one and restart. The site goes on.",
            )
            self._closing = asyncio.get_running_loop().create_task(self.client.close())


@contextlib.asynccontextmanager
async def running(bot: DiscordBot) -> AsyncIterator[None]:
    """Runs a bot beside whatever is done meanwhile, and stops it first."""
    logger, handler = logging.getLogger("discord"), _ToStructlog(logging.WARNING)
    logger.addHandler(handler)
    task = asyncio.create_task(bot.run(), name="discord-bot")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        logger.removeHandler(handler)
        _log.info("discord_stopped")


class _ToStructlog(logging.Handler):
    """Puts what discord.py logs among our lines; it keeps tokens out of them itself."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        reason = "" if record.exc_info is None or record.exc_info[1] is None else repr(record.exc_info[1])
        _log.warning("discord_library", logger=record.name, message=record.getMessage(), reason=reason)
