"""The way every write takes: commit first, then tell."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from toprung.application.ports.storage import Storage, Transaction
from toprung.application.writing.event_bus import EventBus
from toprung.domain.errors import OutcomeUnknown, StorageUnavailable

T = TypeVar("T")


class UnitOfWork:
    """Runs units of work against the storage and publishes what they recorded once it is committed."""

    def __init__(self, storage: Storage, bus: EventBus) -> None:
        self._storage = storage
        self._bus = bus
        self._running: set[asyncio.Task[Any]] = set()
        self._is_alone = False
        self._first: Callable[[], Awaitable[None]] | None = None

    def go_first(self, first: Callable[[], Awaitable[None]]) -> None:
        """From now on every unit of work waits for this before it begins, and does not begin where this raises."""
        self._first = first

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """What `work` gives, after its commit and after everybody was told; whoever reads then sees it.

        A caller that is cancelled only stops waiting: what was begun is committed and told, or neither.
        Raises what `work` raises, with nothing kept, `StorageUnavailable`, and `OutcomeUnknown`, after which the work
        may be kept: whoever shows the ladder then reads it anew.
        """
        if self._is_alone:
            raise StorageUnavailable(
                "The clock was just set, and nothing of this was done; try again in a moment.", "clock_set"
            )
        return await self._begun(self._in_turn(work))

    async def run_first(self, work: Callable[[Transaction], T], then: Callable[[T], None]) -> None:
        """Does `work` without waiting for what goes first, and `then` when it is committed and before anybody is told.

        Raises as `run` does, and `then` is not done.
        """
        await self._begun(self._commit_and_tell(work, then))

    async def run_alone(self, work: Callable[[Transaction], T], then: Callable[[T], None]) -> bool:
        """What `run_first` does, with nothing else under way; False, and nothing is done, where something is.

        What would begin before `then` is done is refused and not held up: it has looked at a clock that is wrong by
        then.
        """
        if self._running or self._is_alone:
            return False
        self._is_alone = True

        def open_again(value: T) -> None:
            then(value)
            self._is_alone = False

        try:
            await self._begun(self._commit_and_tell(work, open_again))
        finally:
            self._is_alone = False
        return True

    async def _begun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _in_turn(self, work: Callable[[Transaction], T]) -> T:
        if self._first is not None:
            await self._first()
        return await self._commit_and_tell(work)

    async def _commit_and_tell(self, work: Callable[[Transaction], T], then: Callable[[T], None] | None = None) -> T:
        try:
            committed = await self._storage.write(work)
        except OutcomeUnknown:
            await self._bus.publish_gap()
            raise
        if then is not None:
            then(committed.value)
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
