"""What the page says of the ladder's rules."""

from toprung.domain.ratings.certainty import PROVISIONAL_GAMES_MAX
from toprung.interfaces.texts.wording import Wording


def inactivity_rule(wording: Wording, inactivity_days: float | None) -> str:
    """Who is on the leaderboard, in a sentence."""
    if inactivity_days is None:
        return wording.say("site.everybody_ranked")
    return wording.say("site.inactivity_rule", days=wording.days(inactivity_days))


def unsure(wording: Wording, deviation: int | None) -> str:
    """Why a rating is provisional."""
    if deviation is None:
        return wording.say("site.provisional_games", games=PROVISIONAL_GAMES_MAX)
    return wording.say("site.provisional_deviation", deviation=str(deviation))
