"""Matches in every state that a life can lead to, and the steps that can be tried with them."""

from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

from toprung.domain.matches.match import Evidence, Match, MatchId, MatchResult, MatchSide, MatchState, Participant, Side
from toprung.domain.matches.match_life import (
    MatchRules,
    Step,
    StepRefused,
    abort,
    cancel,
    confirm,
    found,
    pass_deadlines,
    report,
    set_result,
    told,
    void,
    withdraw,
)
from toprung.domain.players.player import PlayerId

START_US: Final = 1_790_251_200_000_000
RULES: Final = MatchRules()

Try = Callable[[Match, int], Match]
"""A step at a moment."""

sides: st.SearchStrategy[Side] = st.sampled_from((0, 1))
results = st.sampled_from(MatchResult)
evidence = st.sampled_from((Evidence.REPORT, Evidence.REPORT, Evidence.REPLAY))


def assigned() -> Match:
    """A match that nobody has touched, and that nobody was told of."""
    one, other = (MatchSide(players=(Participant(player_id=PlayerId(number), race="zerg"),)) for number in (1, 2))
    return Match(
        id=MatchId(7),
        source_key="game 7",
        sides=(one, other),
        state=MatchState.ASSIGNED,
        assigned_at_us=START_US,
        deadline_us=START_US + RULES.tell_us,
    )


def in_progress() -> Match:
    """A match that both confirmed at once."""
    return confirm(confirm(assigned(), 0, START_US, RULES), 1, START_US, RULES)


def _confirm(side: Side) -> Try:
    return lambda match, now_us: confirm(match, side, now_us, RULES)


def _report(side: Side, result: MatchResult, rests_on: Evidence) -> Try:
    return lambda match, now_us: report(match, side, result, now_us, RULES, rests_on)


def _withdraw(side: Side) -> Try:
    return lambda match, now_us: withdraw(match, side, RULES)


def _cancel(side: Side) -> Try:
    return lambda match, now_us: cancel(match, side, now_us)


def _set(result: MatchResult) -> Try:
    return lambda match, now_us: set_result(match, result, now_us)


steps: st.SearchStrategy[tuple[Step, Try]] = st.one_of(
    st.tuples(st.just(Step.CONFIRM), st.builds(_confirm, sides)),
    st.tuples(st.just(Step.CONFIRM), st.builds(_confirm, sides)),
    st.just((Step.ABORT, abort)),
    st.tuples(st.just(Step.REPORT), st.builds(_report, sides, results, evidence)),
    st.tuples(st.just(Step.REPORT), st.builds(_report, sides, results, evidence)),
    st.tuples(st.just(Step.WITHDRAW), st.builds(_withdraw, sides)),
    st.tuples(st.just(Step.CANCEL), st.builds(_cancel, sides)),
    st.just((Step.DEADLINE, lambda match, now_us: pass_deadlines(match, now_us))),
    st.tuples(st.just(Step.SET_RESULT), st.builds(_set, results)),
    st.just((Step.VOID, void)),
)

moments = st.sampled_from((0, 1, 60_000_000, RULES.confirm_us, RULES.report_us - 1, RULES.report_us))


@st.composite
def lives(draw: st.DrawFn) -> tuple[Match, int]:
    """A match after some steps, and the moment that it then is; no deadline of its has passed unseen."""
    match, now_us = draw(st.sampled_from((assigned(), in_progress(), in_progress()))), START_US
    for (_, attempt), later_us, side, is_told in draw(
        st.lists(st.tuples(steps, moments, sides, st.booleans()), max_size=5)
    ):
        now_us += later_us
        match = pass_deadlines(match, now_us)
        try:
            match = attempt(match, now_us)
        except StepRefused:
            continue
        if is_told:
            match = found(told(match, side, now_us, RULES), side, now_us, RULES)
    return pass_deadlines(match, now_us), now_us
