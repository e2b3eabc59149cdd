"""Why a rating changed, in plain sentences."""

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
