"""Time that nobody was served, and clocks that are set: no penalty, no dispute lost, nothing given back twice."""

import pytest

from tests.application.matches.outages import DAY, EVENTS, HOUR, MINUTE, SERVED_BEFORE, WINDOWS
from tests.support.served import FIRST, SECOND, ServedLadder
from toprung.domain.errors import StorageUnavailable
from toprung.domain.matches.match import MatchId, MatchState, Outcome
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND


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
