"""What was asked: jobs, each given to one of the replay children.

There is one child more than there are jobs at a time: the spare takes the place of a child that is lost, and nobody
waits for a new one to boot. A job belongs to one child and a child to one job, so whatever a file does to the process
that reads it, it does to no other job. Nothing is ever parsed in this process.
"""

import asyncio
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from toprung.adapters.replays.pool.children import UNCONFINED, ChildLimits, Children
from toprung.adapters.replays.pool.worker import Attempt, Worker
from toprung.application.ports.replays import (
    Died,
    Parsed,
    ParseOutcome,
    ProtocolViolated,
    Refused,
    Returned,
    TimedOut,
    TooBig,
    Unavailable,
)
from toprung.application.replays.pool_health import NO_POOL, PoolHealth, PoolStatus
from toprung.domain.replays.replay import REPLAY_BYTES_MAX

SPARES: Final = 1
CHILD_COMMAND: Final = (sys.executable, "-I", "-B", "-m", "toprung.adapters.replays.child.child")
ATTEMPTS_MAX: Final = 3
"""How many children a job is given to, where each is lost before the job begins."""
WAITING_MAX: Final = 100
WAIT_SECONDS_MAX: Final = 30.0
RETRY_SECONDS: Final = 5.0
TOO_LONG_SENTENCE: Final = f"A replay has at most {REPLAY_BYTES_MAX // 1024**2} MB, and this file has more."

_log = structlog.get_logger(__name__)

_Given = Worker | Returned | Unavailable


