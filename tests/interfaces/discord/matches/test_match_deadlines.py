"""Every deadline that somebody is told is the one that is kept: said at any time, by whatever it was claimed."""

import re
from collections.abc import Iterator

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import text_of
from tests.interfaces.discord.matches.test_matches import Pair, said
from toprung.application.ports.storage import Transaction
from toprung.domain.matches.match import Evidence, MatchResult, MatchState, Side
from toprung.domain.matches.match_life import MatchRules, Step, report
from toprung.domain.moment import MICROSECONDS_PER_SECOND, to_iso
from toprung.domain.ratings.explanation import describe
from toprung.interfaces.match_shapes import match_json

import simcord  # isort: skip

MINUTE_US = 60 * MICROSECONDS_PER_SECOND
OTHER_RULES = MatchRules(
    confirm_us=3 * MINUTE_US,
    report_us=50 * MINUTE_US,
    answer_report_us=40 * MINUTE_US,
    answer_replay_us=7 * MINUTE_US,
    tell_us=90 * MINUTE_US,
)


@pytest.fixture(params=[MatchRules(), OTHER_RULES], ids=["as delivered", "as set"])
async def pair(world: World, request: pytest.FixtureRequest) -> Pair:
    """The two, by the rules as they come and by others."""
    world.ladder.steps.rules = request.param
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    alice = await world.ladder.joined(world.alice.id, "Novamar")
    bob = await world.ladder.joined(world.bob.id, "별빛", language="ko")
    return Pair(world, alice.id, bob.id)


@pytest.fixture(autouse=True)
def _requests_are_what_discord_takes(world: World) -> Iterator[None]:
    yield
    world.check_requests()


def stated(text: str) -> list[int]:
    """The moments that a text tells, in microseconds; Discord shows whole seconds."""
    return [int(seconds) * MICROSECONDS_PER_SECOND for seconds in re.findall(r"<t:(\d+):R>", text)]


async def claim(pair: Pair, evidence: Evidence, side: Side = 0) -> None:
    """One side says that it won; by a replay as `replay_claims` does it."""
    ladder = pair.world.ladder
    now_us = ladder.clock.now_us()
    result = MatchResult.SIDE_1_WON if side == 0 else MatchResult.SIDE_2_WON

    def work(tx: Transaction) -> None:
        match = ladder.steps.current(tx, pair.number, now_us)
        ladder.steps.take(tx, match, report(match, side, result, now_us, ladder.steps.rules, evidence), now_us)

    await ladder.unit_of_work.run(work)


async def check_is_kept(pair: Pair, due_us: int) -> None:
    """Nothing moves before this moment, and at this moment it does."""
    ladder, state = pair.world.ladder, pair.match().state
    ladder.clock.moment_us = due_us - 1
    await ladder.lifecycle.pass_deadlines()
    assert pair.match().state is state
    ladder.clock.advance(us=1)
    await ladder.lifecycle.pass_deadlines()
    assert pair.match().state is not state


async def listed(world: World, actor: simcord.MemberActor) -> str:
    """What `/matches` shows somebody."""
    return said(await world.users[actor.id].slash("matches"))


async def test_found_and_confirmed(world: World, pair: Pair) -> None:
    await pair.open()
    await pair.press(world.alice, "confirm")
    told = [text_of(pair.last(actor)) for actor in (world.alice, world.bob)]
    (for_alice,), (for_bob,) = map(stated, told)
    assert for_alice == for_bob == world.ladder.clock.now_us() + world.ladder.steps.rules.confirm_us
    await check_is_kept(pair, for_bob)


async def test_in_progress_and_after_a_report_was_taken_back(world: World, pair: Pair) -> None:
    await pair.begin()
    begun_us = world.ladder.clock.now_us()
    assert stated(text_of(pair.last(world.alice))) == [begun_us + world.ladder.steps.rules.report_us]
    world.ladder.clock.advance(seconds=600)
    await pair.press(world.alice, "won")
    await pair.press(world.alice, "cancel")  # which changes no deadline
    await pair.press(world.alice, "withdraw")
    (due_us,) = stated(text_of(pair.last(world.bob)))
    assert due_us == begun_us + world.ladder.steps.rules.report_us
    await check_is_kept(pair, due_us)


@pytest.mark.parametrize("evidence", Evidence)
@pytest.mark.parametrize("late_seconds", [0, 1_800])
async def test_a_claim_as_it_is_told_and_as_it_is_looked_up(
    world: World, pair: Pair, evidence: Evidence, late_seconds: int
) -> None:
    await pair.begin()
    await claim(pair, evidence)
    rules, clock = world.ladder.steps.rules, world.ladder.clock
    claimed_us = clock.now_us()
    window_us = rules.answer_us(evidence)
    assert stated(await listed(world, world.bob)) == [claimed_us + window_us]  # as if told by this
    (told_by_us,) = stated(await listed(world, world.alice))
    assert told_by_us == claimed_us + rules.tell_us
    clock.advance(seconds=late_seconds)
    await pair.tell()
    (due_us,) = stated(text_of(pair.last(world.bob)))
    assert due_us == clock.now_us() + window_us == pair.match().deadline_us
    for actor in (world.alice, world.bob):
        assert stated(await listed(world, actor)) == [due_us]
    view = await world.ladder.matches.get(pair.number)
    assert match_json(view, world.ladder.catalog)["deadline"] == to_iso(due_us)
    assert f"{to_iso(due_us)[:10]} {to_iso(due_us)[11:19]} UTC" in describe(("A", "B"), view.match)[-1]
    await check_is_kept(pair, due_us)
    assert pair.match().result is MatchResult.SIDE_1_WON


