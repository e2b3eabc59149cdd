"""What is owed for time that was not served, and when it is given back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.matches.served_time import OWED_US_MAX, SERVED_BETWEEN_BEATS_US_MAX, Heartbeat, next_beat

SECOND_US = 1_000_000
LONG_US = 400 * 86_400 * SECOND_US


@pytest.mark.parametrize("seconds", [180, 1_800, 26 * 3_600, 86_400, -86_400, 31, -31])
def test_what_passed_before_the_first_beat_of_a_process_is_given_back_whole(seconds: int) -> None:
    last = Heartbeat(at_us=10**15)
    now_us = last.at_us + seconds * SECOND_US
    assert next_beat(last, now_us, is_first=True) == (Heartbeat(at_us=now_us), seconds * SECOND_US)


def test_short_gaps_wait_until_there_is_enough_of_them() -> None:
    beat, moved = next_beat(Heartbeat(at_us=0), 30 * SECOND_US, is_first=True)
    assert (beat, moved) == (Heartbeat(at_us=30 * SECOND_US, owed_us=30 * SECOND_US), 0)
    beat, moved = next_beat(beat, 32 * SECOND_US, is_first=True)
    assert (beat, moved) == (Heartbeat(at_us=32 * SECOND_US), 32 * SECOND_US)


@given(st.integers(0, SERVED_BETWEEN_BEATS_US_MAX), st.integers(-OWED_US_MAX, OWED_US_MAX))
def test_what_a_process_serves_between_its_beats_is_owed_to_nobody(passed_us: int, owed_us: int) -> None:
    beat, moved = next_beat(Heartbeat(at_us=0, owed_us=owed_us), passed_us, is_first=False)
    assert (beat, moved) == (Heartbeat(at_us=passed_us, owed_us=owed_us), 0)


@given(st.lists(st.tuples(st.integers(-LONG_US, LONG_US), st.booleans())))
def test_nothing_is_lost_and_nothing_is_given_twice(gaps: list[tuple[int, bool]]) -> None:
    beat, given_us, served_us = Heartbeat(at_us=0), 0, 0
    for passed_us, is_first in gaps:
        before = beat
        beat, moved_us = next_beat(before, before.at_us + passed_us, is_first=is_first)
        given_us += moved_us
        is_served = not is_first and 0 <= passed_us <= SERVED_BETWEEN_BEATS_US_MAX
        served_us += passed_us if is_served else 0
        assert abs(beat.owed_us) <= OWED_US_MAX
    assert beat.at_us == served_us + given_us + beat.owed_us