class ReplayPool:
    """Implements `ReplayParser`, with `workers` jobs at a time; none at all where that is 0.

    On Linux nothing is read where neither seccomp nor Landlock holds the children, unless `may_be_unconfined`.
    Elsewhere neither exists, and the limits that there are must do.

    `start` begins to boot the children and returns at once; `close` ends them all. `clock` gives seconds, monotonic.
    """

    def __init__(
        self,
        *,
        workers: int,
        clock: Callable[[], float],
        limits: ChildLimits | None = None,
        command: Sequence[str] = CHILD_COMMAND,
        may_be_unconfined: bool = sys.platform != "linux",
    ) -> None:
        self._workers = workers
        self._clock = clock
        self._limits = limits or ChildLimits()
        self._children = Children(
            number=workers + SPARES,
            command=command,
            limits=self._limits,
            clock=clock,
            changed=self._hand_out,
            may_be_unconfined=may_be_unconfined,
        )
        self._waiting: deque[asyncio.Future[_Given]] = deque()
        self._running = 0
        self._outcomes: Counter[str] = Counter()
        self._up: Callable[[], None] | None = None
        self._is_started = self._is_closed = self._is_cut_off = False

    def start(self, up: Callable[[], None] | None = None) -> None:
        """Begins to boot the children; `up` is called once, when the first of them can take a job."""
        if self._workers and not self._is_closed:
            self._is_started = True
            self._up = up
            self._children.start()

    async def parse(self, data: bytes) -> ParseOutcome:
        """See `ReplayParser.parse`. Jobs wait for a free child in the order in which they come."""
        outcome = await self._parse(data)
        self._outcomes[type(outcome).__name__] += 1
        return outcome

    async def close(self, grace_seconds: float | None = None) -> None:
        """Ends the pool: jobs at work have this long to finish (else a job's limit), all others are returned."""
        self._is_closed = True
        self._turn_away(Returned())
        if not await self._children.close(self._limits.job_seconds_max if grace_seconds is None else grace_seconds):
            self._is_cut_off = True
            await self._children.kill()

    def health(self) -> PoolHealth:
        """How the pool is at this moment."""
        if not self._workers:
            return NO_POOL
        now, children = self._clock(), self._children
        return PoolHealth(
            status=self._status(),
            workers=self._workers,
            children=tuple(worker.health(now) for worker in children.all),
            jobs_running=self._running,
            jobs_waiting=len(self._waiting),
            circuit_seconds=children.crash_loop.seconds_open(now),
            boots=children.boots,
            failed_boots=children.failed_boots,
            outcomes=dict(self._outcomes),
            retired=dict(children.retired),
            sandbox_in_force=children.sandbox_in_force,
            sandbox_missing=children.sandbox_missing,
            can_start=self._can_start(),
            sandbox_is_weak=children.is_weak,
            sandbox_is_refused=children.is_unconfined,
        )

    def _status(self) -> PoolStatus:
        children = self._children
        if not self._can_start() or children.is_unconfined or children.is_weak:
            return "degraded"
        return "ok" if children.boots else "starting"

    def _can_start(self) -> bool:
        children = self._children
        return not (children.crash_loop.is_tripped or (children.is_failing and not children.at_hand))

    async def _parse(self, data: bytes) -> ParseOutcome:
        if len(data) > REPLAY_BYTES_MAX:
            return TooBig(sentence=TOO_LONG_SENTENCE)
        for _ in range(ATTEMPTS_MAX):
            given = await self._take()
            if not isinstance(given, Worker):
                return given
            attempt = await self._run(given, data)
            if self._is_cut_off and not isinstance(attempt.outcome, Parsed | Refused | TooBig):
                return Returned()
            if attempt.outcome is not None:
                return attempt.outcome
        return self._unavailable()

    async def _take(self) -> _Given:
        """A child for one job, which counts as running from here on."""
        if self._is_closed:
            return Returned()
        if not self._is_started or self._is_hopeless() or len(self._waiting) >= WAITING_MAX:
            return self._unavailable()
        place: asyncio.Future[_Given] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._children.refill()
        self._hand_out()
        try:
            await asyncio.wait({place}, timeout=WAIT_SECONDS_MAX)
        except asyncio.CancelledError:
            if place.done() and isinstance(given := place.result(), Worker):
                self._give_back(given, None)
            elif not place.done():
                self._waiting.remove(place)
            raise
        if place.done():
            return place.result()
        self._waiting.remove(place)
        return self._unavailable()

    async def _run(self, worker: Worker, data: bytes) -> Attempt:
        why: str | None = "given up"
        try:
            attempt = await worker.run(data, self._limits.job_seconds_max, self._clock)
            if attempt.error:
                _log.info("replay_unreadable", error=attempt.error)
            why = _reason_to_go(attempt.outcome)
            return attempt
        finally:
            self._give_back(worker, why)

    def _give_back(self, worker: Worker, why: str | None) -> None:
        self._running -= 1
        self._children.give_back(worker, why)
        self._hand_out()

    def _hand_out(self) -> None:
        """Gives free children to waiting jobs; where there can be none for a while, they are told so."""
        if self._up is not None and self._children.has_idle and not self._is_closed:
            up, self._up = self._up, None
            up()
        while self._waiting and self._children.has_idle and self._running < self._workers:
            self._running += 1
            self._waiting.popleft().set_result(self._children.take())
        if self._is_hopeless():
            self._turn_away(self._unavailable())

    def _turn_away(self, outcome: Returned | Unavailable) -> None:
        while self._waiting:
            self._waiting.popleft().set_result(outcome)

    def _is_hopeless(self) -> bool:
        """Whether there is no child, and there will be none for a while."""
        children = self._children
        is_waiting = children.is_unconfined or children.crash_loop.seconds_open(self._clock()) is not None
        return is_waiting and not children.at_hand

    def _unavailable(self) -> Unavailable:
        if self._children.is_unconfined:
            return Unavailable(retry_after_seconds=RETRY_SECONDS, sentence=UNCONFINED)
        seconds = self._children.crash_loop.seconds_open(self._clock())
        return Unavailable(retry_after_seconds=RETRY_SECONDS if seconds is None else seconds)


def _reason_to_go(outcome: ParseOutcome | None) -> str | None:
    """Why a child goes after a job that ended so; None where the job is no reason."""
    match outcome:
        case None:
            return "silent"
        case TooBig():
            return "memory"
        case TimedOut():
            return "timeout"
        case Died():
            return "died"
        case ProtocolViolated():
            return "protocol"
        case _:
            return None
