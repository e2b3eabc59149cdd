"""The life of a match: what may happen to it, when, and what that leads to. Nothing here knows of ratings.

Every step gives the match as it then is. A step that was made before gives the match unchanged, so that the same press
twice, or both players' at the same instant, do no harm; one that is not lawful raises `StepRefused`.

Evidence is a claim: what only one side says never decides against the other, unless it speaks against the one who
brings it, or the other side, having been told or found out of reach, lets a deadline pass. Out of reach is who refuses
to be told, and nobody else: where the ladder or Discord is why a side was not told, no time runs against that side, and
what is held up for too long goes to the organisers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from toprung.domain.errors import Conflict
from toprung.domain.matches.match import (
    Claim,
    Evidence,
    Match,
    MatchId,
    MatchResult,
    MatchState,
    Outcome,
    Side,
    other,
)
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import PlayerId

_MINUTE_US: Final = 60 * MICROSECONDS_PER_SECOND
_DAY_US: Final = 24 * 60 * _MINUTE_US


class StepRefused(Conflict):
    """A match does not allow what was asked of it. `reason` is a word for why."""

    code = "step_refused"

    def __init__(self, sentence: str, reason: str = "", match_id: MatchId | None = None) -> None:
        super().__init__(sentence, reason, **({} if match_id is None else {"number": str(match_id)}))


class Step(StrEnum):
    """What happens to a match: by its players, by an organiser, or by a deadline."""

    CONFIRM = "confirm"
    ABORT = "abort"
    REPORT = "report"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    DEADLINE = "deadline"
    SET_RESULT = "set_result"
    VOID = "void"


_S = MatchState
_BY_AN_ORGANISER: Final = {Step.SET_RESULT: (_S.COMPLETED,), Step.VOID: (_S.VOIDED,)}

TRANSITIONS: Final[Mapping[MatchState, Mapping[Step, tuple[MatchState, ...]]]] = {
    _S.ASSIGNED: {
        Step.CONFIRM: (_S.ASSIGNED, _S.IN_PROGRESS),
        Step.ABORT: (_S.ABORTED,),
        Step.DEADLINE: (_S.ABANDONED, _S.CONFLICT),
        Step.VOID: (_S.VOIDED,),
    },
    _S.IN_PROGRESS: {
        Step.REPORT: (_S.REPORTED, _S.COMPLETED),
        Step.CANCEL: (_S.IN_PROGRESS, _S.VOIDED),
        Step.DEADLINE: (_S.EXPIRED,),
        **_BY_AN_ORGANISER,
    },
    _S.REPORTED: {
        Step.REPORT: (_S.REPORTED, _S.COMPLETED, _S.CONFLICT),
        Step.WITHDRAW: (_S.IN_PROGRESS,),
        Step.CANCEL: (_S.REPORTED, _S.VOIDED),
        Step.DEADLINE: (_S.COMPLETED, _S.CONFLICT),
        **_BY_AN_ORGANISER,
    },
    _S.COMPLETED: _BY_AN_ORGANISER,
    _S.CONFLICT: _BY_AN_ORGANISER,
    _S.EXPIRED: _BY_AN_ORGANISER,
    _S.VOIDED: {Step.SET_RESULT: (_S.COMPLETED,)},
    _S.ABORTED: {},
    _S.ABANDONED: {},
}
"""Which states each step may lead to, by the state that it is made in. Where one is not named, the step is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRules:
    """How long players have, in microseconds: to confirm, to report, to answer a claim; and how long a match waits for
    a side to be told before it goes to the organisers."""

    confirm_us: int = 2 * _MINUTE_US
    report_us: int = _DAY_US
    answer_report_us: int = _DAY_US
    answer_replay_us: int = 15 * _MINUTE_US
    tell_us: int = _DAY_US

    def answer_us(self, evidence: Evidence) -> int:
        """How long the other side has to answer a claim."""
        return self.answer_replay_us if evidence is Evidence.REPLAY else self.answer_report_us


@dataclass(frozen=True, slots=True)
class Move:
    """Something that a side may do; `outcome` is what a report says."""

    step: Step
    outcome: Outcome | None = None


