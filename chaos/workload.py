"""What victims are asked to do: matches between players, each reported by both of them; and what must come of it."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from toprung.application.ports import Transaction
from toprung.bootstrap.wiring import Ladder
from toprung.domain.match import FinalMatch, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.player import PlayerId

PLAYERS: Final = 120
RACES: Final = ("bw_zerg", "sc2_terran")
START_US: Final = 1_790_251_200 * MICROSECONDS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing that one player does about one match. Sent as a line of JSON, and again where no answer came."""

    match: int
    step: str
    side: int
    players: tuple[int, int]
    races: tuple[str, str]
    result: str

    def as_line(self) -> dict[str, Any]:
        """What is sent."""
        return asdict(self)

    @classmethod
    def from_line(cls, line: dict[str, Any]) -> "Request":
        """What was sent."""
        (one, other), (race, other_race) = line.pop("players"), line.pop("races")
        return cls(players=(one, other), races=(race, other_race), **line)


Stages = list[list[Request]]
"""A match's requests: those of a stage in any order, and none before the stage before is answered."""


def made_up_matches(chance: random.Random, matches: int) -> Iterator[Stages]:
    """Matches between players of the ladder."""
    for match in range(matches):
        one, other = chance.sample(range(1, PLAYERS + 1), 2)
        result = chance.choice(list(MatchResult)).value
        races = chance.choice(RACES), chance.choice(RACES)
        yield [
            [
                Request(match=match, step="report", side=side, players=(one, other), races=races, result=result)
                for side in (0, 1)
            ]
        ]


async def register_players(ladder: Ladder) -> None:
    """The players, with the ids from 1 on."""
    for number in range(1, PLAYERS + 1):
        await ladder.players.register(f"Player {number}")


async def perform(ladder: Ladder, request: Request) -> None:
    """Does what a request asks; returns when the use case has."""
    first, second = (
        Participant(player_id=PlayerId(player), race=race)
        for player, race in zip(request.players, request.races, strict=True)
    )
    final = FinalMatch(
        source_key=source_key(request.match),
        sides=((first,), (second,)),
        result=MatchResult(request.result),
        ended_at_us=START_US,
    )
    await ladder.matches.record(final)


def source_key(match: int) -> str:
    """What a match is called in the database."""
    return f"chaos {match}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong with a database after so many acknowledgements."""

    lost: frozenset[int] = frozenset()
    """Matches of which something was acknowledged that is not there."""

    unrated: frozenset[int] = frozenset()
    """Matches that have their result and were not rated."""

    double: frozenset[int] = frozenset()
    """Matches that count more than once."""

    differences: tuple[str, ...] = ()
    """What `toprung verify` says."""

    def with_more(self, other: "Findings") -> "Findings":
        """These and others."""
        return Findings(
            lost=self.lost | other.lost,
            unrated=self.unrated | other.unrated,
            double=self.double | other.double,
            differences=self.differences + other.differences,
        )


async def inspect(ladder: Ladder, acknowledged: set[Request]) -> Findings:
    """Holds a database against what was acknowledged, and against itself."""
    differences = await ladder.services.ratings.verify(lambda _done, _all: None)
    return await ladder.unit_of_work.read(lambda tx: _found(tx, acknowledged, tuple(differences)))


def _found(tx: Transaction, acknowledged: set[Request], differences: tuple[str, ...]) -> Findings:
    rows = Counter(row.match_id for row in tx.journal())
    stored = [(_number(one.match.source_key), one.id) for one in tx.matches.all()]
    times_rated = Counter[int]()
    for match, match_id in stored:
        times_rated[match] += rows[match_id]
    return Findings(
        lost=frozenset(request.match for request in acknowledged) - {match for match, _ in stored},
        unrated=frozenset(match for match, count in times_rated.items() if count == 0),
        double=frozenset(match for match, count in times_rated.items() if count > 2),
        differences=differences,
    )


def _number(source_key: str) -> int:
    return int(source_key.split()[1])
