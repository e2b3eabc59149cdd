"""The life of a match: only what the table of states allows, at the exact moment, whoever comes first."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.matches.match_strategies import (
    RULES,
    START_US,
    Try,
    assigned,
    in_progress,
    lives,
    results,
    sides,
    steps,
)
from toprung.domain.matches.match import Evidence, Match, MatchResult, MatchState, Outcome, Side, other
from toprung.domain.matches.match_life import (
    TRANSITIONS,
    Move,
    Step,
    StepRefused,
    abort,
    allowed,
    as_told,
    at_fault,
    cancel,
    confirm,
    found,
    give_back,
    pass_deadlines,
    report,
    set_result,
    side_of,
    told,
    void,
    withdraw,
)
from toprung.domain.players.player import PlayerId

HOUR_US = 3_600_000_000
WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW


@given(life=lives(), step=steps, later_us=st.sampled_from((0, 1, RULES.confirm_us, RULES.report_us)))
def test_a_step_leads_where_the_table_says_or_changes_nothing_or_is_refused_with_a_sentence(
    life: tuple[Match, int], step: tuple[Step, Try], later_us: int
) -> None:
    (match, now_us), (kind, attempt) = life, step
    if kind is Step.DEADLINE:
        now_us += later_us
    after, sentence = match, None
    try:
        after = attempt(match, now_us)
    except StepRefused as error:
        sentence = str(error)
    if sentence is not None:
        assert sentence.startswith("Match 7 ")
        assert sentence.endswith(".")
        return
    assert after == match or after.state in TRANSITIONS[match.state].get(kind, ())


@given(life=lives(), step=steps)
def test_a_step_that_is_made_again_changes_nothing_more(life: tuple[Match, int], step: tuple[Step, Try]) -> None:
    (match, now_us), (_, attempt) = life, step
    try:
        once = attempt(match, now_us)
    except StepRefused:
        return
    assert attempt(once, now_us) == once


@given(life=lives())
def test_a_match_is_open_with_a_deadline_or_over_with_an_end(life: tuple[Match, int]) -> None:
    match, now_us = life
    assert match.state.is_open == (match.deadline_us is not None) == (match.ended_at_us is None)
    assert match.deadline_us is None or match.deadline_us > now_us
    assert match.state is not MatchState.COMPLETED or match.result is not None
    assert match.standing_result is None or match.state is MatchState.COMPLETED
    if match.state is MatchState.REPORTED:
        assert [side.claim is not None for side in match.sides].count(True) == 1


@given(life=lives())
def test_every_match_ends_by_itself(life: tuple[Match, int]) -> None:
    match, now_us = life
    longest_us = max(RULES.report_us, RULES.tell_us, RULES.answer_report_us)
    assert not pass_deadlines(match, now_us + longest_us).state.is_open


@given(life=lives(), far_us=st.integers(0, 4 * RULES.report_us), part=st.floats(0, 1))
def test_deadlines_seen_late_do_what_they_would_have_done_in_time(
    life: tuple[Match, int], far_us: int, part: float
) -> None:
    match, now_us = life
    between = pass_deadlines(match, now_us + int(far_us * part))
    assert pass_deadlines(between, now_us + far_us) == pass_deadlines(match, now_us + far_us)


@given(first=results, second=results)
def test_the_order_of_both_reports_does_not_matter(first: MatchResult, second: MatchResult) -> None:
    """But for two who both say that they lost: the first of them is believed at once."""
    ends = []
    for order in permutations(((0, first), (1, second))):
        match = in_progress()
        for side, result in order:
            try:
                match = report(match, 0 if side == 0 else 1, result, START_US, RULES)
            except StepRefused:
                assert match.state is MatchState.COMPLETED
        ends.append((match.state, match.standing_result))
    if (first, second) == (LOST, WON):
        assert ends == [(MatchState.COMPLETED, LOST), (MatchState.COMPLETED, WON)]
    else:
        assert ends[0] == ends[1]
        conceded = ({first} & {LOST}) | ({second} & {WON})
        agreed = conceded or ({first} & {second})
        assert ends[0] == ((MatchState.COMPLETED, agreed.pop()) if agreed else (MatchState.CONFLICT, None))


@given(side=sides, result=results)
def test_what_only_one_side_says_decides_nothing_unless_it_speaks_against_that_side(
    side: Side, result: MatchResult
) -> None:
    match = report(in_progress(), side, result, START_US, RULES)
    concedes = result.score_of(side) == 0
    assert match.state is (MatchState.COMPLETED if concedes else MatchState.REPORTED)
    assert match.standing_result is (result if concedes else None)


MINUTE_US = 60_000_000


@pytest.mark.parametrize("told_us", [0, 1, 7 * MINUTE_US, 23 * 60 * MINUTE_US])
@pytest.mark.parametrize(("late_us", "state"), [(-1, MatchState.ASSIGNED), (0, MatchState.ABANDONED)])
def test_players_have_exactly_two_minutes_to_confirm_from_being_told(
    told_us: int, late_us: int, state: MatchState
) -> None:
    known = found(confirm(assigned(), 1, START_US, RULES), 0, START_US + told_us, RULES)
    assert found(known, 0, START_US + told_us + 5, RULES) == known
    match = pass_deadlines(known, START_US + told_us + 2 * MINUTE_US + late_us)
    assert match.state is state
    assert at_fault(match) == ((0,) if state is MatchState.ABANDONED else ())


@given(
    told=st.lists(st.tuples(sides, st.integers(0, 90 * MINUTE_US)), max_size=2, unique_by=lambda one: one[0]),
    confirming=st.none() | st.tuples(sides, st.integers(0, 90 * MINUTE_US)),
)
def test_only_who_was_told_and_let_their_two_minutes_pass_is_at_fault(
    told: list[tuple[Side, int]], confirming: tuple[Side, int] | None
) -> None:
    """Whatever happens in which order, also where the other side is told long after or never."""
    happened = [(at_us, "told", side) for side, at_us in told]
    happened += [] if confirming is None else [(confirming[1], "confirm", confirming[0])]
    match, told_at, confirmed_at = assigned(), dict[Side, int](), dict[Side, int]()
    for at_us, what, side in sorted(happened):
        match = pass_deadlines(match, START_US + at_us)
        if match.state is not MatchState.ASSIGNED:
            break
        if what == "told":
            match = found(match, side, START_US + at_us, RULES)
            told_at[side] = at_us
        else:
            match = confirm(match, side, START_US + at_us, RULES)
            confirmed_at[side] = at_us
    match = pass_deadlines(match, START_US + 48 * 60 * MINUTE_US)
    late = {side for side in told_at if side not in confirmed_at}
    assert match.state is (MatchState.ABANDONED if late else MatchState.CONFLICT)
    assert set(at_fault(match)) == late
    for side in at_fault(match):
        assert (match.ended_at_us or 0) - START_US - told_at[side] >= 2 * MINUTE_US
    assert match.is_held_up == (not late)
    if not late:
        assert match.ended_at_us == START_US + 24 * 60 * MINUTE_US
        assert void(match, START_US).state is MatchState.VOIDED
        with pytest.raises(StepRefused, match="never began"):
            set_result(match, WON, START_US)


@given(life=lives(), far_us=st.integers(0, 4 * RULES.report_us))
def test_time_alone_decides_against_a_side_only_where_that_side_was_told(life: tuple[Match, int], far_us: int) -> None:
    match, now_us = life
    after = pass_deadlines(match, now_us + far_us)
    if after.state is MatchState.COMPLETED and match.state is MatchState.REPORTED:
        (claim,) = (side.claim for side in match.sides if side.claim is not None)
        assert claim.told_at_us is not None
        assert (after.ended_at_us or 0) >= claim.told_at_us + RULES.answer_us(claim.evidence)
    for side in at_fault(after):
        told_us = after.sides[side].told_at_us
        assert told_us is not None
        assert (after.ended_at_us or 0) >= told_us + RULES.confirm_us
    assert not after.is_held_up or (after.standing_result, at_fault(after)) == (None, ())


@pytest.mark.parametrize("side", [0, 1])
def test_what_a_message_names_is_the_deadline_that_its_telling_sets(side: Side) -> None:
    now_us = START_US + 5 * MINUTE_US
    assert as_told(assigned(), side, now_us, RULES) == found(assigned(), side, now_us, RULES)
    claimed = report(in_progress(), other(side), Outcome.WIN.result_for(other(side)), START_US, RULES)
    assert as_told(claimed, side, now_us, RULES) == told(claimed, other(side), now_us, RULES)
    assert as_told(claimed, other(side), now_us, RULES) == claimed


@pytest.mark.parametrize(("late_us", "state"), [(-1, MatchState.IN_PROGRESS), (0, MatchState.EXPIRED)])
def test_players_have_exactly_a_day_to_report(late_us: int, state: MatchState) -> None:
    assert pass_deadlines(in_progress(), START_US + 86_400_000_000 + late_us).state is state


@pytest.mark.parametrize(("rests_on", "seconds"), [(Evidence.REPORT, 86_400), (Evidence.REPLAY, 900)])
@pytest.mark.parametrize("side", [0, 1])
def test_a_claim_counts_once_the_other_side_was_told_and_let_its_time_pass(
    rests_on: Evidence, seconds: int, side: Side
) -> None:
    result = Outcome.WIN.result_for(side)
    claimed = report(in_progress(), side, result, START_US, RULES, rests_on)
    told_us = START_US + 60_000_000
    known = told(claimed, side, told_us, RULES)
    assert told(known, side, told_us + 5, RULES) == known
    end_us = told_us + seconds * 1_000_000
    assert pass_deadlines(known, end_us - 1).state is MatchState.REPORTED
    assert pass_deadlines(known, end_us).standing_result is result


@pytest.mark.parametrize("rests_on", Evidence)
@pytest.mark.parametrize("side", [0, 1])
def test_a_claim_of_which_the_other_side_could_not_be_told_for_a_day_goes_to_the_organisers(
    rests_on: Evidence, side: Side
) -> None:
    claimed = report(in_progress(), side, Outcome.WIN.result_for(side), START_US, RULES, rests_on)
    day_us = 86_400_000_000
    assert pass_deadlines(claimed, START_US + day_us - 1).state is MatchState.REPORTED
    held_up = pass_deadlines(claimed, START_US + day_us)
    assert (held_up.state, held_up.is_held_up, held_up.result) == (MatchState.CONFLICT, True, None)
    assert at_fault(held_up) == ()
    assert set_result(held_up, WON, START_US + day_us).standing_result is WON


@given(side=sides, own=results, shown=results)
def test_a_replay_outranks_the_word_of_the_one_who_brings_it(side: Side, own: MatchResult, shown: MatchResult) -> None:
    match = report(in_progress(), side, own, START_US, RULES)
    if match.state is not MatchState.REPORTED:
        return
    if shown is not own and shown.score_of(side) > 0:  # to give a match away is nothing to be held back from
        with pytest.raises(StepRefused, match="withdraw"):
            report(match, side, shown, START_US + 1, RULES)
    match = report(match, side, shown, START_US + 1, RULES, Evidence.REPLAY)
    claim = match.sides[side].claim
    assert claim is not None
    assert (claim.result, claim.evidence, claim.told_at_us) == (shown, Evidence.REPLAY, None)
    assert match.state is (MatchState.COMPLETED if shown.score_of(side) == 0 else MatchState.REPORTED)
    assert report(match, side, shown, START_US + 2, RULES) == match  # one's word adds nothing to one's replay


@given(side=sides)
def test_a_report_can_be_withdrawn_until_the_other_side_has_answered(side: Side) -> None:
    result = Outcome.WIN.result_for(side)
    match = report(in_progress(), side, result, START_US, RULES)
    assert withdraw(match, side, RULES) == in_progress()
    with pytest.raises(StepRefused):
        withdraw(match, other(side), RULES)
    for answer in (DRAW, result):
        with pytest.raises(StepRefused):
            withdraw(report(match, other(side), answer, START_US, RULES), side, RULES)


@given(first=sides)
def test_only_both_together_cancel_and_a_report_takes_ones_own_wish_back(first: Side) -> None:
    asked = cancel(in_progress(), first, START_US)
    assert asked.state is MatchState.IN_PROGRESS
    assert cancel(asked, other(first), START_US).state is MatchState.VOIDED
    reported = report(asked, first, Outcome.WIN.result_for(first), START_US, RULES)
    assert cancel(reported, other(first), START_US).state is MatchState.REPORTED


@given(first=sides)
def test_a_match_in_progress_cannot_be_aborted(first: Side) -> None:
    match = report(in_progress(), first, DRAW, START_US, RULES)
    for one in (in_progress(), match):
        with pytest.raises(StepRefused, match="cannot be aborted"):
            abort(one, START_US)


def test_a_match_that_never_began_gets_no_result() -> None:
    for match in (assigned(), void(assigned(), START_US), abort(assigned(), START_US)):
        with pytest.raises(StepRefused):
            set_result(match, WON, START_US)


def test_only_its_players_have_a_side() -> None:
    assert [side_of(assigned(), PlayerId(number)) for number in (1, 2)] == [0, 1]
    with pytest.raises(StepRefused, match="two players"):
        side_of(assigned(), PlayerId(3))


@given(life=lives(), by_us=st.none() | st.integers(-(2**50), 2**50))
def test_time_is_given_back_to_open_matches_only_and_never_more_than_all_of_it(
    life: tuple[Match, int], by_us: int | None
) -> None:
    match, now_us = life
    after = give_back(match, by_us, now_us, RULES)
    if not match.state.is_open:
        assert after == match
        return
    claims = [side.claim for side in match.sides if side.claim is not None]
    is_awaited = any(side.told_at_us is not None and side.confirmed_at_us is None for side in match.sides)
    to_confirm_us = RULES.confirm_us if is_awaited else RULES.tell_us
    window_us = {MatchState.ASSIGNED: to_confirm_us, MatchState.IN_PROGRESS: RULES.report_us}.get(match.state)
    if window_us is None:
        (claim,) = claims
        window_us = RULES.tell_us if claim.told_at_us is None else RULES.answer_us(claim.evidence)
    wanted_us = now_us + window_us if by_us is None else (match.deadline_us or 0) + by_us
    assert after.deadline_us == min(wanted_us, now_us + window_us)
    assert replace(after, deadline_us=match.deadline_us, given_back_us=match.given_back_us) == match


@pytest.mark.parametrize("by_us", [0, 26 * HOUR_US, -26 * HOUR_US])
def test_a_report_that_is_withdrawn_leaves_the_time_to_report_with_what_was_given_back(by_us: int) -> None:
    started = give_back(in_progress(), by_us, START_US + max(by_us, 0), RULES)
    claimed = report(started, 0, WON, START_US + max(by_us, 0), RULES)
    after = withdraw(claimed, 0, RULES)
    assert (after.state, after.deadline_us) == (MatchState.IN_PROGRESS, START_US + RULES.report_us + by_us)


PLAYERS_MOVES = (
    *(Move(Step.REPORT, outcome) for outcome in Outcome),
    *(Move(step) for step in (Step.CONFIRM, Step.ABORT, Step.WITHDRAW, Step.CANCEL)),
)


def moved(match: Match, side: Side, move: Move, now_us: int) -> Match:
    """The match after a move of a side."""
    if move.outcome is not None:
        return report(match, side, move.outcome.result_for(side), now_us, RULES)
    after: dict[Step, Callable[[], Match]] = {
        Step.CONFIRM: lambda: confirm(match, side, now_us, RULES),
        Step.ABORT: lambda: abort(match, now_us),
        Step.WITHDRAW: lambda: withdraw(match, side, RULES),
        Step.CANCEL: lambda: cancel(match, side, now_us),
    }
    return after[move.step]()


@given(lives(), sides)
def test_what_a_side_may_do_is_just_what_is_not_refused_and_changes_something(
    life: tuple[Match, int], side: Side
) -> None:
    match, now_us = life
    offered = allowed(match, side)
    assert len(set(offered)) == len(offered)
    for move in PLAYERS_MOVES:
        try:
            changes = moved(match, side, move, now_us) != match
        except StepRefused:
            changes = False
        assert (move in offered) == changes, move


def test_who_said_to_have_won_may_still_give_the_match_away_but_not_against_an_own_replay() -> None:
    by_word = report(in_progress(), 0, MatchResult.SIDE_1_WON, START_US, RULES)
    given = report(by_word, 0, MatchResult.SIDE_2_WON, START_US + 1, RULES)
    assert (given.state, given.result) == (MatchState.COMPLETED, MatchResult.SIDE_2_WON)
    by_replay = report(in_progress(), 0, MatchResult.SIDE_1_WON, START_US, RULES, Evidence.REPLAY)
    with pytest.raises(StepRefused, match="withdraw that one first"):
        report(by_replay, 0, MatchResult.SIDE_2_WON, START_US + 1, RULES)
    with pytest.raises(StepRefused, match="withdraw that one first"):
        report(by_word, 0, MatchResult.DRAW, START_US + 1, RULES)
