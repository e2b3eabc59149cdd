"""Having a replay read by somebody who can be killed: the port, what may come of it, and how the readers are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The replay was read. `payload` is JSON from a process that read a hostile file: decode it by a strict schema."""

    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The file is no replay that can be used: a code for programs, a sentence for its uploader. It stays so."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooBig:
    """The file, the memory that it takes or what it says is larger than allowed. It stays so."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """Reading took longer than allowed, and whoever read was killed. An error of this job, not a death."""

    seconds_max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """Whoever read this replay died of it, by itself (`exit_code`) or of a `signal`: one of them is there."""

    exit_code: int | None
    signal: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolViolated:
    """Whoever read this replay spoke nonsense afterwards and was killed for it; it counts like a death."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The readers were shut down before there was an outcome. Nothing is held against the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Nobody can read replays at this moment. Nothing is held against the job; it is worth trying after this long."""

    retry_after_seconds: float
    sentence: str = "Replays cannot be read at this moment; try again later."


ParseOutcome = Parsed | Refused | TooBig | TimedOut | Died | ProtocolViolated | Returned | Unavailable


class ReplayParser(Protocol):
    """Reads replays without trusting them."""

    async def parse(self, data: bytes) -> ParseOutcome:
        """What came of reading these bytes, within a time that has a limit. Whatever they are, it does not raise."""
        ...


ChildState = Literal["booting", "idle", "busy", "leaving"]
PoolStatus = Literal["off", "starting", "ok", "degraded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildHealth:
    """How one child is. `last_answer_seconds` ago it said something; None where it has not spoken yet."""

    pid: int
    state: ChildState
    jobs_done: int
    rss_bytes: int
    age_seconds: float
    last_answer_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolHealth:
    """How the pool is. Counts are since the start.

    `outcomes` is by kind of outcome, `retired` by why the child went, `sandbox_missing` what of the sandbox this
    platform lacks. `circuit_seconds` is how long no child will be started, after too many that could not. The status is
    degraded while no child can start (`can_start`), and where a part of the sandbox is missing without which a hostile
    file is held less well (`sandbox_is_weak`) or so badly that nothing is read (`sandbox_is_refused`).
    """

    status: PoolStatus
    workers: int
    children: tuple[ChildHealth, ...] = ()
    jobs_running: int = 0
    jobs_waiting: int = 0
    circuit_seconds: float | None = None
    boots: int = 0
    failed_boots: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    retired: Mapping[str, int] = field(default_factory=dict)
    sandbox_in_force: tuple[str, ...] = ()
    sandbox_missing: tuple[str, ...] = ()
    can_start: bool = True
    sandbox_is_weak: bool = False
    sandbox_is_refused: bool = False

    @property
    def sandbox(self) -> Literal["unknown", "complete", "reduced", "missing"]:
        """Whether the sandbox is all that it should be; unknown before the first child has told."""
        if self.sandbox_is_refused:
            return "missing"
        if self.sandbox_missing:
            return "reduced"
        return "complete" if self.sandbox_in_force else "unknown"


NO_POOL = PoolHealth(status="off", workers=0)
