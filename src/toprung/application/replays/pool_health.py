"""How those are who read replays, as whoever looks after the ladder is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

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
