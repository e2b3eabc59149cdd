"""Who is told what when a match goes on: both of what concerns both, the other side of what one side did."""

from hypothesis import given

from tests.domain.matches.match_strategies import RULES, START_US, Try, assigned, in_progress, lives, sides, steps
from toprung.domain.matches.match import Evidence, Match, MatchState, Outcome, Side, other
from toprung.domain.matches.match_life import (
    Step,
    StepRefused,
    cancel,
    confirm,
    report,
    set_result,
    told,
    void,
    withdraw,
)
from toprung.domain.matches.notice import NoticeKind, notices_of

TO_ONE = {NoticeKind.CLAIM, NoticeKind.WITHDRAWN, NoticeKind.CANCEL_ASKED}


def test_both_are_told_of_a_new_match() -> None:
    assert notices_of(None, assigned()) == [(0, NoticeKind.FOUND), (1, NoticeKind.FOUND)]


@given(life=lives(), step=steps)
def test_whatever_happens_is_told_once_and_nothing_is_told_where_nothing_happened(
    life: tuple[Match, int], step: tuple[Step, Try]
) -> None:
    match, now_us = life
    try:
        after = step[1](match, now_us)
    except StepRefused:
        return
    told_of = notices_of(match, after)
    assert len(set(told_of)) == len(told_of)
    if after == match:
        assert told_of == []
    elif after.state is not match.state:
        kinds = {kind for _, kind in told_of}
        assert len(kinds) == 1
        assert [side for side, _ in told_of] == ([0, 1] if not kinds & TO_ONE else [told_of[0][0]])


@given(life=lives(), side=sides)
def test_a_first_confirmation_and_being_told_are_nobodys_business(life: tuple[Match, int], side: Side) -> None:
    match, now_us = life
    assert notices_of(match, told(match, side, now_us, RULES)) == []
    assert notices_of(assigned(), confirm(assigned(), side, START_US, RULES)) == []


@given(side=sides)
def test_what_one_side_does_is_told_to_the_other(side: Side) -> None:
    across = other(side)
    match = in_progress()
    claimed = report(match, side, Outcome.WIN.result_for(side), START_US, RULES)
    shown = report(claimed, side, Outcome.WIN.result_for(side), START_US + 1, RULES, Evidence.REPLAY)
    assert notices_of(match, claimed) == [(across, NoticeKind.CLAIM)]
    assert notices_of(claimed, shown) == [(across, NoticeKind.CLAIM)]
    assert notices_of(claimed, withdraw(claimed, side, RULES)) == [(across, NoticeKind.WITHDRAWN)]
    assert notices_of(match, cancel(match, side, START_US)) == [(across, NoticeKind.CANCEL_ASKED)]


@given(life=lives())
def test_a_result_that_is_judged_anew_is_told_as_a_correction(life: tuple[Match, int]) -> None:
    match, now_us = life
    if match.state not in {MatchState.COMPLETED, MatchState.VOIDED} or match.started_at_us is None:
        return
    after = set_result(match, Outcome.DRAW.result_for(0), now_us) if match.result is None else void(match, now_us)
    kind = NoticeKind.RESULT if match.result is None else NoticeKind.CORRECTED
    assert notices_of(match, after) == ([] if after == match else [(0, kind), (1, kind)])
