"""How a match stands and why a rating changed, in plain sentences."""

from collections.abc import Sequence

from toprung.domain.match import Evidence, Match, MatchResult, MatchState, Side, other
from toprung.domain.moment import to_datetime
from toprung.domain.rating import RatingChange
from toprung.domain.rating_engine import PROVISIONAL_DEVIATION_MIN


def explain(player: str, opponent: str, change: RatingChange) -> list[str]:
    """A few sentences on what one match did to one entry, with the numbers that led to it."""
    if change.before is None or change.expected_score is None:
        return [f"{player} stays at {change.after.mmr}: the match is void and counts for nothing."]
    moved = change.after.mmr - change.before.mmr
    outcome = _outcome(change)
    score = {"won": 1.0, "drew": 0.5, "lost": 0.0}[outcome]
    sentences = [
        f"{player} {outcome} against {opponent} and went from {change.before.mmr} to {change.after.mmr} ({moved:+d}).",
    ]
    surprise = _surprise(score, change.expected_score)
    sentences.append(f"{change.expected_score:.0%} of the point was expected, {score:.0%} came: {surprise}.")
    skill = change.after.skill
    if skill is not None and change.deviation_before is not None:
        sure = (
            f"The rating was known to within {change.deviation_before:.0f}, and is now to within {skill.deviation:.0f}"
        )
        why = (
            "; the less is known, the more one game moves it."
            if change.deviation_before > PROVISIONAL_DEVIATION_MIN
            else "."
        )
        sentences.append(sure + why)
    if change.revision > 1:
        sentences.append(f"This is revision {change.revision}: a correction changed this match, or one before it.")
    return sentences


def state_words(state: MatchState) -> str:
    """The state as it stands after "the match is"."""
    return _STATE_WORDS.get(state, state.value.replace("_", " "))


_STATE_WORDS = {MatchState.CONFLICT: "in conflict", MatchState.VOIDED: "void"}


def describe(names: Sequence[str], match: Match) -> list[str]:
    """A few sentences on how a match stands, what each side said, and what comes next by itself. Times are UTC."""
    sentences = [f"{names[0]} against {names[1]}: {_STANDS[match.state]}."]
    result = match.standing_result
    if result is not None:
        sentences[0] = f"{names[0]} against {names[1]}: {_told_result(result, names)}."
    sides: tuple[Side, Side] = (0, 1)
    for side in sides:
        own, name = match.sides[side], names[side]
        if match.state is MatchState.ASSIGNED:
            sentences.append(f"{name} has {'' if own.confirmed_at_us is not None else 'not '}confirmed.")
        if own.claim is not None:
            says = "has a replay that says" if own.claim.evidence is Evidence.REPLAY else "says"
            sentences.append(f"{name} {says}: {_told_result(own.claim.result, names)}.")
        if own.cancel_asked_at_us is not None and result is None:
            sentences.append(f"{name} wants the match to count for nothing.")
    if match.deadline_us is not None:
        sentences.append(_next(match, names))
    return sentences


_STANDS = {
    MatchState.ASSIGNED: "both have to confirm",
    MatchState.IN_PROGRESS: "being played",
    MatchState.REPORTED: "one side has reported, the other one has not answered",
    MatchState.COMPLETED: "over",
    MatchState.ABORTED: "aborted before it began",
    MatchState.ABANDONED: "not confirmed in time",
    MatchState.CONFLICT: "the reports contradict each other, and an organiser has to decide",
    MatchState.EXPIRED: "nobody reported a result in time; an organiser can still set it",
    MatchState.VOIDED: "void, it counts for nothing",
}


def _told_result(result: MatchResult, names: Sequence[str]) -> str:
    if result is MatchResult.DRAW:
        return "a draw"
    return f"{names[0 if result is MatchResult.SIDE_1_WON else 1]} won"


def _next(match: Match, names: Sequence[str]) -> str:
    at = f"{to_datetime(match.deadline_us or 0):%Y-%m-%d %H:%M:%S} UTC"
    if match.state is MatchState.ASSIGNED:
        return f"Without both confirmations by {at} it is abandoned."
    if match.state is MatchState.IN_PROGRESS:
        return f"Without a report by {at} it expires."
    sides: tuple[Side, Side] = (0, 1)
    claimant, claim = next((side, one) for side in sides if (one := match.sides[side].claim) is not None)
    silent = names[other(claimant)]
    if claim.told_at_us is None:
        return f"{silent} is still to be told of this, by {at} at the latest."
    return f"Without an answer of {silent} by {at} it counts as {_told_result(claim.result, names)}."


def _outcome(change: RatingChange) -> str:
    before, after = change.before, change.after
    if before is not None and after.games_won > before.games_won:
        return "won"
    return "lost" if before is not None and after.games_lost > before.games_lost else "drew"


def _surprise(score: float, expected: float) -> str:
    difference = score - expected
    if abs(difference) < 0.1:
        return "just as foreseen, so little changes"
    size = "a surprise" if abs(difference) > 0.6 else "more than foreseen" if difference > 0 else "less than foreseen"
    return f"{size}, so the rating {'rises' if difference > 0 else 'falls'}"
