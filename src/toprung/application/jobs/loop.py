"""A loop that looks again and again: the one such loop, for whatever has to be seen to while a ladder is served."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

_log = structlog.get_logger(__name__)


class Loop:
    """Looks, waits for as long as the look says or else `every_seconds`, or until it is woken, and looks again.

    What is to be done are rows, so that a look that fails loses nothing: it is logged as `failed`, and the next one
    finds them again.
    """

    def __init__(self, look: Callable[[], Awaitable[float | None]], *, every_seconds: float, failed: str) -> None:
        self._look = look
        self._every_seconds = every_seconds
        self._failed = failed
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Lets it look at once; during a look, once more after it."""
        self._woken.set()

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            self._woken.clear()
            seconds: float | None = None
            try:
                seconds = await self._look()
            except Exception:  # noqa: BLE001 - the one catch-all of every such loop: the next look is soon
                _log.exception(self._failed)
            await self._wait(self._every_seconds if seconds is None else min(seconds, self._every_seconds))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
