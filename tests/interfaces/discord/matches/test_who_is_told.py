"""Whom Discord keeps from being told, and why: nobody loses by anything but a refusal of their own.

Each evening is played on a simulated Discord that refuses as the real one does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, text_of
from tests.interfaces.discord.matches.test_matches import Pair
from tests.interfaces.discord.organisers import Office, office_of
from toprung.application.organising.announcement_operation import Announce
from toprung.application.writing.audit import Attribution
from toprung.domain.matches.match import Match, MatchId, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.players.player import Player
from toprung.interfaces.discord.bot.bot import BotOptions, BotStatus
from toprung.interfaces.discord.leaderboard.rank_roles import RankRoles
from toprung.interfaces.discord.messages.context import BotLimits

import simcord  # isort: skip

CONFIRM_US = 120 * MICROSECONDS_PER_SECOND
TO_DM = "/users/@me/channels"


@pytest.fixture(autouse=True)
def _requests_are_what_discord_takes(world: World) -> Iterator[None]:
    yield
    world.check_requests()


@pytest.fixture
async def pair(world: World) -> Pair:
    alice = await world.ladder.joined(world.alice.id, "Novamar", country="DE")
    bob = await world.ladder.joined(world.bob.id, "Bob")
    return Pair(world, alice.id, bob.id)


def refuse(world: World, method: str, path: str, status: int, code: int) -> None:
    world.env.inject_error(method, path, status=status, code=code, times=None)


def refuse_messages(world: World, actor: simcord.MemberActor, status: int, code: int) -> None:
    """Every direct message to this one is refused."""
    channel = world.users[actor.id].dm_channel
    refuse(world, "POST", f"/channels/{channel.id}/messages", status, code)


def mend(world: World) -> None:
    world.env.backend.faults.clear()


def penalties(world: World) -> list[int]:
    """Who sits out."""
    return [one.player_id for one in world.ladder.storage.database.played.penalties]


async def restart(world: World, **options: object) -> None:
    """A new process: nothing in memory is left."""
    world.bot = world.ladder.new_bot(BotOptions(token="token", **options))  # type: ignore[arg-type]
    await world.env.restart_bot(world.bot.client)


async def later(world: World, *, seconds: int = 0) -> None:
    """Time passes, and what is due happens."""
    world.ladder.clock.advance(seconds=seconds)
    await world.ladder.lifecycle.pass_deadlines()
    await world.bot.queue.deliver_due()


# A role that cannot be given


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (404, 10011), (403, 50001), (404, 10004), (403, 0)])
@pytest.mark.parametrize("path", ["/guilds/*/members/*/roles/*", "/guilds/*/members/*"])
async def test_a_role_that_cannot_be_given_keeps_no_player_from_being_told(
    world: World, pair: Pair, status: int, code: int, path: str
) -> None:
    await world.ladder.play(pair.alice, pair.bob)
    role = world.guild.create_role("Rank")
    await restart(world, server_id=world.guild.id, rank_roles=dict.fromkeys("SABCDEF", role.id))
    refuse(world, "*", path, status, code)
    await RankRoles(world.bot.client.context, world.bot.queue).look()
    await world.bot.queue.deliver_due()
    await pair.begin()
    assert [len(pair.messages(one)) for one in (world.alice, world.bob)] == [2, 2]
    await world.ladder.lifecycle.act(pair.number, pair.alice, Step.REPORT, Outcome.WIN)
    claim = pair.match().sides[0].claim
    assert claim is not None
    assert claim.told_at_us is None  # not before Bob was told
    await pair.tell()
    assert "reported that **they won**" in text_of(pair.last(world.bob))
    notices = world.ladder.storage.database.played.notices.values()
    assert {notice.was_reached for notice in notices} == {True}
    assert world.bot.status is (BotStatus.CONNECTED if code == 0 else BotStatus.HINDERED)
    mend(world)
    await later(world, seconds=3_600)
    held = [row.stored for row in world.ladder.storage.database.intents.values() if row.stored.hindrance]
    assert held == []
    assert world.bot.status is BotStatus.CONNECTED


# Discord does not want it now


LATER = [(403, 40003), (403, 20026), (429, 0), (503, 0), (403, 0), (403, 99999), (404, 10003)]


@pytest.mark.parametrize(("status", "code"), LATER)
async def test_a_claim_runs_from_the_telling_and_not_from_a_refusal_that_is_not_the_players(
    world: World, pair: Pair, status: int, code: int
) -> None:
    await pair.begin()
    refuse_messages(world, world.bob, status, code)
    await world.ladder.lifecycle.act(pair.number, pair.alice, Step.REPORT, Outcome.WIN)
    await pair.tell()
    await restart(world)
    for _ in range(10):
        await later(world, seconds=3_600)
        assert pair.match().state is MatchState.REPORTED
        claim = pair.match().sides[0].claim
        assert claim is not None
        assert claim.told_at_us is None
    mend(world)
    await later(world, seconds=1_200)
    told_us = world.ladder.clock.now_us()
    assert pair.match().deadline_us == told_us + MICROSECONDS_PER_DAY
    assert "reported that **they won**" in text_of(pair.last(world.bob))
    await pair.press(world.bob, "won")
    await pair.press(world.bob, "won_sure")
    assert pair.match().state is MatchState.CONFLICT
    assert not pair.match().is_held_up


@pytest.mark.parametrize(("status", "code"), LATER)
@pytest.mark.parametrize("is_restarted", [False, True])
async def test_the_time_to_confirm_runs_from_the_telling(
    world: World, pair: Pair, status: int, code: int, is_restarted: bool
) -> None:
    refuse_messages(world, world.bob, status, code)
    await pair.open()
    await pair.press(world.alice, "confirm")
    assert "Your opponent is being told" in text_of(pair.last(world.alice))
    for _ in range(30):
        await later(world, seconds=60)
        if is_restarted:
            await restart(world)
    assert pair.match().state is MatchState.ASSIGNED
    assert penalties(world) == []
    mend(world)
    await later(world, seconds=1_200)
    assert pair.match().deadline_us == world.ladder.clock.now_us() + CONFIRM_US
    due = (pair.match().deadline_us or 0) // MICROSECONDS_PER_SECOND
    assert f"<t:{due}:R>" in text_of(pair.last(world.bob))  # what is said is what counts
    await later(world, seconds=121)
    assert pair.match().state is MatchState.ABANDONED
    assert penalties(world) == [pair.bob]  # who was told, and did nothing


async def test_who_did_not_confirm_pays_alone_where_the_other_one_was_never_told(world: World, pair: Pair) -> None:
    refuse_messages(world, world.bob, 403, 40003)
    await pair.open()
    await later(world, seconds=121)
    assert pair.match().state is MatchState.ABANDONED
    assert penalties(world) == [pair.alice]
    mend(world)
    await later(world, seconds=1_200)
    assert "You were not told" in text_of(pair.last(world.bob))
    assert "You did not confirm" in text_of(pair.last(world.alice))


async def test_discord_is_away_and_nobody_pays(world: World, pair: Pair) -> None:
    refuse(world, "POST", TO_DM, 503, 0)
    refuse(world, "POST", "/channels/*/messages", 503, 0)
    await pair.open()
    for _ in range(20):
        await later(world, seconds=600)
    assert (pair.match().state, penalties(world)) == (MatchState.ASSIGNED, [])
    mend(world)
    await later(world, seconds=1_200)
    for actor in (world.alice, world.bob):
        await pair.press(actor, "confirm")
    assert pair.match().state is MatchState.IN_PROGRESS


# For a whole day


@pytest.mark.parametrize(("status", "code"), [(403, 20026), (403, 50001)])
@pytest.mark.parametrize("begins", [False, True])
async def test_what_is_held_up_for_a_day_goes_to_organisers_and_costs_nobody_anything(
    world: World, status: int, code: int, begins: bool
) -> None:
    office = await office_of(world)
    pair = Pair(world, *[
        (await world.ladder.joined(one.id, name)).id for one, name in ((world.alice, "Novamar"), (world.bob, "Bob"))
    ])  # fmt: skip
    if begins:
        await pair.begin()
        await world.ladder.lifecycle.act(pair.number, pair.alice, Step.REPORT, Outcome.WIN)
    refuse_messages(world, world.bob, status, code)
    refuse(world, "POST", TO_DM, status, code)
    if not begins:
        await pair.open()
        await world.ladder.lifecycle.act(pair.number, pair.alice, Step.CONFIRM)
    for _ in range(23):
        await restarted_office(office)
        await later(world, seconds=3_600)
    assert pair.match().state is (MatchState.REPORTED if begins else MatchState.ASSIGNED)
    await later(world, seconds=3_600)
    assert (pair.match().state, pair.match().is_held_up) == (MatchState.CONFLICT, True)
    assert pair.match().result is None
    assert penalties(world) == []
    assert world.ladder.storage.database.journal == []
    said = [text_of(message) for message in await office.look()]
    assert any("could not be told of it for a day" in one for one in said)
    (resolve,) = [one for one in await office.look() if f"admin:resolve:{pair.number}" in controls(one)]
    assert resolve is not None
    mend(world)
    await later(world, seconds=1_200)
    for actor in (world.alice, world.bob):
        assert "waits for an organiser" in text_of(pair.last(actor))
        assert "costs nobody anything" in text_of(pair.last(actor))
    hidden = "".join(text_of(one) for one in pair.messages(world.bob))
    assert ("Novamar" in hidden) is begins


async def restarted_office(office: Office) -> None:
    await office.restart()
    office.world.bot = office.bot


# Who takes no direct messages


@dataclass
class Evening:
    """Many who take no direct messages and some who do, each in a match with one of their kind."""

    world: World
    closed: list[MatchId]
    open: list[MatchId]

    def match(self, number: MatchId) -> Match:
        return self.world.ladder.storage.database.played.matches[number]


async def evening(world: World, closed: int, reachable: int) -> Evening:
    async def joined(number: int, *, is_closed: bool) -> Player:
        user = world.env.create_user(f"user{number}")
        world.users[user.id] = user
        if is_closed:
            refuse(world, "POST", f"/channels/{user.dm_channel.id}/messages", 403, 50007)
        return await world.ladder.joined(user.id, f"User {number}")

    made: list[list[MatchId]] = [[], []]
    for number in range(0, closed + reachable, 2):
        is_closed = number < closed
        sides = [
            Participant(player_id=(await joined(one, is_closed=is_closed)).id, race="bw_zerg")
            for one in (number, number + 1)
        ]
        made[0 if is_closed else 1].append((await world.ladder.lifecycle.open(sides[0], sides[1])).id)
    return Evening(world, *made)


@pytest.mark.parametrize("limits", [BotLimits(sends_per_second_max=100_000)])
@pytest.mark.parametrize("closed", [20, 60, 200])
async def test_however_many_take_no_direct_messages_the_others_are_told_and_do_not_pay(
    world: World, closed: int
) -> None:
    night = await evening(world, closed, 20)
    await world.bot.queue.deliver_due()
    notices = world.ladder.storage.database.played.notices.values()
    reached = {notice.match_id for notice in notices if notice.was_reached}
    assert reached == set(night.open)
    assert {notice.match_id for notice in notices if notice.was_reached is False} == set(night.closed)
    assert [one for one in notices if one.was_reached is None] == []
    for number in night.open:
        for player_id in night.match(number).player_ids:
            await world.ladder.lifecycle.act(number, player_id, Step.CONFIRM)
    await later(world, seconds=121)
    assert {night.match(number).state for number in night.open} == {MatchState.IN_PROGRESS}
    innocent = {player_id for number in night.open for player_id in night.match(number).player_ids}
    assert not innocent & set(penalties(world))
    assert world.bot.status is BotStatus.CONNECTED  # closed direct messages are nothing that an organiser mends
    await world.ladder.lifecycle.act(night.open[0], night.match(night.open[0]).player_ids[0], Step.REPORT, Outcome.WIN)
    await later(world)
    claim = night.match(night.open[0]).sides[0].claim
    assert claim is not None
    assert claim.told_at_us == world.ladder.clock.now_us()


async def test_a_refusal_of_ones_own_is_proof_against_oneself_alone(world: World, pair: Pair) -> None:
    """Bob takes no direct messages, so his time runs; Alice cannot be told for now, so hers does not."""
    refuse_messages(world, world.bob, 403, 50007)
    refuse_messages(world, world.alice, 403, 40003)
    await pair.open()
    told = [side.told_at_us is not None for side in pair.match().sides]
    assert told == [False, True]
    await later(world, seconds=121)
    assert penalties(world) == [pair.bob]


# What organisers hear


async def test_organisers_hear_once_in_a_sentence_what_to_mend_and_when_it_is_mended(world: World) -> None:
    office = await office_of(world)
    role = world.guild.create_role("Rank")
    members = []
    for number in range(12):
        user = world.env.create_user(f"user{number}")
        world.guild.add_member(user)
        members.append(await world.ladder.joined(user.id, f"User {number}"))
    for one, two in zip(members[::2], members[1::2], strict=True):
        await world.ladder.play(one.id, two.id)
    refuse(world, "PUT", "/guilds/*/members/*/roles/*", 403, 50013)
    options = {"organisers_channel_id": office.organisers_channel.id, "server_id": world.guild.id}
    await restart(world, **options, rank_roles=dict.fromkeys("SABCDEF", role.id))
    office.bot = world.bot
    await RankRoles(world.bot.client.context, world.bot.queue).look()
    for _ in range(40):
        await later(world, seconds=60)
        (message,) = await office.look()
    assert "Manage Roles" in text_of(message)
    assert f"<@&{role.id}>" in text_of(message)
    tried = [one for one in world.env.http_requests if one.method == "PUT" and "/roles/" in one.path]
    assert len(tried) < 60
    mend(world)
    for _ in range(40):
        await later(world, seconds=60)
        (after,) = await office.look()
    assert after.id == message.id
    assert "Discord takes it again" in text_of(after)
    assert world.ladder.storage.database.intents.keys() == {
        one for one, row in world.ladder.storage.database.intents.items() if row.stored.intent.kind == "rank_role"
    }


async def test_a_log_channel_without_permission_is_said_in_the_organisers_channel(world: World) -> None:
    office = await office_of(world)
    refuse(world, "POST", f"/channels/{office.log_channel.id}/messages", 403, 50001)
    by = Attribution(actor="an organiser", reason="why not")
    await world.ladder.administration.perform(Announce(channel_id=office.log_channel.id, text="Cup on Sunday", by=by))
    await office.bot.queue.deliver_due()
    (message,) = await office.look()
    assert f"<#{office.log_channel.id}>" in text_of(message)
    assert "View Channel" in text_of(message)


async def test_where_the_organisers_channel_is_what_is_refused_nothing_piles_up(world: World) -> None:
    office = await office_of(world)
    one, two = await office.two()
    await office.conflict(one, two)
    refuse(world, "POST", f"/channels/{office.organisers_channel.id}/messages", 404, 10003)
    for _ in range(30):
        await office.look()
        world.ladder.clock.advance(seconds=60)
    tried = [one for one in world.env.http_requests if f"/channels/{office.organisers_channel.id}/" in one.path]
    assert len(tried) < 10
    assert len(world.ladder.storage.database.intents) == 1
    assert office.bot.status is BotStatus.HINDERED