@pytest.mark.parametrize("evidence", Evidence)
async def test_who_claims_reads_how_long_the_other_side_will_have(world: World, pair: Pair, evidence: Evidence) -> None:
    await pair.begin()
    await claim(pair, evidence)
    minutes = world.ladder.steps.rules.answer_us(evidence) // MINUTE_US
    text = await listed(world, world.alice)
    assert f"then has {minutes} min to answer" in text or f"then has {minutes // 60} h to answer" in text
    assert ("h to answer" in text) is (minutes % 60 == 0)


@pytest.mark.parametrize("evidence", Evidence)
async def test_a_claim_that_could_not_be_told_goes_to_the_organisers_at_the_moment_that_was_said(
    world: World, pair: Pair, evidence: Evidence
) -> None:
    await pair.begin()
    await claim(pair, evidence)
    (told_by_us,) = stated(await listed(world, world.alice))
    await check_is_kept(pair, told_by_us)
    assert pair.match().is_held_up
    assert stated(await listed(world, world.bob)) == []


async def test_a_report_that_a_replay_bears_out_later_is_told_with_the_time_that_it_then_has(
    world: World, pair: Pair
) -> None:
    await pair.begin()
    await claim(pair, Evidence.REPORT)
    await pair.tell()
    world.ladder.clock.advance(seconds=60)
    await claim(pair, Evidence.REPLAY)
    await pair.tell()
    (due_us,) = stated(text_of(pair.last(world.bob)))
    assert due_us == world.ladder.clock.now_us() + world.ladder.steps.rules.answer_replay_us
    await check_is_kept(pair, due_us)


async def test_two_claims_that_wait_to_be_told_say_the_one_deadline_that_counts(world: World, pair: Pair) -> None:
    await pair.begin()
    await claim(pair, Evidence.REPORT)
    world.ladder.clock.advance(seconds=60)
    await claim(pair, Evidence.REPLAY)
    await pair.tell()
    told = {due_us for message in pair.messages(world.bob)[2:] for due_us in stated(text_of(message))}
    assert told == {pair.match().deadline_us}
    await check_is_kept(pair, told.pop())


async def test_a_side_out_of_reach_has_its_time_from_the_claim_on(world: World, pair: Pair) -> None:
    await pair.begin()
    world.ladder.out_of_reach.add(world.bob.id)
    await claim(pair, Evidence.REPLAY)
    due_us = world.ladder.clock.now_us() + world.ladder.steps.rules.answer_replay_us
    assert stated(await listed(world, world.alice)) == stated(await listed(world, world.bob)) == [due_us]
    await check_is_kept(pair, due_us)


async def test_a_challenge_ends_when_it_was_said_to(world: World, pair: Pair) -> None:
    answer = await world.alice.slash(world.channel, "challenge", player=world.bob, races="bw_zerg")
    await pair.tell()
    (for_alice,), (for_bob,) = stated(said(answer)), stated(text_of(pair.last(world.bob)))
    assert for_alice == for_bob
    world.ladder.clock.moment_us = for_bob - 1
    (challenge,) = world.ladder.storage.database.challenges.values()
    assert (await world.ladder.challenges.view(challenge.id)).challenge.state == "open"
    world.ladder.clock.advance(us=1)
    assert (await world.ladder.challenges.view(challenge.id)).challenge.state == "expired"


@pytest.mark.parametrize("answer", ["won", "draw"])
async def test_who_disputes_reads_that_it_is_disputed_and_what_happens_now(
    world: World, pair: Pair, answer: str
) -> None:
    await pair.begin()
    await pair.press(world.bob, "won")
    await pair.press(world.alice, answer)
    assert "an organiser will have to decide" in text_of(pair.last(world.alice))
    pressed = pair.messages(world.alice)[-1]
    await pair.press(world.alice, f"{answer}_sure")
    assert pair.match().state is MatchState.CONFLICT
    answered = text_of(next(one for one in pair.messages(world.alice) if one.id == pressed.id))
    assert "Match 1 is disputed" in answered
    assert "an organiser decides" in answered
    assert "is over" not in answered
    for actor in (world.alice, world.bob):
        assert "1" in text_of(pair.last(actor))
        assert stated(text_of(pair.last(actor))) == []  # no deadline runs while an organiser decides


async def test_who_disputes_in_korean_reads_it_in_korean(world: World, pair: Pair) -> None:
    await pair.begin()
    await pair.press(world.alice, "won")
    pressed = pair.last(world.bob)
    await pair.press(world.bob, "won")
    await pair.press(world.bob, "won_sure")
    answered = text_of(next(one for one in pair.messages(world.bob) if one.id == pressed.id))
    assert "이의가 제기" in answered
    assert "운영자가 결정" in answered


async def test_what_is_lost_or_cancelled_is_over_and_not_disputed(world: World, pair: Pair) -> None:
    await pair.begin()
    await pair.press(world.alice, "lost")
    pressed = pair.last(world.alice)
    await pair.press(world.alice, "lost_sure")
    answered = text_of(next(one for one in pair.messages(world.alice) if one.id == pressed.id))
    assert "Match 1 is over" in answered
    await pair.begin()
    await world.ladder.lifecycle.act(pair.number, pair.bob, Step.CANCEL)
    await pair.tell()
    pressed = pair.last(world.alice)
    await pair.press(world.alice, "cancel")
    await pair.press(world.alice, "cancel_sure")
    answered = text_of(next(one for one in pair.messages(world.alice) if one.id == pressed.id))
    assert "Match 2 is over" in answered
