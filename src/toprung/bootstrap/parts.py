"""What runs while a ladder is served, each with a start and a stop: a process's role is a choice of these."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Protocol, Self

import structlog

from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.adapters.storage.server_record import ServerRecord, ServerRecords
from toprung.application.ladder import Ladder
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.bootstrap.discord_bot import discord_bot
from toprung.bootstrap.workers import SiteWorkers
from toprung.domain.errors import OutcomeUnknown, StorageUnavailable
from toprung.settings import Settings

_log = structlog.get_logger(__name__)


class Part(Protocol):
    """Something that begins with `start`, which returns, and has ended once `stop` returns."""

    async def start(self) -> None:
        """Begins."""
        ...

    async def stop(self) -> None:
        """Ends; called once, and only after `start` has returned."""
        ...


class Parts:
    """The parts that run. They stop in reverse when the block ends; one that fails to stop holds up no other."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    async def start(self, *parts: Part) -> None:
        """Starts these, one after the other. Raises what one raises; those before it run on until the end."""
        for part in parts:
            await part.start()
            self._stack.push_async_callback(_stopped, part)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()


async def _stopped(part: Part) -> None:
    try:
        await part.stop()
    except Exception:  # noqa: BLE001 - what does not stop as it should must not leave the others running
        _log.exception("part_not_stopped", part=type(part).__name__)


class Writes:
    """Implements `Part`: whatever is being written when the process is to end is written first."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    async def start(self) -> None:
        """See `Part`."""

    async def stop(self) -> None:
        """See `Part`."""
        await self._unit_of_work.drain()


class Running:
    """Implements `Part` for what runs until it is cancelled."""

    def __init__(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._run = run
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See `Part`."""
        self._task = asyncio.create_task(self._forever(), name=self._name)

    async def _forever(self) -> None:
        await self._run()

    async def stop(self) -> None:
        """See `Part`."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task


class ReplayReading:
    """Implements `Part`: children that read replays, and workers that have them do so.

    Jobs are claimed once there is somebody to read: a process that dies before that has not held any.
    """

    def __init__(self, pool: ReplayPool, workers: SiteWorkers) -> None:
        self._pool = pool
        self._workers = workers

    async def start(self) -> None:
        """See `Part`."""
        self._pool.start(up=self._workers.start)

    async def stop(self) -> None:
        """See `Part`."""
        await self._workers.close()
        await self._pool.close()


class Address:
    """Implements `Part`: the record by which commands find the server. One that is left behind does no harm."""

    def __init__(self, records: ServerRecords, record: ServerRecord) -> None:
        self._records = records
        self._record = record

    async def start(self) -> None:
        """See `Part`."""
        await self._records.publish(self._record)

    async def stop(self) -> None:
        """See `Part`."""
        with suppress(StorageUnavailable, OutcomeUnknown):
            await self._records.withdraw(self._record)


class Bot:
    """Implements `Part`: the Discord bot, where there is a token."""

    def __init__(self, ladder: Ladder, settings: Settings) -> None:
        self._running = discord_bot(ladder, settings)
        self._status: Callable[[], str] = lambda: "off"

    @property
    def status(self) -> str:
        """`off`, or one of `BotStatus`."""
        return self._status()

    async def start(self) -> None:
        """See `Part`."""
        self._status = await self._running.__aenter__()

    async def stop(self) -> None:
        """See `Part`."""
        await self._running.__aexit__(None, None, None)
