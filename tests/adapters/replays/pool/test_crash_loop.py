"""The circuit over failing starts: it opens in time, stays open long enough, and closes once something starts."""

from hypothesis import given
from hypothesis import strategies as st

from toprung.adapters.replays.pool.crash_loop import (
    FAILURES_MAX,
    OPEN_SECONDS_MAX,
    OPEN_SECONDS_MIN,
    WINDOW_SECONDS,
    CrashLoop,
)

STEPS = st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=60)


def failing(times: int, *, at: float = 0.0) -> CrashLoop:
    loop = CrashLoop()
    for _ in range(times):
        loop.failed(at)
    return loop


def seconds_until_next_start(loop: CrashLoop, now: float) -> float:
    return loop.seconds_open(now) or 0.0


def test_ten_failures_in_ten_seconds_are_borne_and_the_eleventh_is_not() -> None:
    assert failing(FAILURES_MAX).seconds_open(0) is None
    loop = failing(FAILURES_MAX + 1)
    assert loop.is_tripped
    assert loop.seconds_open(0) == OPEN_SECONDS_MIN
    assert not loop.allows_start(OPEN_SECONDS_MIN - 0.01, starting=0)
    assert loop.allows_start(OPEN_SECONDS_MIN, starting=0)
    assert not loop.allows_start(OPEN_SECONDS_MIN, starting=1)


def test_failures_that_are_far_enough_apart_are_borne_for_ever() -> None:
    loop = CrashLoop()
    for step in range(1_000):
        loop.failed(step * WINDOW_SECONDS / FAILURES_MAX * 1.01)
        assert not loop.is_tripped


def test_each_failed_trial_opens_for_twice_as_long_up_to_a_minute() -> None:
    loop, now = failing(FAILURES_MAX + 1), 0.0
    waits = []
    for _ in range(7):
        waits.append(seconds_until_next_start(loop, now))
        now += waits[-1]
        loop.failed(now)
    assert waits == [5, 10, 20, 40, 60, 60, 60]


def test_a_success_closes_it_and_it_opens_shortly_again_only_after_a_good_minute() -> None:
    loop = failing(FAILURES_MAX + 1)
    loop.succeeded(5)
    assert not loop.is_tripped
    for _ in range(FAILURES_MAX + 1):
        loop.failed(6)
    assert loop.seconds_open(6) == 2 * OPEN_SECONDS_MIN  # flapping
    loop.succeeded(20)
    for _ in range(FAILURES_MAX + 1):
        loop.failed(20 + OPEN_SECONDS_MAX + 1)
    assert loop.seconds_open(20 + OPEN_SECONDS_MAX + 1) == OPEN_SECONDS_MIN


def test_what_cannot_start_is_tried_a_few_times_a_minute() -> None:
    loop, now, starts = CrashLoop(), 0.0, 0
    while now < 60:
        now += seconds_until_next_start(loop, now)
        assert loop.allows_start(now, starting=0)
        starts += 1
        now += 0.05
        loop.failed(now)
    assert starts <= FAILURES_MAX + 1 + 4


@given(steps=STEPS)
def test_while_it_is_open_nothing_starts_and_it_is_never_open_for_long(steps: list[tuple[float, bool]]) -> None:
    loop, now = CrashLoop(), 0.0
    for wait, is_good in steps:
        now += wait
        if is_good:
            loop.succeeded(now)
        else:
            loop.failed(now)
        seconds = loop.seconds_open(now)
        assert loop.allows_start(now, starting=0) is (seconds is None)
        assert seconds is None or 0 < seconds <= OPEN_SECONDS_MAX
        assert not (is_good and loop.is_tripped)
