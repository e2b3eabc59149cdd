"""Who left and comes back, as players and organisers see it in Discord: `/setup`, `/admin player`, the channel."""

from collections.abc import AsyncIterator

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, text_of
from tests.interfaces.discord.organisers import WHY, Office, has, office_of, said, shown
from toprung.application.organising.match_operations import CorrectMatch
from toprung.application.organising.player_operations import BanPlayer
from toprung.application.writing.audit import Attribution
from toprung.domain.players.departure import DEPARTURES_KEPT_DAYS
from toprung.domain.players.player import PlayerId

import simcord  # isort: skip

EVE = Attribution(actor="cli:eve", reason="as asked")


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    """An office whose every request is what Discord takes."""
    yield await office_of(world)
    world.check_requests()


async def left(who: simcord.MemberActor, channel: simcord.ChannelHandle) -> str:
    """Somebody deletes what there is to delete; gives what was said before."""
    question = shown(await who.slash(channel, "delete-my-data"))
    text = text_of(question)
    await who.click(question, custom_id="delete:yes")
    assert "Your data is deleted" in text_of(question)
    return text


async def test_a_banned_player_stays_banned_in_every_server(world: World) -> None:
    bob = await world.ladder.joined(world.bob.id, "Bob")
    await world.ladder.joined(world.alice.id, "Alice")
    await world.ladder.players.ban(bob.id)
    assert f"for {DEPARTURES_KEPT_DAYS} days" in await left(world.bob, world.channel)
    other = world.env.create_guild()
    elsewhere, same = other.create_text_channel("ladder"), other.add_member(world.users[world.bob.id])
    alice_there = other.add_member(world.users[world.alice.id])
    await world.ladder.joined(world.bob.id, "Robert")
    for who, channel, alice in ((same, elsewhere, alice_there), (world.bob, world.channel, world.alice)):
        refused = await who.slash(channel, "challenge", player=alice)
        assert "Robert is banned and cannot play" in said(refused)
        assert "Banned from the ladder" in said(await who.slash(channel, "profile"))
    await left(same, elsewhere)
    await world.ladder.joined(world.bob.id, "Robert")
    assert "Robert is banned" in said(await world.bob.slash(world.channel, "challenge", player=world.alice))


async def test_a_change_of_name_by_way_of_leaving_is_told_how_long_it_has_to_wait(world: World) -> None:
    await world.ladder.joined(world.bob.id, "Bob")
    await world.ladder.accounts.answer(world.bob.id, name="Robert")
    await world.ladder.accounts.finish(world.bob.id)
    await left(world.bob, world.channel)
    panel = shown(await world.bob.slash(world.channel, "setup"))
    form = await world.bob.click(panel, custom_id="setup:name")
    refused = await world.bob.submit_modal(form, {"name": "Bobby", "in_game_name": "x#1"})
    assert "Your name can be changed again in 30 days" in said(refused)


async def test_the_return_of_a_rated_player_announces_itself_and_the_old_entry_is_given_back(office: Office) -> None:
    one, two = await office.two()
    ladder = office.world.ladder
    await ladder.play(two.id, one.id, times=3)
    before = (await office.bot.client.context.ladder.dossiers.get(one.id)).entries
    await ladder.accounts.forget(901)
    assert await office.look() == []
    again = await ladder.joined(901, "별빛_2")
    for _ in range(2):
        (message,) = await office.look()
    text = text_of(message)
    assert "별빛\\_2 was here before" in text
    assert f"As Deleted player {one.id}" in text
    assert f"**{before[0].mmr}** · 0–3–0" in text
    await office.restart()
    await ladder.play(again.id, two.id, times=1)
    preview = shown(await office.world.alice.click(message, custom_id=f"admin:give_back:{one.id}"))
    assert "stays, but under a number" in text_of(preview)
    assert "1–0–0" in text_of(preview)
    done = await office.decide(preview)
    assert "**별빛\\_2** has the old entry back." in (said(done) or text_of(preview))
    own = await ladder.accounts.find(901)
    assert own is not None
    assert (own.player.id, own.player.name) == (one.id, "별빛_2")
    assert office.audit()[-1] == (f"discord:{office.world.alice.id}", "restore", f"player {one.id}", WHY)
    (after,) = await office.look()
    assert (after.id, controls(after)) == (message.id, {})
    assert "has the old entry back" in text_of(after)
    assert [one.id for one in await office.look()] == [message.id]  # nothing of the one left behind
    assert await ladder.verification.verify(lambda _done, _total: None) == []


async def test_a_ban_that_would_hold_nobody_says_so(office: Office) -> None:
    await office.two()
    await office.world.ladder.accounts.forget(901)  # who never played, so that nothing is known of the account
    assert "keeps nobody from playing" in text_of(shown(await office.admin("ban", name="Deleted player 1")))
    assert "keeps nobody" not in text_of(shown(await office.admin("ban", name="Novamar")))


async def test_the_return_of_a_newcomer_is_no_news_and_that_of_a_banned_one_is(office: Office) -> None:
    await office.two()
    ladder = office.world.ladder
    match = await office.opened(*[(await ladder.accounts.find(one)).player for one in (901, 902)])  # type: ignore[union-attr]
    await ladder.administration.perform(
        CorrectMatch(match_id=match.id, result=None, by=Attribution(actor="cli", reason=WHY))
    )
    for times, messages in ((1, 0), (2, 1)):
        if times == 2:
            await ladder.administration.perform(BanPlayer(name="Novamar", by=EVE))
        await ladder.accounts.forget(902)
        await ladder.joined(902, "Novamar")
        assert len(await office.look()) == messages
    (message,) = await office.look()
    assert "Banned from the ladder" in text_of(message)


async def test_organisers_see_who_was_here_before_and_ban_who_left_by_mention(office: Office) -> None:
    one, two = await office.two()
    ladder = office.world.ladder
    await ladder.play(two.id, one.id, times=1)
    panel = shown(await office.admin("player", name="<@901>"))
    assert not has(panel, "admin:restore")
    await ladder.accounts.forget(901)
    gone = shown(await office.admin("player", name="<@901>"))
    assert f"## Deleted player {one.id}" in text_of(gone)
    assert "left the ladder" in text_of(gone)
    assert "nobody who left and came back" in text_of(
        shown(await office.world.alice.click(gone, custom_id="admin:restore"))
    )
    await office.decide(shown(await office.admin("ban", name="<@901>")))
    again = await ladder.joined(901, "Back")
    assert again.is_banned
    panel = shown(await office.admin("player", name="Back"))
    assert f"was here before as Deleted player {one.id}" in text_of(panel)
    assert "Back" in text_of(shown(await office.admin("player", name=f"Deleted player {one.id}")))
    await office.decide(shown(await office.world.alice.click(panel, custom_id="admin:restore")))
    own = await ladder.accounts.find(901)
    assert own is not None
    assert (own.player.id, own.player.is_banned) == (PlayerId(one.id), True)
