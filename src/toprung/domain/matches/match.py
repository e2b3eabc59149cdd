"""A match between two sides: who plays, what each side says of it, how it stands."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, NewType

from toprung.domain.players.player import PlayerId

MatchId = NewType("MatchId", int)

Side = Literal[0, 1]
"""The first or the second side of a match, as an index."""


class MatchResult(StrEnum):
    """How a match ended, seen from its first side."""

    SIDE_1_WON = "side_1_won"
    SIDE_2_WON = "side_2_won"
    DRAW = "draw"

    @property
    def score_of_side_1(self) -> float:
        """1, 0 or 0.5 points for the first side; the second side has the rest of the point."""
        return {MatchResult.SIDE_1_WON: 1.0, MatchResult.SIDE_2_WON: 0.0, MatchResult.DRAW: 0.5}[self]

    def score_of(self, side: Side) -> float:
        """1, 0 or 0.5 points for this side."""
        return self.score_of_side_1 if side == 0 else 1 - self.score_of_side_1


class Outcome(StrEnum):
    """How a match ended, as one of its players says it."""

    WIN = "win"
    LOSS = "loss"
    DRAW = "draw"

    def result_for(self, side: "Side") -> MatchResult:
        """The result that this is from that side."""
        if self is Outcome.DRAW:
            return MatchResult.DRAW
        return MatchResult.SIDE_1_WON if (self is Outcome.WIN) == (side == 0) else MatchResult.SIDE_2_WON


class MatchState(StrEnum):
    """How a match stands. What leads from one state to another is in `match_life.TRANSITIONS`."""

    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    REPORTED = "reported"
    COMPLETED = "completed"
    ABORTED = "aborted"
    ABANDONED = "abandoned"
    CONFLICT = "conflict"
    EXPIRED = "expired"
    VOIDED = "voided"

    @property
    def is_open(self) -> bool:
        """Whether its players are busy with it."""
        return self in {MatchState.ASSIGNED, MatchState.IN_PROGRESS, MatchState.REPORTED}


class Evidence(StrEnum):
    """What a claim rests on: a player's word, or a replay that was read and fits the match."""

    REPORT = "report"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A player with the race that was played."""

    player_id: PlayerId
    race: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one side says of a match. `told_at_us` is when the other side was told, or found out of reach by a refusal
    of its own."""

    result: MatchResult
    evidence: Evidence
    at_us: int
    told_at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSide:
    """One side: its players, of one for now, and what they did about the match.

    `told_at_us` is when it was told of the match, or found out of reach by a refusal of its own.
    """

    players: tuple[Participant, ...]
    told_at_us: int | None = None
    confirmed_at_us: int | None = None
    claim: Claim | None = None
    cancel_asked_at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalMatch:
    """A match that comes with its result: from a file, or from a simulation.

    `source_key` names the match where it came from (a row of a file, a step of a simulation): the same key twice is the
    same match, which is what makes recording it again harmless.
    """

    source_key: str
    sides: tuple[tuple[Participant, ...], tuple[Participant, ...]]
    result: MatchResult
    ended_at_us: int
    map_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMatch:
    """A match that two players are to play. `source_key` makes opening it again harmless, as with `FinalMatch`."""

    source_key: str
    sides: tuple[tuple[Participant, ...], tuple[Participant, ...]]
    assigned_at_us: int
    deadline_us: int
    map_name: str | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A match as it is kept.

    `deadline_us` is when it moves on by itself, and `given_back_us` how much later that became for time that was not
    served, since the match began or, before that, was opened. One that was completed keeps its result when it is
    voided, for a change of mind. `assigned_at_us` is None for a match that came with its result.
    """

    id: MatchId
    source_key: str
    sides: tuple[MatchSide, MatchSide]
    state: MatchState
    assigned_at_us: int | None = None
    deadline_us: int | None = None
    given_back_us: int = 0
    result: MatchResult | None = None
    ended_at_us: int | None = None
    map_name: str | None = None
    server: str | None = None

    @property
    def participants(self) -> tuple[Participant, Participant]:
        """The two players with their races, while a side is of one."""
        (first,), (second,) = (side.players for side in self.sides)
        return first, second

    @property
    def player_ids(self) -> tuple[PlayerId, PlayerId]:
        """The two players, the first side's first."""
        first, second = self.participants
        return first.player_id, second.player_id

    @property
    def standing_result(self) -> MatchResult | None:
        """The result that counts; None where none does."""
        return self.result if self.state is MatchState.COMPLETED else None

    @property
    def started_at_us(self) -> int | None:
        """When the second side confirmed, and the players learnt of each other."""
        first, second = (side.confirmed_at_us for side in self.sides)
        return None if first is None or second is None else max(first, second)

    @property
    def is_held_up(self) -> bool:
        """Whether it waits for an organiser because a side could not be told, and not because the sides contradict."""
        return self.state is MatchState.CONFLICT and any(side.claim is None for side in self.sides)

    def side_of(self, player_id: PlayerId) -> Side | None:
        """The side that a player is on."""
        for index in (0, 1):
            if any(one.player_id == player_id for one in self.sides[index].players):
                return index
        return None

    def with_side(self, side: Side, changed: MatchSide) -> "Match":
        """This match with one side as given."""
        first, second = self.sides
        return replace(self, sides=(changed, second) if side == 0 else (first, changed))


def other(side: Side) -> Side:
    """The side across."""
    return 1 if side == 0 else 0
