"""How a match stands and why a rating changed, in plain sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from toprung.domain.matches.match import Evidence, Match, MatchResult, MatchState, Outcome, Side, other
from toprung.domain.moment import to_datetime
from toprung.domain.ratings.engines.rating_engine import PROVISIONAL_DEVIATION_MIN
from toprung.domain.ratings.linked.linked import Parts
from toprung.domain.ratings.odds import stated_by
from toprung.domain.ratings.rating import RatingChange


class Surprise(StrEnum):
    """How a result compares with what was expected of it, from the side that had it."""

    FORESEEN = "foreseen"
    MORE = "more"
    MUCH_MORE = "much_more"
    LESS = "less"
    MUCH_LESS = "much_less"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Why one match changed one entry, as numbers, for whoever says it in a language.

    `score` and `expected_score` are parts of one point, the latter as it is told. The deviations are None where the
    system keeps none, and so are the parts where all of the change comes from the game.
    """

    outcome: Outcome
    mmr_before: int
    mmr_after: int
    score: float
    expected_score: float
    surprise: Surprise
    deviation_before: float | None
    deviation_after: float | None
    revision: int
    parts: Parts | None = None
    games: int = 0
    """How many games the player has with any race, this one included; 0 where the system does not look at that."""

    @property
    def was_uncertain(self) -> bool:
        """Whether so little was known of the rating that one game moves it far."""
        return self.deviation_before is not None and self.deviation_before > PROVISIONAL_DEVIATION_MIN


def reasons_of(change: RatingChange, slope: float = 1.0, parts: Parts | None = None) -> Reasons | None:
    """Why a match changed an entry; None where it is void, and changes nothing.

    `slope` is that of stated odds when the match was rated (see `odds`), and `parts` what the change came from.
    """
    if change.before is None or change.expected_score is None:
        return None
    outcome = _outcome(change)
    score = _SCORES[outcome]
    expected = change.expected_score if slope == 1 else stated_by(slope, change.expected_score)
    skill, belief = change.after.skill, change.after.belief
    is_known = skill is not None and change.deviation_before is not None
    return Reasons(
        outcome=outcome,
        mmr_before=change.before.mmr,
        mmr_after=change.after.mmr,
        score=score,
        expected_score=expected,
        surprise=_surprise(score - expected),
        deviation_before=change.deviation_before if is_known else None,
        deviation_after=skill.deviation if skill is not None and is_known else None,
        revision=change.revision,
        parts=parts,
        games=0 if belief is None else belief.belief.games,
    )


def explain(player: str, opponent: str, change: RatingChange, why: Reasons | None) -> list[str]:
    """A few sentences on what one match did to one entry, with the numbers that led to it."""
    if why is None:
        return [f"{player} stays at {change.after.mmr}: the match is void and counts for nothing."]
    went = f"{why.mmr_before} to {why.mmr_after} ({why.mmr_after - why.mmr_before:+d})"
    sentences = [
        f"{player} {_VERBS[why.outcome]} against {opponent} and went from {went}.",
        f"Expected to score {why.expected_score:.0%} and scored {why.score:.0%}{_came_of(why)}.",
    ]
    if why.deviation_before is not None and why.deviation_after is not None:
        sure = f"The rating was sure to ± {why.deviation_before:.0f}, and is now to ± {why.deviation_after:.0f}"
        sentences.append(sure + ("; the less sure it is, the more one game moves it." if why.was_uncertain else "."))
    if why.revision > 1:
        sentences.append(f"This is revision {why.revision}: a correction changed this match, or one before it.")
    return sentences


def _came_of(why: Reasons) -> str:
    parts = why.parts
    if parts is None:
        return f": {_SURPRISES[why.surprise]}"
    by_game = f", which gives {parts.this_game:+d}"
    others = f"{parts.other_races:+d} is what games with other races have said since"
    experience = f"{parts.experience:+d} is what players gain by their game number {why.games}"
    if parts.other_races and parts.experience:
        return f"{by_game}; {others}, {experience}"
    said = others if parts.other_races else experience if parts.experience else ""
    return f"{by_game}; {said}" if said else by_game


_SCORES = {Outcome.WIN: 1.0, Outcome.DRAW: 0.5, Outcome.LOSS: 0.0}
_VERBS = {Outcome.WIN: "won", Outcome.DRAW: "drew", Outcome.LOSS: "lost"}
_SURPRISES = {
    Surprise.FORESEEN: "as expected, so little changes",
    Surprise.MORE: "more than expected, so the rating goes up",
    Surprise.MUCH_MORE: "an upset, so the rating goes up",
    Surprise.LESS: "less than expected, so the rating goes down",
    Surprise.MUCH_LESS: "an upset, so the rating goes down",
}


def state_words(state: MatchState) -> str:
    """The state as it stands after "the match is"."""
    return _STATE_WORDS.get(state, state.value.replace("_", " "))


_STATE_WORDS = {MatchState.CONFLICT: "in conflict", MatchState.VOIDED: "void"}


def describe(names: Sequence[str], match: Match) -> list[str]:
    """A few sentences on how a match stands, what each side said, and what comes next by itself. Times are UTC."""
    stands = _HELD_UP if match.is_held_up else _STANDS[match.state]
    sentences = [f"{names[0]} against {names[1]}: {stands}."]
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
_HELD_UP = "a player could not be told of it in time, which is nobody's fault, and an organiser has to decide"


def _told_result(result: MatchResult, names: Sequence[str]) -> str:
    if result is MatchResult.DRAW:
        return "a draw"
    return f"{names[0 if result is MatchResult.SIDE_1_WON else 1]} won"


def _next(match: Match, names: Sequence[str]) -> str:
    at = f"{to_datetime(match.deadline_us or 0):%Y-%m-%d %H:%M:%S} UTC"
    if match.state is MatchState.ASSIGNED:
        late = [name for side, name in zip(match.sides, names, strict=True) if side.confirmed_at_us is None]
        if any(side.confirmed_at_us is None and side.told_at_us is not None for side in match.sides):
            return f"Without both confirmations by {at} it is abandoned."
        return f"Still to be told of it: {', '.join(late)}; without that by {at} an organiser looks at it."
    if match.state is MatchState.IN_PROGRESS:
        return f"Without a report by {at} it expires."
    sides: tuple[Side, Side] = (0, 1)
    claimant, claim = next((side, one) for side in sides if (one := match.sides[side].claim) is not None)
    silent = names[other(claimant)]
    if claim.told_at_us is None:
        return f"{silent} is still to be told of this; without that by {at} an organiser decides."
    return f"Without an answer of {silent} by {at} it counts as {_told_result(claim.result, names)}."


def _outcome(change: RatingChange) -> Outcome:
    before, after = change.before, change.after
    if before is not None and after.games_won > before.games_won:
        return Outcome.WIN
    return Outcome.LOSS if before is not None and after.games_lost > before.games_lost else Outcome.DRAW


def _surprise(difference: float) -> Surprise:
    if abs(difference) < 0.1:
        return Surprise.FORESEEN
    if abs(difference) > 0.6:
        return Surprise.MUCH_MORE if difference > 0 else Surprise.MUCH_LESS
    return Surprise.MORE if difference > 0 else Surprise.LESS
