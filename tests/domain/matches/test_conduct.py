"""What a match that did not come about costs: more for who does it again, less after good conduct, never for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.matches.conduct import (
    DAYS_PER_STRIKE,
    MATCHES_PER_STRIKE,
    REMEMBERED_US,
    STRIKES_MAX,
    Offence,
    Penalty,
    PenaltyRules,
    strikes,
)
from toprung.domain.matches.match import MatchId
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId

WEEK_US = DAYS_PER_STRIKE * MICROSECONDS_PER_DAY
MINUTE_US = 60_000_000
NOW_US = 1_790_251_200_000_000

moments = st.integers(0, 70 * MICROSECONDS_PER_DAY).map(lambda ago_us: NOW_US - ago_us) | st.sampled_from(
    (NOW_US, NOW_US - 1, NOW_US - WEEK_US, NOW_US - WEEK_US + 1)
)
offences = st.lists(moments, max_size=12)
games = st.lists(moments, max_size=25)


@given(offences=offences, games=games)
def test_strikes_are_few_and_none_without_an_offence(offences: list[int], games: list[int]) -> None:
    assert 0 <= strikes(offences, games, NOW_US) <= min(len(offences), STRIKES_MAX)
    assert strikes([], games, NOW_US) == 0


@given(offences=offences, games=games)
def test_one_more_offence_now_is_one_more_strike(offences: list[int], games: list[int]) -> None:
    before = strikes(offences, games, NOW_US)
    assert strikes([*offences, NOW_US], games, NOW_US) == min(before + 1, STRIKES_MAX)


@given(offences=offences, later_us=st.lists(st.integers(0, 10 * WEEK_US), min_size=1, max_size=4).map(sorted))
def test_strikes_only_fade_while_nothing_happens(offences: list[int], later_us: list[int]) -> None:
    counts = [strikes(offences, [], NOW_US + later) for later in (0, *later_us)]
    assert counts == sorted(counts, reverse=True)
    assert strikes(offences, [], NOW_US + STRIKES_MAX * WEEK_US) == 0


@given(offences=offences, games=games, times=st.integers(1, 6))
def test_games_played_to_their_end_take_strikes_away_and_never_add_any(
    offences: list[int], games: list[int], times: int
) -> None:
    then_us = NOW_US + 1
    before = strikes(offences, games, then_us)
    after = strikes(offences, games + [then_us] * (times * MATCHES_PER_STRIKE), then_us)
    assert after == max(0, before - times)


@given(offences=offences, games=games)
def test_the_order_in_which_they_are_told_does_not_matter(offences: list[int], games: list[int]) -> None:
    assert strikes(offences[::-1], games[::-1], NOW_US) == strikes(offences, games, NOW_US)


@given(offences=offences, games=games)
def test_what_is_older_than_what_is_remembered_has_no_weight(offences: list[int], games: list[int]) -> None:
    since_us = NOW_US - REMEMBERED_US
    old = [since_us - 1 - place for place in range(12)]
    known = [at_us for at_us in offences if at_us >= NOW_US - WEEK_US]  # after a pause in which all older ones fade
    assert strikes(old + known, games, NOW_US) == strikes(known, games, NOW_US)


def test_a_week_is_over_at_its_last_microsecond() -> None:
    assert strikes([NOW_US], [], NOW_US + WEEK_US - 1) == 1
    assert strikes([NOW_US], [], NOW_US + WEEK_US) == 0
    assert strikes([NOW_US, NOW_US], [], NOW_US + WEEK_US) == 1


@pytest.mark.parametrize(("offence", "minutes"), [(Offence.ABORT, 5), (Offence.ABANDON, 10)])
def test_each_strike_doubles_the_price_up_to_a_day(offence: Offence, minutes: int) -> None:
    durations = [PenaltyRules().duration_us(offence, count) for count in range(STRIKES_MAX + 1)]
    assert durations == [min(minutes * MINUTE_US * 2**count, 24 * 60 * MINUTE_US) for count in range(STRIKES_MAX + 1)]


@given(at_us=moments, length_us=st.integers(1, MICROSECONDS_PER_DAY), is_pardoned=st.booleans())
def test_a_penalty_holds_from_its_moment_until_its_end_unless_it_is_pardoned(
    at_us: int, length_us: int, is_pardoned: bool
) -> None:
    penalty = Penalty(
        player_id=PlayerId(1),
        match_id=MatchId(7),
        offence=Offence.ABORT,
        at_us=at_us,
        until_us=at_us + length_us,
        pardoned_at_us=at_us if is_pardoned else None,
    )
    held = [penalty.holds(moment) for moment in (at_us - 1, at_us, at_us + length_us - 1, at_us + length_us)]
    assert held == ([False] * 4 if is_pardoned else [False, True, True, False])
