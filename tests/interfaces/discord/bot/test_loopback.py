"""The bot against sockets: at once, twice, after a dropped connection, under rate limits, and with no token."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.interfaces.discord.bot import loopback
from tests.interfaces.discord.bot.discord_api import InvalidRequest
from tests.interfaces.discord.bot.loopback import CHANNEL_ID, LoopbackDiscord, answer_of, connected
from tests.interfaces.discord.ladder import DiscordLadder, discord_ladder
from tests.interfaces.discord.layout import walk
from toprung.domain.matches.match import MatchState, Participant
from toprung.interfaces.discord.bot.bot import BotOptions, BotStatus, running
from toprung.interfaces.discord.messages.context import BotLimits

from discord.http import Route  # isort: skip - after the bot, which loads it without its warning

ALICE, BOB = 2**50, 2**50 + 1
SETTLED_SECONDS_MAX = 30


@pytest.fixture
async def ladder() -> DiscordLadder:
    ladder = discord_ladder()
    await ladder.fill(100)
    return ladder


@pytest.fixture
def discord() -> LoopbackDiscord:
    return LoopbackDiscord()


def text_of(body: Any) -> str:
    """What an answer shows."""
    return "\n".join(part["content"] for part in walk(body["data"]["components"]) if part["type"] == 10)


async def opened(discord: LoopbackDiscord, user_id: int) -> dict[str, Any]:
    """Somebody's leaderboard, as the message that it is."""
    command = discord.command(user_id, "leaderboard")
    await discord.dispatch("INTERACTION_CREATE", command)
    await discord.until(lambda: command["id"] in discord.messages)
    message: dict[str, Any] = discord.messages[command["id"]]
    return message


async def test_two_players_press_at_once_and_each_is_answered(ladder: DiscordLadder, discord: LoopbackDiscord) -> None:
    async with connected(discord, ladder.new_bot()):
        mine, theirs = await opened(discord, ALICE), await opened(discord, BOB)
        discord.hold = asyncio.Event()  # nobody's answer is taken before both have come
        presses = [
            discord.press(ALICE, mine, "leaderboard:next"),
            discord.press(BOB, theirs, "leaderboard:races", ["bw_zerg"]),
            discord.press(BOB, mine, "leaderboard:best"),
        ]
        await asyncio.gather(*(discord.dispatch("INTERACTION_CREATE", press) for press in presses))
        await discord.until(lambda: all(discord.callback(press) for press in presses))
        discord.hold.set()
        turned, filtered, own = (discord.callback(press)[0].body for press in presses)
    assert (turned["type"], filtered["type"], own["type"]) == (7, 7, 4)
    assert "Page **2** of 3" in text_of(turned)
    assert "race **BW Zerg**" in text_of(filtered)
    assert "race" not in text_of(own)  # a copy of hers, as it was, for his eyes
    assert own["data"]["flags"] & 64


async def test_two_players_report_at_once_and_both_reports_count(
    ladder: DiscordLadder, discord: LoopbackDiscord
) -> None:
    ids = [(await ladder.joined(user, name)).id for user, name in ((ALICE, "Novamar"), (BOB, "Kestrel"))]
    first, second = (Participant(player_id=player_id, race="bw_zerg") for player_id in ids)
    async with connected(discord, ladder.new_bot()):
        match = await ladder.lifecycle.open(first, second)
        await discord.until(lambda: len(discord.sent("POST", "/messages")) == 2)
        message = discord._message(discord.sent("POST", "/messages")[0].body)
        for action, wanted in (("confirm", MatchState.IN_PROGRESS), ("won", MatchState.CONFLICT)):
            presses = [discord.press(user, message, f"match:{match.id}:{action}") for user in (ALICE, BOB)]
            twice = [*presses, *presses]  # and every event comes again
            await asyncio.gather(*(discord.dispatch("INTERACTION_CREATE", press) for press in twice))
            await discord.until(lambda presses=presses: all(answered(discord, press) for press in presses))  # type: ignore[misc]
            if wanted is MatchState.CONFLICT:  # whoever came second was asked once more
                sure = [discord.press(user, message, f"match:{match.id}:won_sure") for user in (ALICE, BOB)]
                await asyncio.gather(*(discord.dispatch("INTERACTION_CREATE", press) for press in sure))
                await discord.until(lambda sure=sure: all(answered(discord, press) for press in sure))  # type: ignore[misc]
            assert ladder.storage.database.played.matches[match.id].state is wanted
            assert all(len(discord.callback(press)) == 1 for press in presses)
        async with asyncio.timeout(SETTLED_SECONDS_MAX):  # the last one is settled after its answer, which nobody hears
            for _ in iter(lambda: bool(ladder.storage.database.intents), False):
                await asyncio.sleep(0)
    assert all(notice.was_reached is not None for notice in ladder.storage.database.played.notices.values())
    nonces = [one.body["nonce"] for one in discord.sent("POST", "/messages")]
    assert len(nonces) == len(set(nonces)) >= 6  # found, in progress and how it ended, to both
    assert not discord.nonces.swallowed


