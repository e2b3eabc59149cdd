"""What victims are asked to do: matches between players, each reported by both of them; and what must come of it."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from toprung.application.ladder import Ladder
from toprung.application.ports.storage import Transaction
from toprung.domain.matches.match import Match, MatchResult, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import PlayerId

PLAYERS: Final = 120
MATCHES_MAX: Final = 20_000
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
    """Matches between players of the ladder: opened, confirmed by both, and reported by both."""
    for match in range(matches):
        one, other = chance.sample(range(1, PLAYERS + 1), 2)
        races = chance.choice(RACES), chance.choice(RACES)
        result = chance.choice(list(MatchResult)).value

        def request(
            step: str,
            side: int = 0,
            *,
            match: int = match,
            players: tuple[int, int] = (one, other),
            races: tuple[str, str] = races,
            result: str = result,
        ) -> Request:
            return Request(match=match, step=step, side=side, players=players, races=races, result=result)

        yield [
            [request("open")],
            [request("confirm", side) for side in (0, 1)],
            [request("report", side) for side in (0, 1)],
        ]


async def register_players(ladder: Ladder) -> None:
    """The players, with the ids from 1 on."""
    for number in range(1, PLAYERS + 1):
        await ladder.players.register(f"Player {number}")


async def perform(ladder: Ladder, request: Request) -> None:
    """Does what a request asks; returns when the use case has."""
    key = source_key(request.match)
    if request.step == "open":
        first, second = (
            Participant(player_id=PlayerId(player), race=race)
            for player, race in zip(request.players, request.races, strict=True)
        )
        await ladder.lifecycle.open(first, second, source_key=key)
        return
    match = await ladder.unit_of_work.read(lambda tx: tx.matches.by_source_key(key))
    if match is None:
        raise LookupError(f"{key} was acknowledged and is not there")
    outcome = _outcome(request) if request.step == "report" else None
    await ladder.lifecycle.act(match.id, PlayerId(request.players[request.side]), Step(request.step), outcome)


def _outcome(request: Request) -> Outcome:
    if request.result == MatchResult.DRAW:
        return Outcome.DRAW
    return Outcome.WIN if (request.result == MatchResult.SIDE_1_WON) == (request.side == 0) else Outcome.LOSS


def source_key(match: int) -> str:
    """What a match is called in the database."""
    return f"chaos {match}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong with a database after so many acknowledgements."""

    lost: frozenset[Request] = frozenset()
    """What was acknowledged and is not there."""

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
    differences = await ladder.verification.verify(lambda _done, _all: None)
    return await ladder.unit_of_work.read(lambda tx: _found(tx, acknowledged, tuple(differences)))


def _found(tx: Transaction, acknowledged: set[Request], differences: tuple[str, ...]) -> Findings:
    rows = Counter(row.match_id for row in tx.journal.current())
    matches = tx.lookups.matches(MATCHES_MAX)
    stored = {_number(match.source_key): match for match in matches}
    return Findings(
        lost=frozenset(request for request in acknowledged if not _is_kept(request, stored.get(request.match))),
        unrated=frozenset(
            _number(match.source_key) for match in matches if match.state is MatchState.COMPLETED and not rows[match.id]
        ),
        double=frozenset(_number(match.source_key) for match in matches if rows[match.id] > 2),
        differences=differences,
    )


def _is_kept(request: Request, match: Match | None) -> bool:
    if match is None:
        return False
    if request.step == "confirm":
        return match.sides[request.side].confirmed_at_us is not None
    if request.step == "report":
        claim = match.sides[request.side].claim
        said = match.standing_result if claim is None else claim.result
        return said == request.result
    return True


def _number(source_key: str) -> int:
    return int(source_key.split()[1])