def allowed(match: Match, side: Side) -> tuple[Move, ...]:
    """What a side may do about the match now that would change it, in the order in which it is best offered."""
    own = match.sides[side]
    if not match.state.is_open:
        return ()
    if match.state is _S.ASSIGNED:
        return (Move(Step.ABORT),) if own.confirmed_at_us is not None else (Move(Step.CONFIRM), Move(Step.ABORT))
    cancel = () if own.cancel_asked_at_us is not None else (Move(Step.CANCEL),)
    if own.claim is None:
        return *(Move(Step.REPORT, outcome) for outcome in Outcome), *cancel
    concede = (Move(Step.REPORT, Outcome.LOSS),) if own.claim.evidence is Evidence.REPORT else ()
    return Move(Step.WITHDRAW), *concede, *cancel


def side_of(match: Match, player_id: PlayerId) -> Side:
    """The side that a player acts for. Raises `StepRefused` for somebody else."""
    side = match.side_of(player_id)
    if side is None:
        raise StepRefused("Only its two players and the organisers may act on match {number}.", "stranger", match.id)
    return side


def confirm(match: Match, side: Side, now_us: int, rules: MatchRules) -> Match:
    """A side is ready to play; with both ready the match is in progress. Who confirms knows of the match."""
    own = match.sides[side]
    if own.confirmed_at_us is not None:
        return match
    _require(match, Step.CONFIRM)
    told_at_us = now_us if own.told_at_us is None else own.told_at_us
    confirmed = match.with_side(side, replace(own, confirmed_at_us=now_us, told_at_us=told_at_us))
    if confirmed.started_at_us is not None:
        return replace(confirmed, state=_S.IN_PROGRESS, deadline_us=now_us + rules.report_us, given_back_us=0)
    if _late_to_confirm(confirmed):
        return confirmed
    to_tell_us = (match.assigned_at_us or now_us) + rules.tell_us + match.given_back_us
    return replace(confirmed, deadline_us=max(to_tell_us, now_us + rules.confirm_us))


def abort(match: Match, now_us: int) -> Match:
    """A side does not want to play what it was assigned."""
    if match.state is _S.ABORTED:
        return match
    if match.state in {_S.IN_PROGRESS, _S.REPORTED}:
        raise StepRefused(
            "Match {number} is in progress and cannot be aborted: report its result, or agree to cancel it.",
            "begun",
            match.id,
        )
    _require(match, Step.ABORT)
    return _ended(match, _S.ABORTED, now_us)


def report(
    match: Match, side: Side, result: MatchResult, now_us: int, rules: MatchRules, evidence: Evidence = Evidence.REPORT
) -> Match:
    """A side says how the match ended, by its word or by a replay that was read.

    A side that says it lost is believed at once, whatever the other one said. Two that agree complete the match, two
    that differ are a conflict, and a first claim waits for the other side. One's own word may be borne out, or put
    right, by one's replay or by saying that one lost; otherwise it stands until it is withdrawn.
    """
    own, across = match.sides[side].claim, match.sides[other(side)].claim
    is_said = own is not None and own.result is result and own.evidence in {evidence, Evidence.REPLAY}
    if is_said or match.standing_result is result:
        return match
    _require(match, Step.REPORT)
    is_word = own is not None and own.evidence is Evidence.REPORT
    is_put_right = is_word and (evidence is Evidence.REPLAY or result.score_of(side) == 0)
    if own is not None and not is_put_right:
        raise StepRefused(
            "Match {number} has another report of yours; withdraw that one first.", "other_report", match.id
        )
    claim = Claim(result=result, evidence=evidence, at_us=now_us)
    claimed = match.with_side(side, replace(match.sides[side], claim=claim, cancel_asked_at_us=None))
    if result.score_of(side) == 0 or (across is not None and across.result is result):
        return _completed(claimed, result, now_us)
    if across is not None:
        return _ended(claimed, _S.CONFLICT, now_us)
    return replace(claimed, state=_S.REPORTED, deadline_us=now_us + rules.tell_us)


