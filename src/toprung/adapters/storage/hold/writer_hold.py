"""The right to write to a database: what a process knows of it, and the loop that asks after it every second.

The lock says who begins to write; it may be gone without its holder having heard. So each writing transaction also
checks, in the database, that its writer's epoch is still the present one, and this loop stops the writing early.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Final, Protocol, TypeVar

import structlog

from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.domain.errors import StorageUnavailable, WriterLost, WriterPresent

T = TypeVar("T")

ANSWER_SECONDS_MAX: Final = 0.8
"""With the half second before it, a hold that is lost or a database that is gone is noticed within 1.3 seconds."""

LATE_ANSWER_SECONDS_MAX: Final = 1.2
TICK_SECONDS: Final = 0.1
RENEW_SECONDS_MAX: Final = 5.0
RENEW_EVERY_SECONDS: Final = 0.5
LATE_ASKING_SECONDS_MAX: Final = 0.5
"""A hold whose next answer is later than that is not confirmed, whatever keeps the loop from asking."""

TAKEN_OVER: Final = (
    "Another process has begun to write to this database, so this one may not any more and ends; nothing of this was "
    "kept. Start it again once the other one is stopped."
)
_NO_ANSWER: Final = (
    "The database does not answer, so nothing is written; nothing of this was kept. Try again in a moment."
)

_BEING_RENEWED: Final = (
    "The lock that lets this process write was lost and is being taken anew; nothing of this was kept. Try again in a "
    "moment."
)
_NOT_IN_TOUCH: Final = "The database does not answer, and what is shown here might be old. Try again in a moment."

_log = structlog.get_logger(__name__)


class WriterHold:
    """What a writing process knows of its right to write. `lost` is done once it will not have it again."""

    def __init__(self, epoch: int, limits: StorageLimits = LIMITS) -> None:
        self.epoch = epoch
        self.limits = limits
        self.lost: asyncio.Future[WriterLost] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._refusal: StorageUnavailable | None = None
        self._confirmed_at, self._silent_seconds = monotonic(), 0.0
        self._waiting: set[asyncio.Timeout] = set()
        self._confirmations = asyncio.Event()
        self.news = asyncio.Event()
        """Set where somebody has reason to ask at once."""

    def check(self) -> None:
        """Raises `StorageUnavailable` unless this process may write, as far as it knows. Any thread may ask."""
        if self._refusal is not None:
            raise type(self._refusal)(str(self._refusal))

    @property
    def is_confirmed(self) -> bool:
        """Whether the database said a moment ago that this process may write to it."""
        seconds_max = self.limits.ask_every_seconds + ANSWER_SECONDS_MAX + LATE_ASKING_SECONDS_MAX
        return self._refusal is None and monotonic() - self._confirmed_at <= seconds_max

    async def confirmed(self) -> None:
        """Returns when the hold is confirmed, asking if need be. Raises `StorageUnavailable` if that takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                while not self.is_confirmed:
                    self.check()
                    self.news.set()
                    await self._confirmations.wait()
        if not self.is_confirmed:
            raise StorageUnavailable(_NOT_IN_TOUCH, "not_in_touch")

    def confirm(self, at: float) -> None:
        """The database was asked at a moment of `monotonic`, and said yes."""
        self._confirmed_at, self._silent_seconds = at, 0.0
        if not isinstance(self._refusal, WriterLost):
            self._refusal = None
        self._confirmations.set()
        self._confirmations.clear()  # who waits is woken, and who comes next waits for the next one

    def doubt(self, reason: StorageUnavailable) -> None:
        """Stops writing until `renew`. Any thread may call this."""
        if not isinstance(self._refusal, WriterLost):
            self._refusal = reason
        with suppress(RuntimeError):  # the loop is closed, and nobody writes any more
            self._loop.call_soon_threadsafe(self.news.set)

    def renew(self, epoch: int, at: float) -> None:
        """This process may write again, under a new epoch."""
        self.epoch = epoch
        self.confirm(at)

    def lose(self, reason: WriterLost) -> None:
        """Stops writing for good. Any thread may call this."""
        self.doubt(reason)

        def tell() -> None:
            self.stop_waiting()
            if not self.lost.done():
                self.lost.set_result(reason)

        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell)

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """Around what waits for the database: raises `TimeoutError` once that has been silent for too long."""
        async with asyncio.timeout(None) as timeout:
            self._waiting.add(timeout)
            try:
                yield
            finally:
                self._waiting.discard(timeout)

    def silent_for(self, seconds: float) -> None:
        """The database has not answered for so much longer; what waits for it too long stops waiting."""
        self._silent_seconds += seconds
        if self._silent_seconds >= self.limits.silence_seconds_max:
            self.stop_waiting()

    def stop_waiting(self) -> None:
        """Ends what waits for the database now."""
        for timeout in self._waiting:
            if timeout.when() is None:
                timeout.reschedule(self._loop.time())


