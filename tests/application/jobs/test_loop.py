"""The loop that looks again: it outlives what fails, looks when it is woken, and never sooner than it is to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs

from toprung.application.jobs.loop import Loop

FAR_SECONDS = 3_600.0


class Looks:
    """Counts looks, and does at each what it is told to."""

    def __init__(self, *told: float | Exception | None) -> None:
        self._told = list(told)
        self.count = 0
        self._looked = asyncio.Event()
        self.during: Callable[[], None] = lambda: None

    async def look(self) -> float | None:
        self.count += 1
        self._looked.set()
        self.during()
        said = self._told.pop(0) if self._told else None
        if isinstance(said, Exception):
            raise said
        return said

    async def next(self) -> None:
        """Returns when it looks again."""
        self._looked.clear()
        async with asyncio.timeout(10):
            await self._looked.wait()


@asynccontextmanager
async def running(looks: Looks) -> AsyncIterator[Loop]:
    loop = Loop(looks.look, every_seconds=FAR_SECONDS, failed="look_failed")
    task = asyncio.create_task(loop.run())
    try:
        await looks.next()
        yield loop
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_it_looks_at_once_and_then_only_when_it_is_woken() -> None:
    looks = Looks()
    async with running(looks) as loop:
        await turns()
        assert looks.count == 1
        loop.wake()
        loop.wake()
        await looks.next()
        await turns()
        assert looks.count == 2


async def test_what_comes_up_during_a_look_is_looked_at_after_it() -> None:
    looks = Looks()
    async with running(looks) as loop:
        looks.during = lambda: loop.wake() if looks.count == 2 else None
        loop.wake()
        await turns()
        assert looks.count == 3


async def test_a_look_says_when_the_next_one_is() -> None:
    looks = Looks(0.0, 0.0, None)
    async with running(looks):
        await turns()
        assert looks.count == 3


@pytest.mark.parametrize("failure", [RuntimeError("no"), TimeoutError("late"), ValueError("odd")], ids=str)
async def test_a_look_that_fails_is_logged_and_the_next_one_comes(failure: Exception) -> None:
    looks = Looks(failure)
    with capture_logs() as logs:
        async with running(looks) as loop:
            await turns()
            loop.wake()
            await looks.next()
    assert looks.count == 2
    assert [(one["event"], one["log_level"]) for one in logs] == [("look_failed", "error")]
