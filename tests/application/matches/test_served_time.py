"""Time that nobody was served, and clocks that are set: no penalty, no dispute lost, nothing given back twice."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.composed import CHALLENGE_US
from tests.support.served import FIRST, SECOND, ServedLadder
from toprung.application.matches.match_notices import KIND
from toprung.application.ports.intents import Intent
from toprung.application.ports.storage import Transaction
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import MatchMoved
from toprung.domain.matches.challenge import ChallengeState
from toprung.domain.matches.match import MatchId, MatchState, Outcome
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND

MINUTE, HOUR, DAY = 60, 3_600, 86_400
OUTAGES = (3 * MINUTE, 30 * MINUTE, 26 * HOUR)
SERVED_BEFORE = 60

Window = Callable[[ServedLadder], Awaitable[MatchId]]
Event = Callable[[ServedLadder], Awaitable[None]]

WINDOWS: dict[str, tuple[Window, int]] = {
    "confirm": (ServedLadder.open, 2 * MINUTE),
    "report": (ServedLadder.begun, DAY),
    "answer": (ServedLadder.claimed, DAY),
}


def down(seconds: int) -> Event:
    return lambda ladder: ladder.be_down(seconds)


def down_and_set(seconds: int, by_seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        ladder.set_clock(by_seconds)
        await ladder.be_down(seconds)

    return happen


def stuck(seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        ladder.pass_by(seconds)

    return happen


def clock_set(by_seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        ladder.set_clock(by_seconds)

    return happen


def there_and_back(by_seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        for seconds in (by_seconds, -by_seconds):
            ladder.set_clock(seconds)
            await ladder.turn()

    return happen


def database_away(seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        for _ in range(seconds // 60):
            ladder.pass_by(60)
            ladder.storage.fail_writes()
            with pytest.raises(StorageUnavailable):
                await ladder.turn()

    return happen


EVENTS: dict[str, Event] = {
    **{f"down {seconds} s": down(seconds) for seconds in OUTAGES},
    **{f"stuck {seconds} s": stuck(seconds) for seconds in OUTAGES},
    **{f"database away {seconds} s": database_away(seconds) for seconds in OUTAGES[:2]},
    **{f"clock set by {seconds} s": clock_set(seconds) for seconds in (DAY, -DAY, HOUR, -HOUR, 20, -20)},
    **{f"clock set by {seconds} s and back": there_and_back(seconds) for seconds in (DAY, -DAY)},
    **{f"clock set by {seconds} s while down": down_and_set(60, seconds) for seconds in (DAY, -DAY)},
    "down a day while the clock is set a day back": down_and_set(DAY, -DAY),
}


async def be_in_time(ladder: ServedLadder, match_id: MatchId, window: str) -> MatchState:
    """The last one who has to does what they have to."""
    if window == "confirm":
        await ladder.act(match_id, FIRST, Step.CONFIRM)
        return (await ladder.act(match_id, SECOND, Step.CONFIRM)).state
    if window == "report":
        return (await ladder.act(match_id, SECOND, Step.REPORT, Outcome.LOSS)).state
    return (await ladder.act(match_id, SECOND, Step.REPORT, Outcome.WIN)).state


IN_TIME = {
    "confirm": MatchState.IN_PROGRESS,
    "report": MatchState.COMPLETED,
    "answer": MatchState.CONFLICT,
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("window", WINDOWS)
async def test_whoever_looks_first_afterwards_finds_the_time_that_was_left(window: str, event: str) -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    await ladder.turn()
    prepare, window_seconds = WINDOWS[window]
    match_id = await prepare(ladder)
    state = ladder.state(match_id)
    await ladder.serve(SERVED_BEFORE)
    await EVENTS[event](ladder)
    await ladder.turn()
    assert (ladder.state(match_id), ladder.penalties) == (state, [])
    left_seconds = ladder.left_us(match_id) / MICROSECONDS_PER_SECOND
    assert abs(left_seconds - (window_seconds - SERVED_BEFORE)) < 0.01
    assert await be_in_time(ladder, match_id, window) is IN_TIME[window]
    assert ladder.penalties == []


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("window", WINDOWS)
async def test_a_player_who_comes_before_the_loop_is_in_time_as_well(window: str, event: str) -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    await ladder.turn()
    match_id = await WINDOWS[window][0](ladder)
    await ladder.serve(SERVED_BEFORE)
    await EVENTS[event](ladder)
    assert await be_in_time(ladder, match_id, window) is IN_TIME[window]
    assert ladder.penalties == []


@pytest.mark.parametrize("event", ["down 93600 s", "clock set by 86400 s", "clock set by -86400 s and back"])
async def test_after_it_a_deadline_passes_when_its_time_was_served(event: str) -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.open()
    await ladder.serve(SERVED_BEFORE)
    await EVENTS[event](ladder)
    await ladder.serve(SERVED_BEFORE - 5)
    assert ladder.state(match_id) is MatchState.ASSIGNED
    await ladder.serve(5)
    assert ladder.state(match_id) is MatchState.ABANDONED
    assert [penalty.player_id for penalty in ladder.penalties] == [FIRST, SECOND]


async def test_a_start_that_is_killed_and_comes_again_gives_back_once() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    await ladder.turn()
    match_id = await ladder.open()
    before_us = ladder.match(match_id).deadline_us or 0
    ladder.pass_by(HOUR)
    ladder.storage.fail_writes()
    with pytest.raises(StorageUnavailable):
        await ladder.process_began()
    assert ladder.match(match_id).deadline_us == before_us
    ladder.storage.lose_next_race()
    await ladder.process_began()
    assert ladder.left_us(match_id) == 2 * MINUTE * MICROSECONDS_PER_SECOND
    after_us = ladder.match(match_id).deadline_us or 0
    await ladder.process_began()
    assert ladder.match(match_id).deadline_us == after_us == before_us + HOUR * MICROSECONDS_PER_SECOND


async def test_two_restarts_give_back_their_own_gaps() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.begun()
    before_us = ladder.match(match_id).deadline_us or 0
    await ladder.be_down(10 * MINUTE)
    await ladder.be_down(26 * HOUR)
    gaps_us = (10 * MINUTE + 26 * HOUR) * MICROSECONDS_PER_SECOND
    assert ladder.match(match_id).deadline_us == before_us + gaps_us
    assert ladder.left_us(match_id) <= MICROSECONDS_PER_DAY


async def test_a_quick_restart_moves_nothing_and_many_of_them_are_an_outage() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.open()
    before_us = ladder.match(match_id).deadline_us
    await ladder.be_down(30)
    assert ladder.match(match_id).deadline_us == before_us
    for _ in range(100):  # a process that dies two seconds after each start serves nobody
        await ladder.be_down(7)
        await ladder.lifecycle.pass_deadlines()
    assert (ladder.state(match_id), ladder.penalties) == (MatchState.ASSIGNED, [])


async def test_a_ladder_that_never_beat_gives_all_the_time_again() -> None:
    ladder = ServedLadder()
    match_id = await ladder.open()
    ladder.pass_by(26 * HOUR)
    assert ladder.heartbeat is None
    await ladder.process_began()
    assert ladder.left_us(match_id) == ladder.rules.confirm_us
    assert ladder.heartbeat is not None


async def test_a_report_that_is_withdrawn_after_an_outage_leaves_the_rest_of_the_time_to_report() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.begun()
    await ladder.serve(SERVED_BEFORE)
    await ladder.act(match_id, FIRST, Step.REPORT, Outcome.WIN)
    await ladder.be_down(26 * HOUR)
    after = await ladder.act(match_id, FIRST, Step.WITHDRAW)
    assert after.state is MatchState.IN_PROGRESS
    assert ladder.left_us(match_id) == (DAY - SERVED_BEFORE) * MICROSECONDS_PER_SECOND


async def test_what_was_given_back_before_a_match_began_does_not_lengthen_it() -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.open()
    await ladder.be_down(HOUR)
    for player_id in (FIRST, SECOND):
        await ladder.act(match_id, player_id, Step.CONFIRM)
    await ladder.act(match_id, FIRST, Step.REPORT, Outcome.WIN)
    await ladder.act(match_id, FIRST, Step.WITHDRAW)
    assert ladder.left_us(match_id) == DAY * MICROSECONDS_PER_SECOND


@pytest.mark.parametrize("event", EVENTS)
async def test_a_match_that_is_over_stays_as_it_is(event: str) -> None:
    ladder = ServedLadder()
    await ladder.process_began()
    match_id = await ladder.open()
    await ladder.serve(3 * MINUTE)
    ended = ladder.match(match_id)
    assert ended.state is MatchState.ABANDONED
    await EVENTS[event](ladder)
    await ladder.turn()
    assert ladder.match(match_id) == ended


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
