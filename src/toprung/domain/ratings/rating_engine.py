"""The two ways in which a game changes ratings, behind one interface."""

from dataclasses import dataclass
from typing import Final, Protocol

from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.rating import Elo, Entry, Standing

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
    """A rating system."""

    @property
    def code(self) -> str:
        """`glicko2` or `elo`."""
        ...

    def start(self) -> Standing:
        """What a new entry has."""
        ...

    def set_to(self, mmr: int) -> Standing:
        """What an entry has whose rating an organiser sets: the number, as unsure as a newcomer's."""
        ...

    def rate(self, first: Entry, second: Entry, *, score_1: float, ended_at_us: int) -> tuple[Rated, Rated]:
        """What a game does to both sides, `score_1` being 1, 0.5 or 0 for the first. Symmetric in the sides."""
        ...


class EloEngine:
    """Elo in whole numbers; changes add up to zero."""

    code = "elo"

    def __init__(self, system: Elo) -> None:
        self._system = system

    def start(self) -> Standing:
        """See `RatingEngine`."""
        return Standing(self._system.start_mmr, None)

    def set_to(self, mmr: int) -> Standing:
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


class Glicko2Engine:
    """Glicko-2, a game at a time, deviations growing with absence."""

    code = "glicko2"

    def __init__(self, system: Glicko2) -> None:
        self._system = system

    def start(self) -> Standing:
        """See `RatingEngine`."""
        return _shown(self._system.start())

    def set_to(self, mmr: int) -> Standing:
        """See `RatingEngine`."""
        return _shown(self._system.start()._replace(rating=float(mmr)))

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
