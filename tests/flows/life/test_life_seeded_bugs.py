"""The test of the test: bugs that the machine of `test_life_stateful` must find, each a line or two of difference.

A bug whose line is not found any more has to be seeded anew; one that survives shows what the machine does not look at.
"""

from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.flows.life.life_ladder import on_sqlite
from tests.flows.life.test_life_stateful import LifeMachine, machine
from tests.support.seeding import Seed, both, line
from toprung.adapters.storage.repositories.match_repository import SqlMatchRepository
from toprung.application.matches.match_history import _as_seen_by
from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.matches.match_rating import MatchRater
from toprung.application.matches.match_readiness import require_ready
from toprung.application.matches.match_steps import MatchSteps
from toprung.application.ratings.rating_service import RatingService
from toprung.domain.matches import match_life
from toprung.domain.ratings.engines.rating_engine import EloEngine

T = TypeVar("T")

pytest_plugins = ("tests.support.databases",)

ENOUGH = settings(
    max_examples=2_000,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


DEADLINES_IN_MEMORY = both(
    line(MatchLifecycle.__init__, "self._choose = choose", "self._choose = choose; self.began_us = clock.now_us()"),
    line(
        MatchLifecycle._due,
        "return tx.matches.due(self._clock.now_us(), limit)",
        "due = tx.matches.due(self._clock.now_us(), limit); "
        "return [one for one in due if tx.matches.get(one).deadline_us > self.began_us]",
    ),
)
RATED_AGAIN_BY_THE_TWIN = both(
    line(
        MatchSteps.take,
        "if after == before:",
        "if after == before and (after.state is not MatchState.COMPLETED or not after.deadline_us is None):",
    ),
    line(MatchSteps.take, "and before.result is None", ""),
)
TELLING = (
    "if notice.kind is NoticeKind.FOUND or (claim is not None and claim.at_us == notice.created_at_us):",
    "if notice.kind not in {NoticeKind.FOUND, NoticeKind.CLAIM}:",
)

BUGS: dict[str, Seed] = {
    "the two changes are not symmetric": line(EloEngine.rate, "second.mmr - change", "second.mmr - change + 1"),
    "a loser who says so is not believed": line(match_life.report, "result.score_of(side) == 0 or", ""),
    "a bare claim of one side decides": line(match_life.report, "if result.score_of(side) == 0 or", "if True or"),
    "the second claim overrides the first": line(
        match_life.report, "return _ended(claimed, _S.CONFLICT, now_us)", "return _completed(claimed, result, now_us)"
    ),
    "a side turns its own report round": line(
        match_life.report, "if own is not None and not is_put_right:", "if False:"
    ),
    "a report is taken before the match has begun": line(match_life.report, "_require(match, Step.REPORT)", "pass"),
    "a report can be withdrawn after the answer": line(match_life.withdraw, "_require(match, Step.WITHDRAW)", "pass"),
    "one side alone cancels": line(match_life.cancel, "if any(", "if all("),
    "a match in progress can be aborted": line(
        match_life.abort,
        """    if match.state in {_S.IN_PROGRESS, _S.REPORTED}:
        raise StepRefused(
            "Match {number} is in progress and cannot be aborted: report its result, or agree to cancel it.",
            "begun",
            match.id,
        )
    _require(match, Step.ABORT)
""",
        "",
    ),
    "both pay for an abort": line(match_life.at_fault, "() if aborted_by is None else (aborted_by,)", "_SIDES"),
    "nobody pays for an abort": line(match_life.at_fault, "() if aborted_by is None else (aborted_by,)", "()"),
    "the innocent pays for an abandonment": line(
        match_life._late_to_confirm, "and match.sides[side].confirmed_at_us is None", ""
    ),
    "who was never told pays for an abandonment": line(
        match_life._late_to_confirm, "match.sides[side].told_at_us is not None and ", ""
    ),
    "the time to confirm runs from the opening": line(
        MatchLifecycle.opening, "self._steps.rules.tell_us", "self._steps.rules.confirm_us"
    ),
    "the time to confirm of the one runs from the telling of the other": line(
        match_life.found, "if is_other_awaited else until_us", "if True else until_us"
    ),
    "a confirmation leaves the clock of the one who was not told running": line(
        match_life.confirm, "if _late_to_confirm(confirmed):", "if True:"
    ),
    "a claim that nobody could be told of in a day counts as told": line(
        match_life._at_deadline,
        "        return _ended(match, _S.CONFLICT, deadline_us)",
        "        claimant = 0 if match.sides[0].claim is claim else 1\n"
        "        return told(match, claimant, deadline_us, MatchRules())",
    ),
    "a stranger acts for the first side": line(
        match_life.side_of, "    if side is None:", "    if side is None:\n        return 0\n    if side is None:"
    ),
    "a match that expires is rated": line(
        match_life._at_deadline,
        "return _ended(match, _S.EXPIRED, deadline_us)",
        "return _completed(match, MatchResult.DRAW, deadline_us)",
    ),
    "a claim counts although nobody was told of it": line(
        match_life._at_deadline, "if claim.told_at_us is None:", "if False:"
    ),
    "a deadline that is seen late is dated now": line(
        match_life.pass_deadlines, "_at_deadline(match, match.deadline_us)", "_at_deadline(match, now_us)"
    ),
    "deadlines that passed before a restart are forgotten": DEADLINES_IN_MEMORY,
    "telling a player starts no clock": line(MatchSteps.settle, TELLING[0], "if False:"),
    "telling a player of a match starts no clock": line(
        MatchSteps.settle, TELLING[1], "if notice.kind is not NoticeKind.CLAIM:"
    ),
    "a twin's report is rated again": RATED_AGAIN_BY_THE_TWIN,
    "a result has no journal rows": line(MatchRater.rate, "tx.journal.append(journal)", "pass"),
    "the banned can be assigned": line(require_ready, "if player.is_banned:", "if False:"),
    "penalties do not grow": line(MatchSteps._punish, "duration_us(offence, before)", "duration_us(offence, 0)"),
    "a correction leaves no trace": line(
        RatingService.correct, "audit(tx, explained, ", "(lambda *_said, **_details: None)(tx, explained, "
    ),
    "opponents see each other before both confirmed": line(
        _as_seen_by, "players = (first, None) if side == 0 else (None, second)", "players = (first, second)"
    ),
}


@pytest.mark.timeout(900)  # one of them takes some hundreds of lives to meet
@pytest.mark.parametrize("bug", BUGS)
def test_the_machine_finds_the_seeded_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    with pytest.raises((AssertionError, LookupError, ValueError)):  # not one that means that the seed cannot be run
        run_state_machine_as_test(LifeMachine, settings=ENOUGH)


def test_the_machine_finds_on_a_database_that_a_match_which_is_over_keeps_its_players(
    sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line(SqlMatchRepository.save, "if not match.state.is_open:", "if False:")(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine(lambda: on_sqlite(sqlite_template), "elo"), settings=ENOUGH)