def answered(discord: LoopbackDiscord, press: dict[str, Any]) -> bool:
    """Whether the message under a press was drawn anew."""
    return bool(discord.sent("PATCH", f"/{press['token']}/messages/@original"))


async def test_an_event_that_comes_twice_is_answered_once(ladder: DiscordLadder, discord: LoopbackDiscord) -> None:
    async with connected(discord, ladder.new_bot()):
        message = await opened(discord, ALICE)
        command, press = discord.command(BOB, "help"), discord.press(ALICE, message, "leaderboard:next")
        for event in (command, command, press, press):
            await discord.dispatch("INTERACTION_CREATE", event)
        last = discord.press(ALICE, message, "leaderboard:next")
        await discord.dispatch("INTERACTION_CREATE", last)
        await discord.until(lambda: discord.callback(last))
        assert len(discord.callback(command)) == 1
        assert len(discord.callback(press)) == 1
        assert "Page **3** of 3" in text_of(discord.callback(last)[0].body)


async def test_a_dropped_connection_is_resumed_and_everything_goes_on(
    ladder: DiscordLadder, discord: LoopbackDiscord
) -> None:
    bot = ladder.new_bot(BotOptions(token="token", leaderboard_channel_id=CHANNEL_ID))
    async with connected(discord, bot):
        await discord.until(lambda: discord.sent("POST", "/messages"))
        message = await opened(discord, ALICE)
        await discord.drop()
        await discord.until(lambda: 6 in discord.opcodes)
        await discord.dispatch("READY", discord._ready())  # and it may say so again
        press = discord.press(ALICE, message, "leaderboard:next")
        await discord.dispatch("INTERACTION_CREATE", press)
        await discord.until(lambda: discord.callback(press))
        assert "Page **2** of 3" in text_of(discord.callback(press)[0].body)
    assert discord.opcodes.count(2) == 1
    assert len(discord.sent("PUT", "/commands")) == 1
    assert len(discord.sent("POST", "/messages")) == 1


async def test_commands_are_told_only_when_they_changed(ladder: DiscordLadder, discord: LoopbackDiscord) -> None:
    for _ in range(2):
        async with connected(discord, ladder.new_bot()):
            pass
    assert len(discord.sent("PUT", "/commands")) == 1


async def test_a_rate_limit_is_kept_and_the_message_is_sent_once(
    ladder: DiscordLadder, discord: LoopbackDiscord
) -> None:
    limited = {"message": "You are being rate limited.", "retry_after": 0.3, "global": False}
    path = f"/channels/{CHANNEL_ID}/messages"
    discord.answer(path, answer_of(limited, 429, Via="1.1 google"))
    bot = ladder.new_bot(BotOptions(token="token", leaderboard_channel_id=CHANNEL_ID))
    async with connected(discord, bot):
        await discord.until(lambda: len(discord.sent("POST", path)) == 2)
        press = discord.command(ALICE, "leaderboard")
        await discord.dispatch("INTERACTION_CREATE", press)
        await discord.until(lambda: discord.callback(press))
    refused, taken = discord.sent("POST", path)
    assert taken.at - refused.at >= 0.3
    assert refused.body["nonce"] == taken.body["nonce"]
    assert taken.body["enforce_nonce"] is True


