"""Challenges between two players: asked, answered, too late, refused, after a restart, and in the channel."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, text_of
from tests.interfaces.discord.matches.test_matches import said
from toprung.domain.matches.challenge import ChallengeState
from toprung.domain.matches.match import Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.players.player import PlayerId
from toprung.interfaces.discord.messages.layouts import VIEW_TIMEOUT_SECONDS

import simcord  # isort: skip

ALICE, BOB = PlayerId(1), PlayerId(2)


@pytest.fixture(autouse=True)
def _requests_are_what_discord_takes(world: World) -> Iterator[None]:
    yield
    world.check_requests()


@pytest.fixture
async def joined(world: World) -> World:
    await world.ladder.joined(world.alice.id, "Novamar")
    await world.ladder.joined(world.bob.id, "별빛", language="ko")
    return world


async def challenge(world: World, races: str | None = "bw_zerg") -> simcord.InteractionResult:
    options = {"player": world.bob} | ({} if races is None else {"races": races})
    result = await world.alice.slash(world.channel, "challenge", **options)
    await world.bot.queue.deliver_due()
    return result


def told(world: World, actor: simcord.MemberActor) -> list[simcord.ResponseMessage]:
    """What somebody was told in direct messages."""
    channel = world.users[actor.id].dm_channel
    kept = (world.env.backend.get_message(channel.id, one.id) for one in channel.history())
    return [simcord.ResponseMessage(world.env, message) for message in kept]


def state(world: World) -> ChallengeState:
    """How the first challenge is kept."""
    return next(iter(world.ladder.storage.database.challenges.values())).state


async def test_a_challenge_that_is_accepted_is_a_match(joined: World) -> None:
    world = joined
    assert "is asked" in said(await challenge(world))
    (asked,) = told(world, world.bob)
    assert "Novamar" in text_of(asked)
    assert "BW Zerg" in text_of(asked)
    await world.users[world.bob.id].select(asked, ["sc2_terran"], custom_id="challenge:1:accept_0")
    await world.bot.queue.deliver_due()
    match = world.ladder.storage.database.played.matches[next(iter(world.ladder.storage.database.played.matches))]
    assert [one.race for one in match.participants] == ["bw_zerg", "sc2_terran"]
    assert match.source_key == "challenge 1"
    assert state(world) is ChallengeState.ACCEPTED
    assert "Match 1: found" in text_of(told(world, world.alice)[-1])
    assert len(told(world, world.bob)) == 2
    assert controls(told(world, world.bob)[0]) == {}
    world.ladder.clock.advance(seconds=601)
    await world.bot.queue.deliver_due()
    assert len(told(world, world.alice)) == 1  # nothing of a challenge that was answered


async def test_it_can_be_answered_after_a_restart_and_only_once(joined: World) -> None:
    world = joined
    await challenge(world)
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    await world.bot.queue.deliver_due()
    (asked,) = told(world, world.bob)
    first = await world.ladder.challenges.accept(next(iter(world.ladder.storage.database.challenges)), BOB, "sc2_zerg")
    await world.users[world.bob.id].select(asked, ["bw_terran"], custom_id="challenge:1:accept_0")
    assert list(world.ladder.storage.database.played.matches.values()) == [first]


async def test_a_challenge_that_is_declined_is_told(joined: World) -> None:
    world = joined
    await challenge(world)
    await world.users[world.bob.id].click(told(world, world.bob)[0], custom_id="challenge:1:decline")
    await world.bot.queue.deliver_due()
    assert state(world) is ChallengeState.DECLINED
    assert "declined" in text_of(told(world, world.alice)[0])
    world.ladder.clock.advance(seconds=601)
    await world.bot.queue.deliver_due()
    assert len(told(world, world.alice)) == 1


async def test_a_challenge_that_nobody_answers_ends_by_itself(joined: World) -> None:
    world = joined
    await challenge(world)
    world.ladder.clock.advance(seconds=600)
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    await world.bot.queue.deliver_due()
    assert "did not answer" in text_of(told(world, world.alice)[0])
    late = await world.users[world.bob.id].click(told(world, world.bob)[0], custom_id="challenge:1:decline")
    assert "지났습니다" in said(late)
    assert controls(told(world, world.bob)[0]) == {}
    assert "is asked" in said(await challenge(world))  # and a new one may be made
    assert len(world.ladder.storage.database.challenges) == 2


async def test_closed_direct_messages_bring_it_into_the_channel(joined: World) -> None:
    world = joined
    channel = world.users[world.bob.id].dm_channel
    world.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=50007, times=None)
    await challenge(world)
    await world.bot.queue.deliver_due()
    (posted,) = world.channel.history(viewer=world.bob)[-1:]
    shown = simcord.ResponseMessage(world.env, world.env.backend.get_message(world.channel.id, posted.id))
    assert "별빛" in text_of(shown)
    carol = world.guild.add_member(world.env.create_user("carol"))
    refused = await carol.click(shown, custom_id="challenge:1:decline")
    assert "Only the player who was challenged" in said(refused)
    await world.bob.select(shown, ["sc2_zerg"], custom_id="challenge:1:accept_0")
    assert state(world) is ChallengeState.ACCEPTED


def posted(world: World) -> list[simcord.ResponseMessage]:
    """What stands in the channel."""
    kept = (world.env.backend.get_message(world.channel.id, one.id) for one in world.channel.history(viewer=world.bob))
    return [simcord.ResponseMessage(world.env, message) for message in kept]


def pinged(world: World) -> list[list[str]]:
    """Whom each message in the channel may ping, by the requests."""
    path = f"/channels/{world.channel.id}/messages"
    sent = [one.json for one in world.env.http_requests if one.method == "POST" and one.path == path]
    return [[str(user) for user in (message or {})["allowed_mentions"].get("users", [])] for message in sent]


def close(world: World, actor: simcord.MemberActor) -> None:
    """This one takes no direct messages from now on."""
    channel = world.users[actor.id].dm_channel
    world.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=50007, times=None)


async def test_in_the_channel_the_challenged_one_is_pinged_and_nobody_else(world: World) -> None:
    """Whatever the names say."""
    carol = world.guild.add_member(world.env.create_user("carol"))
    await world.ladder.joined(world.alice.id, f"<@{carol.id}>")
    await world.ladder.joined(world.bob.id, "@everyone<@&1>")
    close(world, world.bob)
    await challenge(world)
    await world.bot.queue.deliver_due()
    (message,) = posted(world)
    assert pinged(world) == [[str(world.bob.id)]]
    assert text_of(message).count(f"<@{world.bob.id}>") == 1
    assert f"<@{carol.id}>" not in text_of(message)
    await world.bob.click(message, custom_id="challenge:1:decline")
    assert f"<@{world.bob.id}>" not in text_of(posted(world)[0])  # an edit pings nobody


@pytest.mark.parametrize("outcome", ["declined", "expired", "accepted"])
@pytest.mark.parametrize("is_bob_closed", [False, True])
async def test_a_challenger_who_takes_no_direct_messages_is_told_in_the_channel_what_came_of_it(
    joined: World, outcome: str, is_bob_closed: bool
) -> None:
    world = joined
    close(world, world.alice)
    if is_bob_closed:
        close(world, world.bob)
    await challenge(world)
    await world.bot.queue.deliver_due()
    if outcome == "expired":
        world.ladder.clock.advance(seconds=600)
    elif outcome == "declined":
        await world.ladder.challenges.decline(next(iter(world.ladder.storage.database.challenges)), BOB)
    else:
        await world.ladder.challenges.accept(next(iter(world.ladder.storage.database.challenges)), BOB, "sc2_zerg")
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    await world.bot.queue.deliver_due()
    world.ladder.clock.advance(seconds=4_000)
    await world.bot.queue.deliver_due()
    *before, last = posted(world)
    assert len(before) == is_bob_closed
    said_of_it = {"declined": "declined", "expired": "did not answer", "accepted": "accepted"}
    assert said_of_it[outcome] in text_of(last)
    assert ("shows match 1" in text_of(last)) is (outcome == "accepted")
    assert pinged(world) == [*[[str(world.bob.id)]] * is_bob_closed, [str(world.alice.id)]]
    assert text_of(last).count(f"<@{world.alice.id}>") == 1


async def test_whoever_is_only_told_later_is_not_told_in_the_channel(joined: World) -> None:
    world = joined
    channel = world.users[world.bob.id].dm_channel
    world.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=40003, times=1)
    await challenge(world)
    world.ladder.clock.advance(seconds=5)
    await world.bot.queue.deliver_due()
    assert posted(world) == []
    assert len(told(world, world.bob)) == 1


async def test_a_match_that_came_of_no_challenge_is_not_told_in_any_channel(joined: World) -> None:
    world = joined
    close(world, world.alice)
    first, second = Participant(player_id=ALICE, race="bw_zerg"), Participant(player_id=BOB, race="bw_zerg")
    await world.ladder.lifecycle.open(first, second, source_key="challenge 99999999999999999999")
    await world.bot.queue.deliver_due()
    assert posted(world) == []


async def test_the_races_are_asked_for_where_none_was_named(joined: World) -> None:
    world = joined
    asked = await challenge(world, races=None)
    assert asked.response is not None
    await world.alice.select(asked.response, ["bw_zerg", "sc2_zerg"], custom_id="challengeraces:chosen")
    assert "is asked" in text_of(asked.response)
    kept = next(iter(world.ladder.storage.database.challenges.values()))
    assert kept.races == ("bw_zerg", "sc2_zerg")


async def test_several_races_are_completed_one_after_the_other_and_challenge_with_all_of_them(joined: World) -> None:
    world = joined
    typed = ""
    for part, wanted in (("proto", "SC2 Protoss"), (", bw z", "BW Zerg"), (",스1 테", "BW Terran (스1 테란)")):
        offered = await world.alice.autocomplete(world.channel, "challenge", "races", typed + part)
        (chosen,) = [one for one in offered if one["name"].endswith(wanted)]
        typed = chosen["value"]
    assert typed == "sc2_protoss, bw_zerg, bw_terran"
    assert "is asked" in said(await challenge(world, races=typed))
    kept = next(iter(world.ladder.storage.database.challenges.values()))
    assert kept.races == ("sc2_protoss", "bw_zerg", "bw_terran")
    (asked,) = told(world, world.bob)
    assert "SC2 Protoss, BW Zerg, BW Terran" in text_of(asked)


async def test_nothing_but_commas_is_asked_again_and_a_wrong_race_is_told_which_there_are(joined: World) -> None:
    world = joined
    asked = await challenge(world, races=" , ")
    assert "Which races" in said(asked)
    refused = said(await challenge(world, races="BW Zerg, murloc")).replace("\\", "")
    assert "no race “murloc”" in refused
    assert "SC2 Protoss" in refused
    answered = await world.bob.slash(world.channel, "challenge", player=world.alice, races="멀록")
    assert "“멀록” 종족은 없습니다" in said(answered)
    assert not world.ladder.storage.database.challenges


async def test_the_choice_of_races_is_disabled_after_its_time_and_challenges_nobody(joined: World) -> None:
    world = joined
    asked = await challenge(world, races=None)
    assert asked.response is not None
    await world.env.advance_time(VIEW_TIMEOUT_SECONDS + 1)
    assert all(control["disabled"] for control in controls(asked.response).values())
    assert world.ladder.storage.database.challenges == {}


async def test_the_same_again_is_the_one_that_waits(joined: World) -> None:
    world = joined
    await challenge(world)
    await challenge(world)
    assert len(told(world, world.bob)) == len(world.ladder.storage.database.challenges) == 1


async def test_what_cannot_be_is_refused_in_a_sentence(joined: World) -> None:
    world, ladder = joined, joined.ladder
    carol = world.guild.add_member(world.env.create_user("carol"))
    unknown = await world.alice.slash(world.channel, "challenge", player=carol, races="bw_zerg")
    assert "not on the ladder" in said(unknown)
    assert "not on the ladder" in said(await carol.slash(world.channel, "challenge", player=world.bob))
    oneself = await world.alice.slash(world.channel, "challenge", player=world.alice, races="bw_zerg")
    assert "somebody else" in said(oneself)
    assert "no race" in said(await challenge(world, races="murloc"))
    database = ladder.storage.database
    database.players[BOB] = replace(database.players[BOB], is_banned=True)
    assert "banned" in said(await challenge(world))
    database = ladder.storage.database
    database.players[BOB] = replace(database.players[BOB], is_banned=False)
    await ladder.joined(carol.id, "Carol")
    first, second = Participant(player_id=BOB, race="bw_zerg"), Participant(player_id=PlayerId(3), race="bw_zerg")
    match = await ladder.lifecycle.open(first, second)
    assert "is in a match at the moment" in said(await challenge(world))
    await ladder.lifecycle.act(match.id, BOB, Step.ABORT)
    assert "sits out for another 5 minutes" in said(await challenge(world))
    assert not ladder.storage.database.challenges


async def test_nobody_writes_to_everybody(joined: World) -> None:
    world = joined
    results = []
    for number in range(6):
        user = world.env.create_user(f"user{number}")
        actor = world.guild.add_member(user)
        await world.ladder.joined(user.id, f"User{number}")
        results.append(await world.alice.slash(world.channel, "challenge", player=actor, races="bw_zerg"))
    assert ["is asked" in said(result) for result in results] == [True] * 5 + [False]
    assert "wait for an answer" in said(results[-1])
