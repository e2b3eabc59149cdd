"""A simulated Discord with the bot in it: one server, one channel, one player."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.interfaces.discord.bot.discord_api import check_request
from tests.interfaces.discord.ladder import DiscordLadder, discord_ladder
from tests.interfaces.discord.nonces import RememberedNonces, remembered_by_simcord
from toprung.domain.errors import ToprungError
from toprung.interfaces.discord.bot.bot import DiscordBot  # before simcord: it loads discord.py without its warning
from toprung.interfaces.discord.messages.context import BotLimits

import simcord  # isort: skip


@dataclass
class World:
    """What a test of the bot arranges and acts in."""

    env: simcord.Env
    ladder: DiscordLadder
    bot: DiscordBot
    channel: simcord.ChannelHandle
    guild: simcord.GuildHandle
    alice: simcord.MemberActor
    bob: simcord.MemberActor
    users: dict[int, simcord.UserHandle]
    nonces: RememberedNonces = field(default_factory=RememberedNonces)
    expected_errors: tuple[type[Exception], ...] = ()

    def check_requests(self) -> None:
        """Holds every request that was made against Discord's own description."""
        for request in self.env.http_requests:
            check_request(request.method, request.path, request.json)


@pytest.fixture
def limits() -> BotLimits:
    """The bot's limits; a test that needs others parametrizes them."""
    return BotLimits()


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch, limits: BotLimits) -> AsyncIterator[World]:
    """An empty ladder whose bot is in a server with Alice and Bob."""
    nonces = remembered_by_simcord(monkeypatch)
    ladder = discord_ladder(limits=limits)
    await ladder.store.load()
    bot = ladder.new_bot()
    env = simcord.Env(bot.client)
    await env.start()
    guild = env.create_guild()
    users = [env.create_user(name) for name in ("alice", "bob")]
    try:
        world = World(
            env=env,
            ladder=ladder,
            bot=bot,
            channel=guild.create_text_channel("ladder"),
            guild=guild,
            alice=guild.add_member(users[0]),
            bob=guild.add_member(users[1]),
            users={user.id: user for user in users},
            nonces=nonces,
        )
        yield world
        expected: tuple[type[BaseException], ...] = (ToprungError, *world.expected_errors)
        unforeseen = [error for error in env.errors if not isinstance(error.__cause__ or error, expected)]
        if unforeseen:
            raise BaseExceptionGroup("the bot failed", unforeseen)
    finally:
        await env.shutdown()
