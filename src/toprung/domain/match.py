"""A match between two sides, as far as it is over."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from toprung.domain.player import PlayerId

MatchId = NewType("MatchId", int)


class MatchResult(StrEnum):
    """How a match ended, seen from its first side."""

    SIDE_1_WON = "side_1_won"
    SIDE_2_WON = "side_2_won"
    DRAW = "draw"

    @property
    def score_of_side_1(self) -> float:
        """1, 0 or 0.5 points for the first side; the second side has the rest of the point."""
        return {MatchResult.SIDE_1_WON: 1.0, MatchResult.SIDE_2_WON: 0.0, MatchResult.DRAW: 0.5}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A player with the race that was played."""

    player_id: PlayerId
    race: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalMatch:
    """A match whose result stands.

    A side is a tuple of players, of one for now. `source_key` names the match where it came from (a row of a file, a
    step of a simulation): the same key twice is the same match, which is what makes recording it again harmless.
    """

    source_key: str
    sides: tuple[tuple[Participant, ...], tuple[Participant, ...]]
    result: MatchResult
    ended_at_us: int
    map_name: str | None = None
