"""Who is alive: the replay children, kept at their number."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from toprung.adapters.replays.pool.crash_loop import CrashLoop
from toprung.adapters.replays.pool.worker import Worker
from toprung.adapters.replays.sandbox import LANDLOCK, SECCOMP, confines

UNCONFINED: Final = (
    "No replay is read: this system has neither seccomp nor Landlock, so a hostile file could read and reach whatever "
    "the server can. Use a system that has them (Linux 5.13 or newer, x86_64 or aarch64, and a container profile that "
    "allows them), or set TOPRUNG_REPLAY_SANDBOX=reduced to read replays all the same."
)
REDUCED: Final = "Replays are read with a part of the sandbox missing; what remains holds a hostile file less well."

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """When a child is killed (a job's time, booting, an answer to a ping), and when an idle one is replaced."""

    job_seconds_max: float = 2.5
    boot_seconds_max: float = 10.0
    ping_every_seconds: float = 5.0
    ping_seconds_max: float = 1.0
    jobs_max: int = 500
    rss_bytes_max: int = 160 * 1024 * 1024
    age_seconds_max: float = 3_600.0


class Children:
    """Starts children until there are `number`, again whenever one is gone, and pings the idle ones.

    `changed` is called when a child is free, and when there will be none for a while. Counts are since the start;
    `is_failing` says that the last child that was to start did not. A child that neither seccomp nor Landlock holds is
    given nothing to read unless `may_be_unconfined`: `is_unconfined` then, and no further one is started, since what
    the system lacks it lacks for all of them. `is_weak` says that one of the two is missing and replays are read.
    """

    def __init__(
        self,
        *,
        number: int,
        command: Sequence[str],
        limits: ChildLimits,
        clock: Callable[[], float],
        changed: Callable[[], None],
        may_be_unconfined: bool,
    ) -> None:
        self._number = number
        self._command = command
        self._limits = limits
        self._clock = clock
        self._changed = changed
        self._may_be_unconfined = may_be_unconfined
        self._idle: deque[Worker] = deque()
        self._lives: set[asyncio.Task[None]] = set()
        self._pinging: asyncio.Task[None] | None = None
        self._next_start: asyncio.TimerHandle | None = None
        self._starting = 0
        self._is_closed = False
        self.crash_loop = CrashLoop()
        self.all: list[Worker] = []
        self.boots = self.failed_boots = 0
        self.is_failing = False
        self.is_unconfined = False
        self.is_weak = False
        self.retired: Counter[str] = Counter()
        self.sandbox_in_force: tuple[str, ...] = ()
        self.sandbox_missing: tuple[str, ...] = ()

    @property
    def at_hand(self) -> int:
        """How many children are idle or at work."""
        return sum(worker.state in {"idle", "busy"} for worker in self.all)

    @property
    def has_idle(self) -> bool:
        """Whether `take` has a child to give."""
        return bool(self._idle)

    def start(self) -> None:
        """Begins to start the children."""
        self._pinging = asyncio.create_task(self._ping_now_and_then())
        self.refill()

    def take(self) -> Worker:
        """The child that has been idle the longest; it is busy from here on."""
        worker = self._idle.popleft()
        worker.state = "busy"
        return worker

    def give_back(self, worker: Worker, why: str | None = None) -> None:
        """A child that was busy is free again, or goes: for the reason given, or for one that is found."""
        if (reason := why or self._reason_to_go(worker)) is not None:
            self._retire(worker, reason)
            return
        self._rest(worker)

    async def close(self, grace_seconds: float) -> bool:
        """Ends all children; those at work may finish before. Whether none had to be killed at it."""
        self._is_closed = True
        if self._next_start is not None:
            self._next_start.cancel()
        if self._pinging is not None:
            self._pinging.cancel()
            await asyncio.wait({self._pinging})
        for worker in self.all:
            if worker.state == "booting":
                worker.kill()
        while self._idle:
            self._retire(self.take(), "closing")
        if self._lives:
            await asyncio.wait(self._lives, timeout=grace_seconds)
        return not self._lives

    async def kill(self) -> None:
        """Kills whoever is left, and waits until nobody is."""
        while self._lives:
            for worker in self.all:
                worker.kill()
            await asyncio.wait(self._lives)

    def refill(self) -> None:
        """Starts as many children as are missing, unless the circuit is open."""
        now = self._clock()
        while (
            not self._is_closed
            and not self.is_unconfined
            and len(self._lives) < self._number
            and self.crash_loop.allows_start(now, self._starting)
        ):
            self._starting += 1
            life = asyncio.create_task(self._live())
            self._lives.add(life)
            life.add_done_callback(self._lived)
        seconds = self.crash_loop.seconds_open(now)
        if seconds is not None and self._next_start is None and not self._is_closed:
            self._next_start = asyncio.get_running_loop().call_later(seconds, self._start_again)

    def _start_again(self) -> None:
        self._next_start = None
        self.refill()

    def _lived(self, life: asyncio.Task[None]) -> None:
        self._lives.discard(life)
        if not life.cancelled() and (error := life.exception()) is not None:
            _log.error("replay_child_lost", exc_info=error)
        self.refill()

    async def _live(self) -> None:
        """One child's life, from its start until its process is gone."""
        try:
            worker = await Worker.spawn(self._command, self._clock())
        except OSError as error:
            self._starting -= 1
            self._could_not_start(str(error))
            return
        self.all.append(worker)
        try:
            is_ready = not self._is_closed and await worker.boot(self._limits.boot_seconds_max, self._clock)
        finally:
            self._starting -= 1
        if is_ready and self._is_confined(worker):
            self.boots += 1
            self.is_failing = False
            self.crash_loop.succeeded(self._clock())
            # Whatever it is like, it does one job or answers one ping: else one that is born too big is born for ever.
            self._rest(worker)
            self.refill()  # where the circuit let one through to see, the others may follow
        else:
            worker.kill()
        exit_code, last_words = await worker.gone()
        self.all.remove(worker)
        self._bury(worker, is_ready, exit_code, last_words)

    def _is_confined(self, worker: Worker) -> bool:
        """Whether a child that is ready may be given a replay; says once, and loudly, what the system lacks."""
        self.sandbox_in_force, self.sandbox_missing = worker.in_force, worker.missing
        is_allowed = self._may_be_unconfined or confines(worker.in_force)
        if not is_allowed and not self.is_unconfined:
            self.is_unconfined = True
            _log.error("replay_sandbox_missing", missing=worker.missing, advice=UNCONFINED)
            self._changed()
        elif is_allowed and not self.is_weak and not {SECCOMP, LANDLOCK} <= set(worker.in_force):
            self.is_weak = True
            _log.warning("replay_sandbox_reduced", missing=worker.missing, advice=REDUCED)
        return is_allowed

    def _bury(self, worker: Worker, is_ready: bool, exit_code: int, last_words: str) -> None:
        if not is_ready:
            if not self._is_closed:
                self._could_not_start(last_words)
        elif self.is_unconfined:
            _log.info("replay_child_gone", pid=worker.pid, exit_code=exit_code, last_words=last_words)
        elif worker in self._idle:
            self._idle.remove(worker)
            self.retired["died idle"] += 1
            _log.warning("replay_child_died_idle", pid=worker.pid, exit_code=exit_code, last_words=last_words)
            if not worker.jobs_done:
                self.crash_loop.failed(self._clock())
                self._changed()
        else:
            _log.info("replay_child_gone", pid=worker.pid, exit_code=exit_code, last_words=last_words)

    def _could_not_start(self, last_words: str) -> None:
        self.failed_boots += 1
        self.is_failing = True
        was_tripped = self.crash_loop.is_tripped
        self.crash_loop.failed(self._clock())
        _log.warning("replay_child_failed_to_start", last_words=last_words)
        if self.crash_loop.is_tripped:
            if not was_tripped:
                _log.error("replay_pool_circuit_opened", seconds=self.crash_loop.seconds_open(self._clock()))
            self._changed()

    def _rest(self, worker: Worker) -> None:
        if self._is_closed:
            self._retire(worker, "closing")
            return
        worker.state = "idle"
        self._idle.append(worker)
        self._changed()

    def _retire(self, worker: Worker, why: str) -> None:
        self.retired[why] += 1
        worker.dismiss()

    def _reason_to_go(self, worker: Worker) -> str | None:
        if worker.is_lost:
            return "lost"
        if worker.rss_bytes > self._limits.rss_bytes_max:
            return "memory"
        # Without the filter a job may leave something behind that speaks in the next one's name.
        if worker.jobs_done >= (self._limits.jobs_max if SECCOMP in worker.in_force else 1):
            return "jobs"
        return "age" if worker.age_seconds(self._clock()) > self._limits.age_seconds_max else None

    async def _ping_now_and_then(self) -> None:
        """Finds idle children that are stopped, stuck or too old; one at a time, so that the others can work."""
        while True:
            await asyncio.sleep(self._limits.ping_every_seconds)
            try:
                for worker in list(self._idle):
                    if worker in self._idle:
                        await self._ping(worker)
            except Exception:  # noqa: BLE001 - the loop goes on
                _log.exception("replay_children_not_pinged")

    async def _ping(self, worker: Worker) -> None:
        self._idle.remove(worker)
        worker.state = "busy"
        why: str | None = "given up"
        try:
            is_well = await worker.ping(self._limits.ping_seconds_max, self._clock)
            why = None if is_well else "silent"
        finally:  # also where the pool closes meanwhile: one that is not given back would be waited for for ever
            self.give_back(worker, why)