def withdraw(match: Match, side: Side, rules: MatchRules) -> Match:
    """A side takes its claim back, which it may until the other side has answered. The time to report runs on."""
    own = match.sides[side]
    if match.state is _S.IN_PROGRESS and own.claim is None:
        return match
    _require(match, Step.WITHDRAW)
    if own.claim is None:
        raise StepRefused(
            "Match {number} has no report of yours to withdraw; you can report its result.", "no_report", match.id
        )
    started_us = match.started_at_us or 0  # a match that was reported has started
    open_again = match.with_side(side, replace(own, claim=None))
    deadline_us = started_us + rules.report_us + match.given_back_us
    return replace(open_again, state=_S.IN_PROGRESS, deadline_us=deadline_us)


def cancel(match: Match, side: Side, now_us: int) -> Match:
    """A side wants the match to count for nothing; when both do, it is void."""
    if match.sides[side].cancel_asked_at_us is not None and match.state in {*_OPEN, _S.VOIDED}:
        return match
    if match.state is _S.ASSIGNED:
        raise StepRefused("Match {number} has not begun; abort it instead of cancelling it.", "not_cancelled", match.id)
    _require(match, Step.CANCEL)
    asked = match.with_side(side, replace(match.sides[side], cancel_asked_at_us=now_us))
    if any(one.cancel_asked_at_us is None for one in asked.sides):
        return asked
    return _ended(asked, _S.VOIDED, now_us)


def found(match: Match, side: Side, now_us: int, rules: MatchRules) -> Match:
    """A side was told of the match, or found out of reach: from now on its time to confirm runs.

    Where both are told and neither has confirmed, the match waits for the one who was told last.
    """
    own = match.sides[side]
    if match.state is not _S.ASSIGNED or own.told_at_us is not None:
        return match
    is_other_awaited = bool(_late_to_confirm(match))
    known = match.with_side(side, replace(own, told_at_us=now_us))
    until_us = now_us + rules.confirm_us
    return replace(known, deadline_us=max(until_us, match.deadline_us or 0) if is_other_awaited else until_us)


def told(match: Match, claimant: Side, now_us: int, rules: MatchRules) -> Match:
    """The other side was told of a claim, or found out of reach: from now on its time to answer runs."""
    claim = match.sides[claimant].claim
    if match.state is not _S.REPORTED or claim is None or claim.told_at_us is not None:
        return match
    known = match.with_side(claimant, replace(match.sides[claimant], claim=replace(claim, told_at_us=now_us)))
    return replace(known, deadline_us=now_us + rules.answer_us(claim.evidence))


def as_told(match: Match, side: Side, now_us: int, rules: MatchRules) -> Match:
    """The match as it is once this side is told of it now: the deadline is then the one that a message may name."""
    return told(found(match, side, now_us, rules), other(side), now_us, rules)


def is_awaited(match: Match, side: Side) -> bool:
    """Whether time runs against this side: it was told, and has not confirmed or not answered."""
    if match.state is _S.ASSIGNED:
        return side in _late_to_confirm(match)
    claim = match.sides[other(side)].claim
    return match.state is _S.REPORTED and claim is not None and claim.told_at_us is not None


def pass_deadlines(match: Match, now_us: int) -> Match:
    """The match after its deadline, if that has passed by now: every one ends the match, at its own moment."""
    if match.deadline_us is None or match.deadline_us > now_us:
        return match
    return _at_deadline(match, match.deadline_us)


def give_back(match: Match, by_us: int | None, now_us: int, rules: MatchRules) -> Match:
    """The match with so much more time before its deadline, since so much was not served; never more than all of it.

    With less than nothing the deadline is so much earlier, as the clock is; where nobody knows how much was not served,
    there is all the time again. A match that is over stays as it is.
    """
    if match.deadline_us is None:
        return match
    all_of_it_us = now_us + _window_us(match, rules)
    given_us = all_of_it_us - match.deadline_us if by_us is None else by_us
    deadline_us = min(match.deadline_us + given_us, all_of_it_us)
    return replace(match, deadline_us=deadline_us, given_back_us=match.given_back_us + given_us)


