"""A ladder that makes safety copies of itself, one after the other, until it is killed. `python -m chaos.copy_victim`.

Then lines on its standard input: which way to copy, and once everything is read in, the database's address. It says
"ready" when the ladder is open, and "copied" after each copy. Matches are recorded all the while, as on a server
during an import.
"""

import asyncio
import logging
import sys
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, Protocol

import structlog

from chaos.victim import say
from chaos.workload import PLAYERS, RACES, START_US
from toprung.adapters.clock import FixedClock
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.application.ladder import Ladder
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.players.player import PlayerId
from toprung.settings import load_settings

AS_IT_IS: Final = "as it is"
STRAIGHT: Final = "straight"


class Copying(Protocol):
    """What makes a copy."""

    async def make(self, reason: str) -> str | None:
        """See `Backups`."""
        ...


class Straight:
    """Broken: copies under the final name, as it comes."""

    def __init__(self, database: Path) -> None:
        self._database = database

    async def make(self, reason: str) -> str | None:
        """See `Backups`."""
        return await asyncio.to_thread(self._make, reason)

    def _make(self, reason: str) -> str:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        target = self._database.with_name(f"{self._database.name}.backup-{stamp}-{reason}")
        with closing(driver().connect(self._database)) as source, closing(driver().connect(target)) as copy:
            source.backup(copy)
        return str(target)


def match_between(number: int, run: str) -> FinalMatch:
    """A match that is over. The name of the run makes its source key new."""
    one, other = number % PLAYERS + 1, (number * 7 + 1) % PLAYERS + 1
    players = (one, other if other != one else one % PLAYERS + 1)
    first, second = (Participant(player_id=PlayerId(player), race=RACES[number % len(RACES)]) for player in players)
    return FinalMatch(
        source_key=f"copies {run} {number}",
        sides=((first,), (second,)),
        result=MatchResult.SIDE_1_WON if number % 3 else MatchResult.DRAW,
        ended_at_us=START_US,
    )


async def main() -> None:
    """Copies until the end."""
    variant, address = (line.strip() for line in (sys.stdin.readline(), sys.stdin.readline()))
    if not address:
        return
    settings = load_settings(database=address, inactivity_days="off")
    async with opened_storage(settings, write=True) as storage:
        ladder = (await wire(settings, storage, FixedClock(START_US), lambda _: None)).ladder
        path = settings.sqlite_path
        copying: Copying = Straight(path) if variant == STRAIGHT and path is not None else storage
        say("ready")
        await asyncio.gather(play(ladder), copy(copying))


async def play(ladder: Ladder) -> None:
    """Records matches, with room for others between them."""
    run = datetime.now(UTC).isoformat()
    for number in count():
        await ladder.recorder.record(match_between(number, run))
        await asyncio.sleep(0.01)


async def copy(copying: Copying) -> None:
    """Makes copies."""
    while True:
        await copying.make("import")
        say("copied")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(main())
