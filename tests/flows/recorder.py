"""A process that records matches and says which are acknowledged, until somebody kills it.

Run as `python -m tests.flows.recorder DATABASE-URL`. It ends by itself after a while, should nobody do so.
"""

import asyncio
import sys
from typing import Final

import structlog

from tests.support.databases import Database, opened_ladder
from toprung.application.ladder import Ladder
from toprung.domain.errors import NotFound
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.players.player import Player

PLAYERS: Final = 6
AT_ONCE: Final = 5
MATCHES_MAX: Final = 20_000


async def known_player(ladder: Ladder, name: str) -> Player:
    """The player of this name, new if need be."""
    try:
        return await ladder.players.by_name(name)
    except NotFound:
        return await ladder.players.register(name)


async def record(ladder: Ladder, players: list[Player], number: int) -> None:
    """Records a match and, once that is durable, says so."""
    one, other = players[number % PLAYERS], players[(number + 1 + number % (PLAYERS - 1)) % PLAYERS]
    match = FinalMatch(
        source_key=f"game {number}",
        sides=((Participant(player_id=one.id, race="bw_zerg"),), (Participant(player_id=other.id, race="bw_zerg"),)),
        result=list(MatchResult)[number % 3],
        ended_at_us=ladder.clock.now_us() - MATCHES_MAX + number,
    )
    await ladder.recorder.record(match)
    sys.stdout.write(f"{match.source_key}\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    """Records matches, some at a time, beginning where the database ends."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    database = Database("postgresql" if url.startswith("postgresql") else "sqlite", url)
    async with opened_ladder(database, rating_system="elo") as opened:
        players = [await known_player(opened.ladder, f"player {number}") for number in range(PLAYERS)]
        first = await opened.storage.read(lambda tx: tx.matches.count())
        for number in range(first, MATCHES_MAX, AT_ONCE):
            await asyncio.gather(*(record(opened.ladder, players, number + place) for place in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
