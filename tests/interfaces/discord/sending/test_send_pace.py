"""How fast the bot sends: fast while Discord takes it, and far from being shut out while Discord refuses everything."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from toprung.interfaces.discord.sending.send_pace import SendPace

DISCORDS_LIMIT = 10_000
"""Invalid requests in 10 minutes, after which Discord shuts an address out."""

WINDOW_SECONDS = 600.0


def sent(pace: SendPace, seconds: float, statuses: list[int]) -> list[tuple[float, int]]:
    """What goes out in so many seconds where there is always more to send, and how each is answered."""
    now, going = 0.0, list[tuple[float, int]]()
    while now < seconds:
        now = pace.turn(now)
        status = statuses[len(going) % len(statuses)]
        going.append((now, status))
        pace.answered(status, now)
    return going


def most_in_a_window(moments: list[float]) -> int:
    first = most = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - WINDOW_SECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most


@given(statuses=st.lists(st.sampled_from((200, 401, 403, 403, 404, 429)), min_size=1, max_size=8))
def test_refusals_stay_far_below_what_shuts_the_bot_out(statuses: list[int]) -> None:
    """Also where discord.py asked five times for each."""
    going = sent(SendPace(20), 3_000, statuses)
    invalid = [at for at, status in going if status in (401, 403, 429)]
    assert 5 * most_in_a_window(invalid) < DISCORDS_LIMIT / 3


def test_nothing_ever_stops() -> None:
    going = sent(SendPace(20), 3_000, [403])
    pauses = [later - at for (at, _), (later, _) in pairwise(going)]
    assert max(pauses) < 2.01


def test_two_hundred_closed_direct_messages_slow_nobody_down() -> None:
    pace = SendPace(20)
    for number in range(200):
        pace.answered(403, number / 20)
    assert pace.turn(10.0) == 10.0
    assert pace.turn(10.0) < 10.06


def test_what_is_taken_goes_at_twenty_a_second() -> None:
    assert 1_200 <= len(sent(SendPace(20), 60, [200])) <= 1_202


def test_old_refusals_are_forgotten() -> None:
    pace = SendPace(20)
    for _ in range(1_000):
        pace.answered(403, 0.0)
    pace.turn(601.0)
    assert pace.turn(601.0) < 601.06
