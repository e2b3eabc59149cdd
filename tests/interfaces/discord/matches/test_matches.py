"""Matches as two players live through them in their direct messages: told once, pressed at any time, after restarts."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, text_of
from tests.support.map_links import AMERICAS, ASIA, PAGE, with_links
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import StorageUnavailable
from toprung.domain.game.map_link import MapLink
from toprung.domain.matches.match import Match, MatchId, MatchResult, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import PlayerId

import simcord  # isort: skip


@pytest.fixture(autouse=True)
def _requests_are_what_discord_takes(world: World) -> Iterator[None]:
    yield
    world.check_requests()


class Pair:
    """Alice and Bob on the ladder, and the match that they are in."""

    def __init__(self, world: World, alice: PlayerId, bob: PlayerId) -> None:
        self.world, self.alice, self.bob = world, alice, bob
        self.number = MatchId(0)

    async def open(self) -> None:
        """Opens a match for the two, and tells them."""
        first = Participant(player_id=self.alice, race="bw_zerg")
        second = Participant(player_id=self.bob, race="sc2_terran")
        self.number = (await self.world.ladder.lifecycle.open(first, second)).id
        await self.tell()

    async def tell(self) -> None:
        """Sends what is due."""
        await self.world.bot.queue.deliver_due()

    def match(self) -> Match:
        """The match as it is kept."""
        return self.world.ladder.storage.database.played.matches[self.number]

    def messages(self, actor: simcord.MemberActor) -> list[simcord.ResponseMessage]:
        """What somebody was told in direct messages."""
        channel = self.world.users[actor.id].dm_channel
        return [
            simcord.ResponseMessage(self.world.env, self.world.env.backend.get_message(channel.id, one.id))
            for one in channel.history()
        ]

    def last(self, actor: simcord.MemberActor) -> simcord.ResponseMessage:
        """What somebody was told last."""
        return self.messages(actor)[-1]

    async def press(
        self, actor: simcord.MemberActor, action: str, message: simcord.ResponseMessage | None = None
    ) -> simcord.InteractionResult:
        """Presses a control of the last message, or of this one, and sends what follows."""
        result: simcord.InteractionResult
        custom_id = f"match:{self.number}:{action}"
        if message is None:
            result = await self.world.users[actor.id].click(self.last(actor), custom_id=custom_id)
        else:
            result = await actor.click(message, custom_id=custom_id)
        await self.tell()
        return result

    async def begin(self) -> None:
        """Opens a match and lets both confirm it."""
        await self.open()
        await self.press(self.world.alice, "confirm")
        await self.press(self.world.bob, "confirm")


@pytest.fixture
async def pair(world: World) -> Pair:
    alice = await world.ladder.joined(world.alice.id, "Novamar", country="DE")
    bob = await world.ladder.joined(world.bob.id, "별빛", language="ko")
    return Pair(world, alice.id, bob.id)


async def with_links_to_maps(world: World, *links: MapLink) -> None:
    """Starts the bot again, with a catalogue that knows where maps are found."""
    world.ladder = replace(world.ladder, catalog=with_links(world.ladder.catalog, *links))
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)


async def test_both_are_told_where_the_map_is_once_they_have_confirmed(world: World, pair: Pair) -> None:
    await with_links_to_maps(world, PAGE, AMERICAS, ASIA)
    await pair.open()
    assert PAGE.address not in text_of(pair.last(world.alice))
    assert "SCEvoLadder" not in text_of(pair.last(world.alice))
    await pair.press(world.alice, "confirm")
    await pair.press(world.bob, "confirm")
    for player, page, how in (
        (world.alice, "Open the map's page", "paste it into the game's chat"),
        (world.bob, "맵 페이지 열기", "게임 채팅에 붙여"),
    ):
        told = text_of(pair.last(player))
        assert f"[{page}]({PAGE.address})" in told
        assert f"Asia: `{ASIA.address}`" in told  # both live where the server is Korea's
        assert how in told
        assert "**SCEvoLadder**" in told
        assert AMERICAS.address not in told
    assert "Search for it" not in text_of(pair.last(world.alice))


async def test_links_of_other_regions_leave_it_to_the_search(world: World, pair: Pair) -> None:
    await with_links_to_maps(world, AMERICAS)
    await pair.begin()
    told = text_of(pair.last(world.alice))
    a_map = next(one for one in world.ladder.catalog.current_maps if one.name == pair.match().map_name)
    assert AMERICAS.address not in told
    assert ("Search for it in the game as" in told) is (a_map.full_name != a_map.name)


async def test_a_match_from_found_to_result(world: World, pair: Pair) -> None:
    await pair.open()
    found = pair.last(world.alice)
    assert "Match 1: found" in text_of(found)
    assert "별빛" not in text_of(found)
    assert f"<t:{(pair.match().deadline_us or 0) // MICROSECONDS_PER_SECOND}:R>" in text_of(found)
    assert "상대를 찾았습니다" in text_of(pair.last(world.bob))
    await pair.press(world.alice, "confirm")
    assert "Waiting for your opponent" in text_of(pair.last(world.alice))
    await pair.press(world.bob, "confirm")
    playing = pair.last(world.alice)
    for part in ("Match 1: in progress", "별빛", "SC2 Terran", "🇰🇷", "Map:", "Server:"):
        assert part in text_of(playing)
    assert [one.rpartition(":")[2] for one in controls(playing)] == ["won", "lost", "draw", "cancel"]
    await pair.press(world.alice, "won")
    assert "You reported that you **won**" in text_of(pair.last(world.alice))
    assert "이겼다" in text_of(pair.last(world.bob))
    await pair.press(world.bob, "lost")
    assert pair.match().state is MatchState.REPORTED  # it is asked first
    await pair.press(world.bob, "lost_sure")
    assert pair.match().result is MatchResult.SIDE_1_WON
    result = text_of(pair.last(world.alice))
    assert "You won" in result
    assert "won against 별빛 and went from 1500 to 1579 (+79)" in result.replace("\\", "")
    assert "Expected to score 50 %" in result
    assert "졌습니다" in text_of(pair.last(world.bob))
    assert len(pair.messages(world.alice)) == 3  # found, in progress, result
    assert len(pair.messages(world.bob)) == 4  # and the claim
    notices = world.ladder.storage.database.played.notices.values()
    assert {notice.was_reached for notice in notices} == {True}
    assert not world.ladder.storage.database.intents


async def test_everything_goes_on_after_a_restart(world: World, pair: Pair) -> None:
    await pair.begin()
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    await pair.tell()
    assert len(pair.messages(world.alice)) == 2  # nothing is said again
    await pair.press(world.alice, "won")
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    await pair.press(world.bob, "won")
    await pair.press(world.bob, "won_sure")
    assert pair.match().state is MatchState.CONFLICT
    assert "the reports differ" in text_of(pair.last(world.alice))


async def test_what_was_not_sent_before_a_restart_is_sent_after_it(world: World, pair: Pair) -> None:
    first = Participant(player_id=pair.alice, race="bw_zerg")
    pair.number = (await world.ladder.lifecycle.open(first, Participant(player_id=pair.bob, race="sc2_terran"))).id
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    assert len(await world.ladder.lifecycle.pending_notices()) == 2
    await pair.tell()
    await pair.tell()
    assert len(pair.messages(world.alice)) == len(pair.messages(world.bob)) == 1
    assert await world.ladder.lifecycle.pending_notices() == []


async def test_what_was_sent_but_not_noted_is_said_once_after_the_restart(world: World, pair: Pair) -> None:
    await pair.open()
    for player in (pair.alice, pair.bob):
        await world.ladder.lifecycle.act(pair.number, player, Step.CONFIRM)
    due = await world.ladder.unit_of_work.read(lambda tx: tx.intents.due(now_us=10**18, limit=9))
    world.ladder.storage.fail_writes(len(due))  # it is sent, and what came of it is lost
    for stored in due:
        await world.bot.queue._deliver(stored)
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    await pair.tell()
    assert world.nonces.swallowed == [stored.nonce for stored in due]
    assert len(pair.messages(world.alice)) == len(pair.messages(world.bob)) == 2
    assert await world.ladder.lifecycle.pending_notices() == []


async def test_what_is_out_of_date_is_not_said(world: World, pair: Pair) -> None:
    await pair.open()
    for player in (pair.alice, pair.bob):
        await world.ladder.lifecycle.act(pair.number, player, Step.CONFIRM)
    await world.ladder.lifecycle.act(pair.number, pair.alice, Step.REPORT, Outcome.LOSS)
    await pair.tell()
    assert len(pair.messages(world.alice)) == 2  # found, result: nothing of a match in progress
    assert "🔴" in text_of(pair.last(world.alice))
    assert await world.ladder.lifecycle.pending_notices() == []


async def test_whoever_takes_no_direct_messages_is_out_of_reach_and_plays_by_the_command(
    world: World, pair: Pair
) -> None:
    channel = world.users[world.bob.id].dm_channel
    world.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=50007, times=None)
    await pair.open()
    notices = list(world.ladder.storage.database.played.notices.values())
    assert [notice.was_reached for notice in notices] == [True, False]
    shown = await world.bob.slash(world.channel, "matches")
    assert shown.response is not None
    assert shown.ephemeral
    await pair.press(world.bob, "confirm", shown.response)
    await pair.press(world.alice, "confirm")
    shown = await world.bob.slash(world.channel, "matches")
    assert shown.response is not None
    assert "Novamar" in text_of(shown.response)


async def test_a_claim_that_nobody_answers_counts_from_when_it_was_told(world: World, pair: Pair) -> None:
    await pair.begin()
    await world.ladder.lifecycle.act(pair.number, pair.alice, Step.REPORT, Outcome.WIN)
    world.ladder.clock.advance(seconds=3_600)
    await pair.tell()
    assert pair.match().deadline_us == world.ladder.clock.now_us() + 86_400 * MICROSECONDS_PER_SECOND
    world.ladder.clock.advance(days=1)
    await world.ladder.lifecycle.pass_deadlines()
    await pair.tell()
    assert "You won" in text_of(pair.last(world.alice))


async def test_a_report_is_taken_back(world: World, pair: Pair) -> None:
    await pair.begin()
    await pair.press(world.alice, "draw")
    await pair.press(world.alice, "withdraw")
    assert pair.match().state is MatchState.IN_PROGRESS
    assert "철회" in text_of(pair.last(world.bob))


async def test_both_cancel_and_only_the_second_is_asked_twice(world: World, pair: Pair) -> None:
    await pair.begin()
    await pair.press(world.alice, "cancel")
    assert pair.match().sides[0].cancel_asked_at_us is not None
    await pair.press(world.bob, "cancel")
    assert pair.match().state is MatchState.IN_PROGRESS
    await pair.press(world.bob, "show")
    assert "won" in str(list(controls(pair.last(world.bob))))
    await pair.press(world.bob, "cancel")
    await pair.press(world.bob, "cancel_sure")
    assert pair.match().state is MatchState.VOIDED
    assert "counts for nothing" in text_of(pair.last(world.alice))


async def test_calling_a_match_off_is_asked_twice_and_said_to_both(world: World, pair: Pair) -> None:
    await pair.open()
    await pair.press(world.alice, "abort")
    assert pair.match().state is MatchState.ASSIGNED
    await pair.press(world.alice, "abort_sure")
    for actor in (world.alice, world.bob):
        assert pair.match().state is MatchState.ABORTED
        assert "🚫" in text_of(pair.last(actor))
    assert "별빛" not in "".join(text_of(message) for message in pair.messages(world.alice))


@pytest.mark.parametrize(("seconds", "state"), [(121, MatchState.ABANDONED), (86_401, MatchState.EXPIRED)])
async def test_deadlines_are_told(world: World, pair: Pair, seconds: int, state: MatchState) -> None:
    await (pair.open() if state is MatchState.ABANDONED else pair.begin())
    world.ladder.clock.advance(seconds=seconds)
    await world.ladder.lifecycle.pass_deadlines()
    await pair.tell()
    assert pair.match().state is state
    assert "⌛" in text_of(pair.last(world.alice))


async def test_a_press_too_late_does_nothing_and_says_why(world: World, pair: Pair) -> None:
    await pair.begin()
    old = pair.messages(world.alice)[0]
    await world.ladder.lifecycle.act(pair.number, pair.alice, Step.REPORT, Outcome.LOSS)
    late = await world.users[world.alice.id].click(pair.messages(world.alice)[1], custom_id="match:1:won")
    assert pair.match().result is MatchResult.SIDE_2_WON
    assert any("over and its result stands" in (one.content or "") for one in late.followups)
    assert controls(pair.messages(world.alice)[1]) == {}
    assert old.id != pair.last(world.alice).id


async def test_somebody_else_can_do_nothing(world: World, pair: Pair) -> None:
    await pair.begin()
    shown = await world.alice.slash(world.channel, "matches", number=1)
    assert shown.response is not None
    await world.ladder.joined(world.env.create_user("carol").id, "Carol")
    # Carol has taken over the account that presses, as far as the ladder knows.
    database = world.ladder.storage.database
    carol = next(player for player in database.players.values() if player.name == "Carol")
    alice = database.players[pair.alice]
    database.players[pair.alice] = replace(alice, discord_id=None)
    database.players[carol.id] = replace(carol, discord_id=world.alice.id)
    world.bot.client.context.ladder.readers.forget()
    before = pair.match()
    refused = await world.alice.click(shown.response, custom_id="match:1:won")
    assert "no such match of yours" in said(refused)
    assert pair.match() == before


async def test_a_correction_is_told_with_what_it_changed(world: World, pair: Pair) -> None:
    await pair.begin()
    await pair.press(world.alice, "lost")
    await pair.press(world.alice, "lost_sure")
    await world.ladder.ratings.correct(
        pair.number, MatchResult.SIDE_1_WON, Attribution(actor="an organiser", reason="the replay says so")
    )
    await pair.tell()
    assert "An organiser has corrected this match" in text_of(pair.last(world.alice))
    assert "revision 2" in text_of(pair.last(world.alice))


async def test_matches_lists_the_open_one_first_and_then_the_latest(world: World, pair: Pair) -> None:
    await pair.begin()
    await pair.press(world.alice, "lost")
    await pair.press(world.alice, "lost_sure")
    await pair.begin()
    shown = await world.alice.slash(world.channel, "matches")
    assert shown.response is not None
    text = text_of(shown.response)
    assert text.index("Match 2: in progress") < text.index("**#1**")
    assert "match:2:won" in controls(shown.response)
    for number, part in ((1, "You lost"), (2, "in progress")):
        one = await world.alice.slash(world.channel, "matches", number=number)
        assert one.response is not None
        assert part in text_of(one.response)
    carol = world.guild.add_member(world.env.create_user("carol"))
    nobody = await carol.slash(world.channel, "matches")
    assert "not on the ladder" in said(nobody)
    await world.ladder.joined(carol.id, "Carol")
    finished = await carol.slash(world.channel, "matches", number=1)
    assert finished.response is not None
    assert "**별빛** won" in text_of(finished.response)
    for number in (2, 3):
        assert "no such match" in said(await carol.slash(world.channel, "matches", number=number))
    none = await carol.slash(world.channel, "matches")
    assert none.response is not None
    assert "no open match" in text_of(none.response)


def said(result: simcord.InteractionResult) -> str:
    """What was answered for one person's eyes, in whatever way."""
    messages = [one for one in (result.response, *result.followups) if one is not None]
    return "\n".join((one.content or "") + text_of(one) for one in messages)


async def test_a_database_that_is_away_changes_nothing_and_is_said(world: World, pair: Pair) -> None:
    await pair.begin()
    world.expected_errors = (StorageUnavailable,)
    world.ladder.storage.fail_writes(1)
    result = await pair.press(world.alice, "won")
    assert pair.match().state is MatchState.IN_PROGRESS
    assert "cannot be reached" in said(result)


async def test_nobody_leaves_in_the_middle_of_a_match_and_afterwards_nothing_is_told(world: World, pair: Pair) -> None:
    await pair.begin()
    asked = await world.alice.slash(world.channel, "delete-my-data")
    assert asked.response is not None
    refused = await world.alice.click(asked.response, custom_id="delete:yes")
    assert "You are in match 1" in said(refused)
    await world.ladder.lifecycle.act(pair.number, pair.alice, Step.REPORT, Outcome.LOSS)
    await world.alice.click(asked.response, custom_id="delete:yes")
    await pair.tell()
    assert len(pair.messages(world.alice)) == 2
    assert "Deleted player" in text_of(pair.last(world.bob))
    assert await world.ladder.lifecycle.pending_notices() == []
