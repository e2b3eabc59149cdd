"""What keeps a ladder from serving, and the windows of time that it falls into."""

from collections.abc import Awaitable, Callable

import pytest

from tests.support.served import ServedLadder
from toprung.domain.errors import StorageUnavailable
from toprung.domain.matches.match import MatchId

MINUTE, HOUR, DAY = 60, 3_600, 86_400
OUTAGES = (3 * MINUTE, 30 * MINUTE, 26 * HOUR)
SERVED_BEFORE = 60
Window = Callable[[ServedLadder], Awaitable[MatchId]]
Event = Callable[[ServedLadder], Awaitable[None]]
WINDOWS: dict[str, tuple[Window, int]] = {
    "confirm": (ServedLadder.open, 2 * MINUTE),
    "report": (ServedLadder.begun, DAY),
    "answer": (ServedLadder.claimed, DAY),
}


def down(seconds: int) -> Event:
    return lambda ladder: ladder.be_down(seconds)


def down_and_set(seconds: int, by_seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        ladder.set_clock(by_seconds)
        await ladder.be_down(seconds)

    return happen


def stuck(seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        ladder.pass_by(seconds)

    return happen


def clock_set(by_seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        ladder.set_clock(by_seconds)

    return happen


def there_and_back(by_seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        for seconds in (by_seconds, -by_seconds):
            ladder.set_clock(seconds)
            await ladder.turn()

    return happen


def database_away(seconds: int) -> Event:
    async def happen(ladder: ServedLadder) -> None:
        for _ in range(seconds // 60):
            ladder.pass_by(60)
            ladder.storage.fail_writes()
            with pytest.raises(StorageUnavailable):
                await ladder.turn()

    return happen


EVENTS: dict[str, Event] = {
    **{f"down {seconds} s": down(seconds) for seconds in OUTAGES},
    **{f"stuck {seconds} s": stuck(seconds) for seconds in OUTAGES},
    **{f"database away {seconds} s": database_away(seconds) for seconds in OUTAGES[:2]},
    **{f"clock set by {seconds} s": clock_set(seconds) for seconds in (DAY, -DAY, HOUR, -HOUR, 20, -20)},
    **{f"clock set by {seconds} s and back": there_and_back(seconds) for seconds in (DAY, -DAY)},
    **{f"clock set by {seconds} s while down": down_and_set(60, seconds) for seconds in (DAY, -DAY)},
    "down a day while the clock is set a day back": down_and_set(DAY, -DAY),
}
