"""Time that was not served, beside the deadlines of matches: penalties, retries, challenges, messages, beats."""

import asyncio
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.application.matches.outages import DAY, HOUR, MINUTE, SERVED_BEFORE, clock_set, down_and_set
from tests.support.composed import CHALLENGE_US
from tests.support.served import FIRST, SECOND, ServedLadder
from toprung.application.matches.match_notices import KIND
from toprung.application.ports.intents import Intent
from toprung.application.ports.storage import Transaction
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import MatchMoved
from toprung.domain.matches.challenge import ChallengeState
from toprung.domain.matches.match import MatchState
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND


async def test_a_clock_that_is_set_there_and_back_leaves_a_penalty_as_long_as_it_was() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.open()
    await ladder.turn()
    await ladder.act(match_id, FIRST, Step.ABORT)
    (before,) = ladder.penalties
    left_us = before.until_us - ladder.steady.now_us()
    for by_seconds in (-DAY, DAY, DAY, -DAY):
        ladder.set_clock(by_seconds)
        await ladder.turn()
        (moved,) = ladder.penalties
        assert moved.until_us - ladder.steady.now_us() == left_us
        assert moved.holds(ladder.steady.now_us())
    assert ladder.penalties == [before]


async def test_a_penalty_that_is_over_does_not_come_again_with_a_clock_set_back() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    await ladder.turn()
    await ladder.act(await ladder.open(), FIRST, Step.ABORT)
    await ladder.serve(10 * MINUTE)
    for event in (clock_set(-8 * MINUTE), down_and_set(60, -8 * MINUTE)):
        await event(ladder)
        await ladder.turn()
        (penalty,) = ladder.penalties
        assert penalty.until_us < ladder.steady.now_us()


async def test_what_is_to_be_tried_again_waits_no_longer_for_a_clock_that_is_set() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    await ladder.turn()
    now_us = ladder.steady.now_us()
    retried = Intent(key="k", kind="challenge over", recipient=5, parameters={})
    await ladder.unit_of_work.run(lambda tx: tx.intents.want([retried], now_us=now_us + MICROSECONDS_PER_SECOND))
    ladder.set_clock(-DAY)
    await ladder.turn()
    due_us = await ladder.unit_of_work.read(lambda tx: tx.intents.next_due_us())
    assert due_us == ladder.steady.now_us() + MICROSECONDS_PER_SECOND


async def test_the_clock_is_followed_when_nothing_else_is_under_way_and_nothing_begins_meanwhile() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    await ladder.turn()
    match_id = await ladder.open()
    gate = ladder.storage.hold_commits()
    confirming = asyncio.ensure_future(ladder.act(match_id, FIRST, Step.CONFIRM))
    await gate.reached()
    ladder.set_clock(-DAY)
    before_us = ladder.steady.now_us()
    assert not await ladder.served.follow(ladder.steady)
    assert ladder.steady.now_us() == before_us
    gate.open()
    await confirming
    gate = ladder.storage.hold_commits()
    following = asyncio.ensure_future(ladder.served.follow(ladder.steady))
    await gate.reached()
    with pytest.raises(StorageUnavailable, match="clock was just set"):
        await ladder.act(match_id, SECOND, Step.CONFIRM)
    gate.open()
    assert await following
    assert ladder.steady.now_us() == before_us - MICROSECONDS_PER_DAY
    assert (await ladder.act(match_id, SECOND, Step.CONFIRM)).state is MatchState.IN_PROGRESS


async def test_a_step_whose_commit_fails_is_made_later_and_one_whose_answer_was_lost_is_undone_and_made() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.open()
    await ladder.turn()
    left_us = ladder.left_us(match_id)
    for by_seconds in (DAY, -DAY):
        ladder.set_clock(by_seconds)
        ladder.storage.fail_writes()
        with pytest.raises(StorageUnavailable):
            await ladder.turn()
        assert ladder.left_us(match_id) == left_us
        # Committed, and the process was not told so: its clock stays behind, and the next beat finds that out.
        await ladder.storage.write(partial(ladder.served._step, ladder.steady.step_us()))
        ladder.pass_by(5)
        left_us -= 5 * MICROSECONDS_PER_SECOND
        await ladder.served.beat()
        assert abs(ladder.left_us(match_id) - left_us) <= 5 * MICROSECONDS_PER_SECOND
        await ladder.turn()
        left_us = ladder.left_us(match_id)
        assert ladder.steady.step_us() == 0
    assert ladder.state(match_id) is MatchState.ASSIGNED


