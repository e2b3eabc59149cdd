"""What the bot keeps up to date by itself: the channel's leaderboard, and roles by letter rank."""

from collections.abc import Iterator

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import text_of
from toprung.domain.leaderboard.ranks import LETTERS
from toprung.interfaces.discord.bot.bot import BotOptions, DiscordBot
from toprung.interfaces.discord.leaderboard.live_leaderboard import LiveLeaderboard
from toprung.interfaces.discord.leaderboard.rank_roles import RankRoles

import simcord  # isort: skip


@pytest.fixture(autouse=True)
def _requests_are_what_discord_takes(world: World) -> Iterator[None]:
    yield
    world.check_requests()


async def restarted(world: World, **options: object) -> DiscordBot:
    bot = world.ladder.new_bot(BotOptions(token="token", **options))  # type: ignore[arg-type]  # as the tests give them
    await world.env.restart_bot(bot.client)
    return bot


def looking(world: World, bot: DiscordBot) -> LiveLeaderboard:
    return LiveLeaderboard(bot.client.context, bot.queue, world.channel.id)


async def test_one_message_follows_the_board_by_edits(world: World) -> None:
    await world.ladder.fill(60)
    bot = await restarted(world)
    board = looking(world, bot)
    for _ in range(3):
        await board.look()
        await bot.queue.deliver_due()
    (message,) = world.channel.history()
    ids = sorted(world.ladder.storage.database.players)
    await world.ladder.play(ids[0], ids[1], times=3)
    await board.look()
    await bot.queue.deliver_due()
    bot = await restarted(world)  # and a restart neither posts anew nor edits for nothing
    requests = len(world.env.http_requests)
    await looking(world, bot).look()
    await bot.queue.deliver_due()
    assert [request.method for request in world.env.http_requests[requests:] if "messages" in request.path] == []
    (edited,) = world.channel.history()
    assert edited.id == message.id
    first = (await world.ladder.leaderboard.get_leaderboard_data()).players[0]
    shown = simcord.ResponseMessage(world.env, world.env.backend.get_message(world.channel.id, message.id))
    assert f"`{first.global_rank:>2}`" in text_of(shown)
    assert first.player_name in text_of(shown)
    own = await world.alice.click(shown, custom_id="leaderboard:own")
    assert own.ephemeral
    assert own.response is not None
    assert "Page **1**" in text_of(own.response)


async def test_a_message_that_was_deleted_comes_back(world: World) -> None:
    await world.ladder.fill(60)
    bot = await restarted(world)
    board = looking(world, bot)
    await board.look()
    await bot.queue.deliver_due()
    (message,) = world.channel.history()
    await message.delete()
    ids = sorted(world.ladder.storage.database.players)
    await world.ladder.play(ids[0], ids[1])
    await board.look()
    await bot.queue.deliver_due()
    (again,) = world.channel.history()
    assert again.id != message.id


async def test_roles_follow_the_letter_of_the_best_entry(world: World) -> None:
    await world.ladder.fill(60)
    roles = {letter: world.guild.create_role(f"Rank {letter}") for letter in LETTERS}
    stays = world.guild.create_role("Stays")
    carol = world.guild.add_member(world.env.create_user("carol"), roles=[stays, roles["F"]])
    alice, other = await world.ladder.joined(carol.id, "Carol"), await world.ladder.joined(12345, "NotInTheServer")
    await world.ladder.play(alice.id, other.id, times=8)
    wanted = {letter: role.id for letter, role in roles.items()}
    bot = await restarted(world, server_id=world.guild.id, rank_roles=wanted)
    ranks = RankRoles(bot.client.context, bot.queue)
    standing = await world.ladder.leaderboard.find_player(alice.id)
    assert standing is not None

    async def roles_of_carol() -> set[str]:
        await ranks.look()
        await bot.queue.deliver_due()
        has = set(world.env.backend.get_guild(world.guild.id).members[carol.id].role_ids)
        return {role.name for role in (*roles.values(), stays) if role.id in has}

    assert await roles_of_carol() == {"Stays", f"Rank {standing.row.letter_rank}"}
    requests = len(world.env.http_requests)
    await roles_of_carol()
    assert len(world.env.http_requests) == requests
    world.ladder.clock.advance(days=15)  # and everybody lapses
    assert await roles_of_carol() == {"Stays"}
    await world.ladder.play(alice.id, other.id)
    assert await roles_of_carol() > {"Stays"}
    await world.ladder.accounts.forget(carol.id)
    assert await roles_of_carol() == {"Stays"}
    assert str(carol.id) not in repr(world.ladder.storage.database.intents)