def _window_us(match: Match, rules: MatchRules) -> int:
    """All the time that there is for what an open match waits for."""
    if match.state is _S.ASSIGNED:
        return rules.confirm_us if _late_to_confirm(match) else rules.tell_us
    if match.state is _S.IN_PROGRESS:
        return rules.report_us
    _, claim = _only_claim(match)
    return rules.tell_us if claim.told_at_us is None else rules.answer_us(claim.evidence)


def _only_claim(match: Match) -> tuple[Side, Claim]:
    """Whose claim a reported match waits with, and the claim."""
    return next((side, one) for side in _SIDES if (one := match.sides[side].claim) is not None)


def set_result(match: Match, result: MatchResult, now_us: int) -> Match:
    """An organiser says how the match ended."""
    if match.standing_result is result:
        return match
    _require(match, Step.SET_RESULT)
    if match.assigned_at_us is not None and match.started_at_us is None:
        raise StepRefused("Match {number} never began, so that it has no result.", "not_begun", match.id)
    return _completed(match, result, now_us if match.ended_at_us is None else match.ended_at_us)


def void(match: Match, now_us: int) -> Match:
    """An organiser says that the match counts for nothing."""
    if match.state is _S.VOIDED:
        return match
    _require(match, Step.VOID)
    return _ended(match, _S.VOIDED, now_us if match.ended_at_us is None else match.ended_at_us)


def at_fault(match: Match, aborted_by: Side | None = None) -> tuple[Side, ...]:
    """The sides that a match did not come about because of: who aborted it, or who was told and did not confirm."""
    if match.state is _S.ABORTED:
        return () if aborted_by is None else (aborted_by,)
    return _late_to_confirm(match) if match.state is _S.ABANDONED else ()


def _late_to_confirm(match: Match) -> tuple[Side, ...]:
    """The sides that know of the match and have not confirmed it."""
    return tuple(
        side
        for side in _SIDES
        if match.sides[side].told_at_us is not None and match.sides[side].confirmed_at_us is None
    )


_SIDES: Final[tuple[Side, Side]] = (0, 1)
_OPEN: Final = frozenset(state for state in MatchState if state.is_open)
_REFUSALS: Final[Mapping[MatchState, str]] = {
    _S.ASSIGNED: "Match {number} has not begun: both players have to confirm it first.",
    _S.IN_PROGRESS: "Match {number} is in progress; its result can be reported.",
    _S.REPORTED: "Match {number} is reported, and waits for the other side.",
    _S.COMPLETED: "Match {number} is over and its result stands; an organiser can correct it.",
    _S.ABORTED: "Match {number} was aborted.",
    _S.ABANDONED: "Match {number} was not confirmed in time.",
    _S.CONFLICT: "Match {number} is not decided yet; an organiser decides it.",
    _S.EXPIRED: "Match {number} was not reported in time; an organiser can still set its result.",
    _S.VOIDED: "Match {number} is void; an organiser can set its result.",
}


def _require(match: Match, step: Step) -> None:
    if step not in TRANSITIONS[match.state]:
        raise StepRefused(_REFUSALS[match.state], match.state.value, match.id)


def _at_deadline(match: Match, deadline_us: int) -> Match:
    if match.state is _S.ASSIGNED:
        return _ended(match, _S.ABANDONED if _late_to_confirm(match) else _S.CONFLICT, deadline_us)
    if match.state is _S.IN_PROGRESS:
        return _ended(match, _S.EXPIRED, deadline_us)
    _, claim = _only_claim(match)
    if claim.told_at_us is None:  # that is nobody's fault, so that it cannot decide against anybody
        return _ended(match, _S.CONFLICT, deadline_us)
    return _completed(match, claim.result, deadline_us)


def _completed(match: Match, result: MatchResult, ended_at_us: int) -> Match:
    return replace(_ended(match, _S.COMPLETED, ended_at_us), result=result)


def _ended(match: Match, state: MatchState, ended_at_us: int) -> Match:
    return replace(match, state=state, ended_at_us=ended_at_us, deadline_us=None)
