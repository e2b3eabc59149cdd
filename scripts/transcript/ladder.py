"""The season that is asked about: the same players, matches, moments and dice every time."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from toprung.adapters.clock import SystemClock, TurnedClock
from toprung.application.transfer.demo_service import DemoService
from toprung.bootstrap.wiring import Wired, opened_storage, wire
from toprung.domain.moment import MICROSECONDS_PER_SECOND, from_iso
from toprung.settings import Settings, load_settings

BEGINNING: Final = "2026-03-01T12:00:00Z"
PLAYERS: Final = 120
MATCHES: Final = 1_500
SHORT_DRAW_BYTES: Final = 8


class Moment:
    """What time it is: it stands still until it is moved."""

    def __init__(self) -> None:
        self.now_us = from_iso(BEGINNING)

    def forward(self, seconds: float = 60) -> None:
        """Moves it."""
        self.now_us += round(seconds * MICROSECONDS_PER_SECOND)


MOMENT: Final = Moment()


def use_fixed_time_and_chance() -> None:
    """Makes this process's clock stand still and its dice fall the same way every time."""
    drawn = 0

    def bytes_of(count: int) -> bytes:
        nonlocal drawn
        if count <= SHORT_DRAW_BYTES:
            return bytes(count)  # a choice: always the first
        drawn += 1
        return drawn.to_bytes(8, "big") + bytes(count - 8)

    os.urandom = bytes_of
    # What `secrets` and `SystemRandom` draw from, who took their own reference to it.
    random._urandom = bytes_of  # type: ignore[attr-defined]

    def now_us(self: SystemClock) -> int:
        del self
        return MOMENT.now_us

    SystemClock.now_us = now_us  # type: ignore[method-assign]


def settings_of(folder: Path) -> Settings:
    """A ladder in a file of that folder; the environment has no say."""
    return load_settings(database=f"sqlite:///{folder / 'ladder.db'}", host="127.0.0.1", port=0).model_copy(
        update={"replay_archive": folder / "replays", "replay_workers": 1}
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Wired]:
    """The ladder, wired as the program wires it."""
    async with opened_storage(settings, write=True) as storage:
        wired = await wire(settings, storage, SystemClock(), lambda _: None)
        ladder = wired.ladder
        await ladder.store.load()
        try:
            yield wired
        finally:
            await ladder.unit_of_work.drain()


def play_season(settings: Settings) -> None:
    """Plays it."""

    async def play() -> None:
        clock = TurnedClock(SystemClock())
        async with opened_storage(settings, write=True) as storage:
            ladder = (await wire(settings, storage, clock, lambda _: None)).ladder
            demo = DemoService(
                players=ladder.players,
                matches=ladder.recorder,
                catalog=ladder.catalog,
                countries=ladder.countries,
                clock=clock,
                turn_clock=clock.turn,
                chance=random.Random(11),
            )
            await demo.play_season(players=PLAYERS, matches=MATCHES, progress=lambda _done, _all: None)
            await ladder.unit_of_work.drain()

    asyncio.run(play())