async def test_a_token_that_is_refused_is_one_line_and_one_request(
    ladder: DiscordLadder, discord: LoopbackDiscord, capsys: pytest.CaptureFixture[str]
) -> None:
    discord.token_is_good = False
    bot = ladder.new_bot()
    async with discord.serving():
        await bot.run()
    assert bot.status is BotStatus.REFUSED
    assert len(discord.received) == 1
    assert capsys.readouterr().out.count("discord_token_refused") == 1


async def test_a_token_that_is_revoked_meanwhile_stops_the_bot(ladder: DiscordLadder, discord: LoopbackDiscord) -> None:
    bot = ladder.new_bot(BotOptions(token="token", leaderboard_channel_id=CHANNEL_ID))
    async with discord.serving():
        task = asyncio.create_task(bot.run())
        await discord.until(lambda: 2 in discord.opcodes)
        discord.token_is_good = False
        await task
    assert bot.status is BotStatus.REFUSED
    assert len(discord.sent("POST", "/messages")) == 1


async def test_a_discord_that_is_away_is_tried_again(discord: LoopbackDiscord) -> None:
    ladder = discord_ladder(limits=BotLimits(connect_again_seconds_min=0.01))
    discord.answer("/users/@me", web.Response(status=503, text="away"), web.Response(status=503, text="away"))
    bot = ladder.new_bot()
    async with discord.serving(), running(bot):
        await discord.until(lambda: 2 in discord.opcodes)
        await bot.client.wait_until_ready()
        assert bot.status is BotStatus.CONNECTED
    assert len(discord.sent("GET", "/users/@me")) == 3


async def served(discord: LoopbackDiscord, wait: Callable[[], Awaitable[object]]) -> None:
    """Waits for something while somebody asks for what Discord does not have, and hears no more than that it failed."""
    async with discord.serving(), aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        group.create_task(session.post(f"{Route.BASE}/channels/1/notices", json={}))
        await wait()


@pytest.mark.parametrize(
    "wait",
    [
        lambda discord: discord.until(lambda: False),
        lambda _discord: asyncio.Event().wait(),
        lambda _discord: asyncio.gather(asyncio.Event().wait(), asyncio.Event().wait()),
        lambda discord: discord.until(lambda: discord.received),
    ],
    ids=["for the server", "for anything", "for several", "for the request"],
)
async def test_what_the_server_cannot_check_ends_the_test_at_once(
    discord: LoopbackDiscord, wait: Callable[[LoopbackDiscord], Awaitable[object]]
) -> None:
    with pytest.raises(InvalidRequest, match="/channels/1/notices"):
        await served(discord, lambda: wait(discord))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    async with discord.serving():  # and a server that is asked nothing wrong raises nothing
        await discord.until(lambda: discord.received)


@pytest.mark.parametrize(
    "failure",
    [InvalidRequest("not like this"), KeyError("nobody"), pytest.skip.Exception("cannot be checked here")],
    ids=repr,
)
async def test_a_check_that_fails_on_a_bots_request_fails_the_test(
    ladder: DiscordLadder, discord: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    def check(method: str, path: str, body: object) -> None:
        if path.endswith("/messages"):
            raise failure

    async def for_ever() -> None:
        bot = ladder.new_bot(BotOptions(token="token", leaderboard_channel_id=CHANNEL_ID))
        async with connected(discord, bot):
            await asyncio.Event().wait()

    monkeypatch.setattr(loopback, "check_request", check)
    with pytest.raises(type(failure)) as raised:
        await for_ever()
    assert raised.value is failure
    assert len(discord.sent("POST", "/messages")) == 1