async def test_a_challenge_keeps_its_time_and_what_is_said_when_it_is_over_waits_with_it() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    race = ladder.lifecycle._catalog.race_codes[0]
    made = (await ladder.challenges.make(FIRST, SECOND, (race,))).challenge
    await ladder.serve(SERVED_BEFORE)
    await ladder.be_down(26 * HOUR)
    kept = (await ladder.challenges.view(made.id)).challenge
    assert kept.state is ChallengeState.OPEN
    assert kept.expires_at_us - ladder.steady.now_us() == CHALLENGE_US - SERVED_BEFORE * MICROSECONDS_PER_SECOND
    over = await ladder.unit_of_work.read(lambda tx: tx.intents.find(f"challenge {made.id} over"))
    assert over is not None
    assert ladder.storage.database.intents[over.id].due_at_us == kept.expires_at_us
    assert (await ladder.challenges.accept(made.id, SECOND, race)).state is MatchState.ASSIGNED


async def test_messages_that_state_a_deadline_are_drawn_again_when_it_moves() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.open()
    said, unsaid, other = (
        Intent(
            key=f"notice {number}",
            kind=KIND,
            recipient=number,
            is_direct=True,
            parameters={"notice": str(number), "player": "1", "match": str(of), "kind": "found"},
        )
        for number, of in ((1, match_id), (2, match_id), (3, match_id + 1))
    )
    now_us = ladder.steady.now_us()

    def deliver(tx: Transaction) -> None:
        tx.intents.want([said, unsaid, other], now_us=now_us)
        for intent in (said, other):
            found = tx.intents.find(intent.key)
            assert found is not None
            tx.intents.delivered(found.id, revision=1, message=(7, 8))

    await ladder.unit_of_work.run(deliver)
    await ladder.be_down(20)
    assert await due_keys(ladder) == {"notice 2"}
    await ladder.be_down(HOUR)
    assert await due_keys(ladder) == {"notice 1", "notice 2"}


async def due_keys(ladder: ServedLadder) -> set[str]:
    now_us = ladder.steady.now_us()
    due = await ladder.unit_of_work.read(lambda tx: tx.intents.due(now_us=now_us, limit=10))
    return {one.intent.key for one in due}


async def test_beats_are_no_changes_and_what_they_move_is_one() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.open()
    await ladder.turn()
    seq = ladder.storage.database.seq
    await ladder.serve(SERVED_BEFORE)
    assert ladder.storage.database.seq == seq
    await ladder.be_down(HOUR)
    (change,) = ladder.storage.database.changes[-1:]
    deadline_us = ladder.match(match_id).deadline_us
    assert (change.seq, change.event) == (
        seq + 1,
        MatchMoved(match_id=match_id, state=MatchState.ASSIGNED, deadline_us=deadline_us),
    )


async def test_a_beat_follows_after_five_seconds_and_not_at_each_turn() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    await ladder.turn()
    for seconds, is_beaten in ((0, False), (2, False), (3, True), (1, False), (5, True)):
        ladder.pass_by(seconds)
        writes = ladder.storage.writes
        await ladder.turn()
        assert ladder.storage.writes == writes + is_beaten
        assert ladder.heartbeat is not None
        assert (ladder.heartbeat.at_us == ladder.steady.now_us()) is (is_beaten or seconds == 0)


HAPPENINGS = st.one_of(
    st.tuples(st.just("served"), st.integers(1, 90)),
    st.tuples(st.just("down"), st.integers(0, 30) | st.integers(31, 2 * DAY)),
    st.tuples(st.just("stuck"), st.integers(11, 30) | st.integers(31, 2 * DAY)),
    st.tuples(st.just("clock set"), st.integers(-2 * DAY, 2 * DAY)),
    st.tuples(st.just("clock set while down"), st.integers(-2 * DAY, 2 * DAY)),
    st.tuples(st.just("busy"), st.integers(-2 * DAY, 2 * DAY)),
)
TOLERATED = 30
"""What is owed without being given back yet, in seconds."""


@settings(max_examples=150)
@given(st.lists(HAPPENINGS, max_size=8))
async def test_no_deadline_passes_before_its_time_was_served_and_each_does_then(
    happenings: list[tuple[str, int]],
) -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    await ladder.turn()
    match_id = await ladder.open()
    served = 0
    for what, seconds in happenings:
        if what == "served":
            await ladder.serve(seconds)
            served += seconds
        elif what == "down":
            await ladder.be_down(seconds)
            await ladder.lifecycle.pass_deadlines()
            await ladder.turn()
        elif what == "stuck":
            ladder.pass_by(seconds)
        elif what == "clock set":
            ladder.set_clock(seconds)
        elif what == "clock set while down":
            await down_and_set(1, seconds)(ladder)
            await ladder.turn()
        else:  # set while something is under way, so that the loop cannot follow yet
            ladder.set_clock(seconds)
            await ladder.served.beat()
        await ladder.lifecycle.pass_deadlines()
        if ladder.state(match_id) is MatchState.ABANDONED:
            assert served >= 2 * MINUTE - TOLERATED, happenings
            return
        assert ladder.penalties == []
    await ladder.turn()
    assert ladder.left_us(match_id) <= ladder.rules.confirm_us
    await ladder.serve(2 * MINUTE)
    assert ladder.state(match_id) is MatchState.ABANDONED
