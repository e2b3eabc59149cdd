"""How games and organisers change ratings, behind one interface, and the two systems that rate each race apart."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Final, Protocol

from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.linked.linked import Parts
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import Elo, Entry, EntryState, Standing

PROVISIONAL_DEVIATION_MIN: Final = 160.0
"""A Glicko-2 rating less sure than this counts as provisional, as on the Online-Go Server (goratings).

Lichess asks for 110, which on a ladder of a hundred players with a few races each would mark nearly everybody.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What one game does to one side. The deviation before includes the growth of the time without a game."""

    after: Standing
    expected_score: float
    deviation_before: float | None


class RatingEngine(Protocol):
    """A rating system. `known` is what it believes of a player with all races, if it does and anything is known."""

    @property
    def code(self) -> str:
        """`linked`, `glicko2` or `elo`."""
        ...

    def start(self) -> Standing:
        """What a player has of whom nothing is known."""
        ...

    def newcomer(self, race: str, known: PlayerBelief | None) -> EntryState:
        """What a player's entry is before its first game."""
        ...

    def set_to(self, mmr: int, deviation: float | None = None) -> Standing:
        """What an entry has whose rating an organiser sets, as unsure as this, or as such a number usually is."""
        ...

    def given(
        self, given: EntryState, race: str, *, before: EntryState | None, known: PlayerBelief | None
    ) -> EntryState:
        """An entry that somebody sets or imports, with what the system makes of it; `skill` stays as it was given."""
        ...

    def reset(self, state: EntryState, race: str, deviation_min: float) -> EntryState:
        """An entry at the start of a season that wants ratings to be no surer than this. The rating itself stays."""
        ...

    def refreshed(self, state: EntryState, race: str, known: PlayerBelief | None) -> EntryState:
        """An entry with what is known of its player by now. The rating itself stays."""
        ...

    def rate(self, first: Entry, second: Entry, *, score_1: float, ended_at_us: int) -> tuple[Rated, Rated]:
        """What a game does to both sides, `score_1` being 1, 0.5 or 0 for the first. Symmetric in the sides."""
        ...

    def parts(self, before: EntryState, after: EntryState, race: str, ended_at_us: int) -> Parts | None:
        """What the change by a game came from; None for a system where all of it comes from the game."""
        ...


class _Apart(ABC):
    """A system that rates each race as if it were another player."""

    @abstractmethod
    def start(self) -> Standing:
        """See `RatingEngine`."""

    def newcomer(self, race: str, known: PlayerBelief | None) -> EntryState:  # noqa: ARG002
        """See `RatingEngine`."""
        mmr, skill, _ = self.start()
        return EntryState(mmr=mmr, skill=skill)

    def given(
        self,
        given: EntryState,
        race: str,  # noqa: ARG002
        *,
        before: EntryState | None,  # noqa: ARG002
        known: PlayerBelief | None,  # noqa: ARG002
    ) -> EntryState:
        """See `RatingEngine`."""
        return _without_belief(given)

    def reset(self, state: EntryState, race: str, deviation_min: float) -> EntryState:  # noqa: ARG002
        """See `RatingEngine`."""
        skill = state.skill
        if skill is None or skill.deviation >= deviation_min:
            return state
        return replace(state, skill=skill._replace(deviation=deviation_min))

    def refreshed(self, state: EntryState, race: str, known: PlayerBelief | None) -> EntryState:  # noqa: ARG002
        """See `RatingEngine`."""
        return _without_belief(state)

    def parts(self, before: EntryState, after: EntryState, race: str, ended_at_us: int) -> Parts | None:  # noqa: ARG002
        """See `RatingEngine`."""
        return None


def _without_belief(state: EntryState) -> EntryState:
    """A state as another system may have left it, without what only that one knew."""
    return state if state.belief is None else replace(state, known_at_us=None, belief=None)


class EloEngine(_Apart):
    """Elo in whole numbers; changes add up to zero."""

    code = "elo"

    def __init__(self, system: Elo) -> None:
        self._system = system

    def start(self) -> Standing:
        """See `RatingEngine`."""
        return Standing(self._system.start_mmr, None)

    def set_to(self, mmr: int, deviation: float | None = None) -> Standing:  # noqa: ARG002
        """See `RatingEngine`."""
        return Standing(mmr, None)

    def rate(self, first: Entry, second: Entry, *, score_1: float, ended_at_us: int) -> tuple[Rated, Rated]:  # noqa: ARG002
        """See `RatingEngine`; time does nothing to an Elo rating."""
        change = self._system.mmr_change(first.mmr, second.mmr, score_1)
        expected = self._system.expected_score(first.mmr, second.mmr)
        return (
            Rated(after=Standing(first.mmr + change, None), expected_score=expected, deviation_before=None),
            Rated(after=Standing(second.mmr - change, None), expected_score=1 - expected, deviation_before=None),
        )


class Glicko2Engine(_Apart):
    """Glicko-2, a game at a time, deviations growing with absence."""

    code = "glicko2"

    def __init__(self, system: Glicko2) -> None:
        self._system = system

    def start(self) -> Standing:
        """See `RatingEngine`."""
        return _shown(self._system.start())

    def set_to(self, mmr: int, deviation: float | None = None) -> Standing:
        """See `RatingEngine`: without a deviation, as unsure as a newcomer's."""
        start = self._system.start()
        return _shown(start._replace(rating=float(mmr), deviation=start.deviation if deviation is None else deviation))

    def rate(self, first: Entry, second: Entry, *, score_1: float, ended_at_us: int) -> tuple[Rated, Rated]:
        """See `RatingEngine`."""
        skill_1, skill_2 = self._skill(first, ended_at_us), self._skill(second, ended_at_us)
        expected = self._system.expected_score(skill_1, skill_2)
        return (
            Rated(
                after=_shown(self._system.after_game(skill_1, skill_2, score_1)),
                expected_score=expected,
                deviation_before=skill_1.deviation,
            ),
            Rated(
                after=_shown(self._system.after_game(skill_2, skill_1, 1 - score_1)),
                expected_score=1 - expected,
                deviation_before=skill_2.deviation,
            ),
        )

    def _skill(self, entry: Entry, now_us: int) -> SkillEstimate:
        """What is believed of an entry now; one that came without a deviation is as unsure as a newcomer."""
        skill = entry.state.skill or self._system.start()._replace(rating=float(entry.mmr))
        last_played_us = entry.state.last_played_us
        return skill if last_played_us is None else self._system.after_idle(skill, now_us - last_played_us)


def _shown(skill: SkillEstimate) -> Standing:
    return Standing(round(skill.rating), skill)