class Keeper(Protocol):
    """How one kind of database is asked who writes to it."""

    async def ask(self, epoch: int) -> None:
        """Returns where this process holds the lock and the epoch is the present one.

        Raises `WriterLost` where that is over for good, and `StorageUnavailable` where the lock has to be taken anew.
        """
        ...

    async def renew(self) -> int:
        """Takes the lock anew and gives the new epoch. Raises `WriterPresent`, `WriterLost`, `StorageUnavailable`."""
        ...


class WriterWatch:
    """Asks after a hold until it is lost; what it has to renew is renewed before anything is written again."""

    def __init__(self, hold: WriterHold, keeper: Keeper) -> None:
        self._hold = hold
        self._keeper = keeper
        self._on_renewed: list[Callable[[], Awaitable[None]]] = []
        self._task = asyncio.create_task(self._run(), name="writer-watch")

    def on_renewed(self, handler: Callable[[], Awaitable[None]]) -> None:
        """Has a handler called each time that another process may have written meanwhile."""
        self._on_renewed.append(handler)

    async def close(self) -> None:
        """Stops asking."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while not self._hold.lost.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hold.news.wait(), self._hold.limits.ask_every_seconds)
            self._hold.news.clear()
            try:
                await self._ask()
            except Exception:  # noqa: BLE001 - the one catch-all of this loop: whoever stopped asking would never know
                _log.exception("writer_watch_failed")
                self._hold.doubt(StorageUnavailable(_NO_ANSWER, "no_answer"))

    async def _ask(self) -> None:
        began = monotonic()
        asking = asyncio.ensure_future(self._keeper.ask(self._hold.epoch))
        try:
            if not await self._is_answered(asking, ANSWER_SECONDS_MAX):
                self._hold.doubt(
                    StorageUnavailable(_NO_ANSWER, "no_answer")
                )  # writing stops, and goes on if this is answered yet
                _log.warning("database_does_not_answer", seconds=ANSWER_SECONDS_MAX)
                await self._is_answered(asking, LATE_ANSWER_SECONDS_MAX)
            _result(asking)
        except WriterLost as error:
            self._lose(error)
        except StorageUnavailable as error:
            _log.warning("writer_lock_lost", epoch=self._hold.epoch, reason=str(error))
            self._hold.doubt(StorageUnavailable(_BEING_RENEWED, "lock_renewed"))
            await self._renew()
        else:
            self._hold.confirm(began)
        finally:
            asking.cancel()

    async def _renew(self) -> None:
        while True:
            began = monotonic()
            renewing = asyncio.ensure_future(self._keeper.renew())
            try:
                await self._is_answered(renewing, RENEW_SECONDS_MAX)
                epoch = _result(renewing)
            except WriterPresent:
                self._lose(WriterLost(TAKEN_OVER, "taken_over"))
                return
            except WriterLost as error:
                self._lose(error)
                return
            except StorageUnavailable as error:
                _log.debug("writer_lock_not_renewed", reason=str(error))
                self._hold.doubt(StorageUnavailable(_NO_ANSWER, "no_answer"))
                await asyncio.sleep(RENEW_EVERY_SECONDS)
                self._hold.silent_for(RENEW_EVERY_SECONDS)
                continue
            finally:
                renewing.cancel()
            self._hold.stop_waiting()  # what waits since before may wait for a connection that is gone
            for handler in self._on_renewed:  # before anything is written again, or shown as what is so
                await handler()
            self._hold.renew(epoch, began)
            _log.warning("writer_lock_renewed", epoch=epoch)
            return

    async def _is_answered(self, asking: "asyncio.Future[T]", seconds_max: float) -> bool:
        """Waits for the database's answer, for so long at most.

        Time in which this event loop did not get to listen (a recomputation has its turn, say) is not held against the
        database.
        """
        waited_seconds = 0.0
        while not asking.done() and waited_seconds < seconds_max:
            began = monotonic()
            await asyncio.wait({asking}, timeout=TICK_SECONDS)
            passed = min(monotonic() - began, 2 * TICK_SECONDS)
            waited_seconds += passed
            if not asking.done():
                self._hold.silent_for(passed)
        return asking.done()

    def _lose(self, error: WriterLost) -> None:
        _log.error("writer_lost", epoch=self._hold.epoch, reason=str(error))
        self._hold.lose(error)


def _result(asked: "asyncio.Future[T]") -> T:
    """What was answered. Raises `StorageUnavailable` where nothing was yet."""
    if not asked.done():
        raise StorageUnavailable(_NO_ANSWER, "no_answer")
    return asked.result()
