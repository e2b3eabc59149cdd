"""The way every write takes: commit first, then tell."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from toprung.application.event_bus import EventBus
from toprung.application.ports.storage import Storage, Transaction

T = TypeVar("T")


class UnitOfWork:
    """Runs units of work against the storage and publishes what they recorded once it is committed."""

    def __init__(self, storage: Storage, bus: EventBus) -> None:
        self._storage = storage
        self._bus = bus
        self._running: set[asyncio.Task[object]] = set()

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """What `work` gives, after its commit and after everybody was told; whoever reads then sees it.

        A caller that is cancelled only stops waiting: what was begun is committed and told, or neither.
        Raises what `work` raises, with nothing kept, and `StorageUnavailable`.
        """
        task = asyncio.ensure_future(self._commit_and_tell(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _commit_and_tell(self, work: Callable[[Transaction], T]) -> T:
        committed = await self._storage.write(work)
        if committed.changes:
            await self._bus.publish(committed.changes)
        return committed.value

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """What `work` finds in what is committed. Raises what it raises, and `StorageUnavailable`."""
        return await self._storage.read(work)

    async def drain(self) -> None:
        """Returns when everything that was begun is done."""
        while self._running:
            await asyncio.wait(self._running)
