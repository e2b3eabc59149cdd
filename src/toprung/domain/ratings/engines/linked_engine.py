"""The linked rating as a ladder's system: an entry shows a race's number as of the last game with it."""

from dataclasses import replace
from typing import Final

from toprung.domain.ratings.engines.rating_engine import Rated
from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.linked.adjusting import given_rating, having_played, no_surer_than
from toprung.domain.ratings.linked.belief import Belief
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked, Parts, Shown, Side
from toprung.domain.ratings.linked.player_belief import PlayerBelief, unknown_player
from toprung.domain.ratings.rating import Entry, EntryState, Standing

GIVEN_DEVIATION: Final = 110.0
"""How unsure a number is that somebody gives without saying so.

Ranks from outside, as starts for players of tennis, were off by 90 to 110 points; to believe them more is false.
"""

GIVEN_DEVIATION_MIN: Final = 90.0
"""An organiser cannot be surer of a number than this, by the same."""

_VOLATILITY: Final = Glicko2().start_volatility
"""The linked rating knows none; this stands where a deviation asks for one, should the ladder move to Glicko-2."""

_OTHER_RACES: Final = 2


class LinkedEngine:
    """See `RatingEngine`."""

    code = "linked"

    def __init__(self, constants: LinkedConstants) -> None:
        self._system = Linked(constants)
        self._start = unknown_player(self._system.start(_OTHER_RACES))
        self._deviation_max = self._start.belief.deviation(0)

    def start(self) -> Standing:
        """See `RatingEngine`."""
        return _standing(self._start, "")

    def newcomer(self, race: str, known: PlayerBelief | None) -> EntryState:
        """See `RatingEngine`: what games with other races let one believe of this one, which is not named yet."""
        return self._believed(EntryState(mmr=0), race, known or self._start)

    def _believed(self, state: EntryState, race: str, known: PlayerBelief) -> EntryState:
        mmr, skill, belief = _standing(known, race)
        return replace(state, mmr=mmr, skill=skill, known_at_us=known.belief.last_played_us, belief=belief)

    def set_to(self, mmr: int, deviation: float | None = None) -> Standing:
        """See `RatingEngine`."""
        return Standing(mmr, SkillEstimate(float(mmr), deviation or GIVEN_DEVIATION, _VOLATILITY))

    def given(
        self, given: EntryState, race: str, *, before: EntryState | None, known: PlayerBelief | None
    ) -> EntryState:
        """See `RatingEngine`. The entry's games are the player's, and count as experience."""
        skill = given.skill or SkillEstimate(float(given.mmr), GIVEN_DEVIATION, _VOLATILITY)
        games = given.games_played - (0 if before is None else before.games_played)
        played = having_played((known or self._start).naming(race), games, given.last_played_us)
        belief = given_rating(played, race, skill.rating, min(skill.deviation, self._deviation_max))
        return replace(given, known_at_us=belief.belief.last_played_us, belief=belief)

    def reset(self, state: EntryState, race: str, deviation_min: float) -> EntryState:
        """See `RatingEngine`."""
        if state.belief is None:
            return state
        least = min(deviation_min, self._deviation_max)
        return self.refreshed(state, race, no_surer_than(state.belief, race, least))

    def refreshed(self, state: EntryState, race: str, known: PlayerBelief | None) -> EntryState:
        """See `RatingEngine`."""
        if known is None:
            return state
        if race not in known.races:  # it was never played or given, so that its number is what is believed of it
            return self._believed(state, race, known)
        rating = float(state.mmr) if state.skill is None else state.skill.rating
        skill = SkillEstimate(rating, known.deviation(race), _VOLATILITY)
        return replace(state, skill=skill, known_at_us=known.belief.last_played_us, belief=known)

    def rate(self, first: Entry, second: Entry, *, score_1: float, ended_at_us: int) -> tuple[Rated, Rated]:
        """See `RatingEngine`."""
        known_1, known_2 = self._known(first), self._known(second)
        side_1, side_2 = self._side(known_1, first.race, ended_at_us), self._side(known_2, second.race, ended_at_us)
        played = self._system.after_game(side_1, side_2, score_1, ended_at_us)
        expected = played.expected_score
        return (
            self._rated(known_1, first.race, side_1, played.first, expected),
            self._rated(known_2, second.race, side_2, played.second, 1 - expected),
        )

    def _known(self, entry: Entry) -> PlayerBelief:
        """What is believed of an entry's player; one that came without a belief is a number that somebody gave."""
        known = entry.state.belief or self.given(entry.state, entry.race, before=None, known=None).belief
        return (known or self._start).naming(entry.race)

    def _side(self, known: PlayerBelief, race: str, ended_at_us: int) -> Side:
        return Side(self._system.before_game(known.belief, ended_at_us), known.place(race))

    def _rated(self, known: PlayerBelief, race: str, side: Side, after: Belief, expected: float) -> Rated:
        belief = known.showing(race, after)
        return Rated(
            after=_standing(belief, race),
            expected_score=expected,
            deviation_before=side.belief.deviation(side.race),
        )

    def parts(self, before: EntryState, after: EntryState, race: str, ended_at_us: int) -> Parts | None:
        """See `RatingEngine`."""
        known, reached = before.belief, after.belief
        if known is None or reached is None or before.skill is None:
            return None
        place = known.place(race)
        shown = Shown(before.skill.rating, (*known.shown_games, known.belief.games)[place])
        ready = self._system.before_game(known.belief, ended_at_us)
        return self._system.parts(shown, ready, reached.belief, place)


def _standing(known: PlayerBelief, race: str) -> Standing:
    place = known.place(race)
    rating = known.belief.ratings[place]
    return Standing(round(rating), SkillEstimate(rating, known.belief.deviation(place), _VOLATILITY), known)
