"""What runs on a storage at the moment, so that closing it can let that finish and take nothing new."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from toprung.domain.errors import StorageUnavailable


class InFlight:
    """Counts reads and writes in, until it is closed. Belongs to one event loop."""

    def __init__(self) -> None:
        self._running: set[asyncio.Future[None]] = set()
        self._is_closing = False

    @contextmanager
    def one(self) -> Iterator[None]:
        """Around one read or write. Raises `StorageUnavailable` once closing has begun."""
        if self._is_closing:
            raise StorageUnavailable("The database is being closed; nothing of this was done.", "closing")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._running.add(done)
        try:
            yield
        finally:
            self._running.discard(done)
            done.set_result(None)

    async def close(self) -> None:
        """Lets nothing in any more and returns when all that was let in has left."""
        self._is_closing = True
        if self._running:
            await asyncio.wait(self._running)
