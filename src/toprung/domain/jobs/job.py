"""A job: promised work that has to end, whatever dies in between. What each ending does to it is decided here."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NewType

from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import PlayerId

JobId = NewType("JobId", int)

ERRORS_MAX: Final = 3
"""After so many failed attempts a job is a dead letter."""

DEATHS_MAX: Final = 3
"""After so many dead workers a job is a dead letter, and what it carried is not touched again."""

INTERRUPTIONS_MAX: Final = 10
"""After so many attempts that ended with the whole process a job is a dead letter: it might be what ends it."""

LEASE_SECONDS: Final = 10.0
BACKOFF_FIRST_SECONDS: Final = 0.2
BACKOFF_SECONDS_MAX: Final = 60.0
REASON_MAX_CODE_POINTS: Final = 500


class JobKind(StrEnum):
    """What a job does. The text is stored, so it stays."""

    REPLAY = "replay"


class JobState(StrEnum):
    """Where a job stands: waiting, being worked at, over, or given up until an organiser says otherwise."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootMoment:
    """A moment in microseconds since the machine was started, which no change of its clock moves.

    It means nothing after the next start; `boot_id` says which start it counts from.
    """

    boot_id: str
    us: int

    def after_seconds(self, seconds: float) -> "BootMoment":
        """The moment so many seconds later."""
        return replace(self, us=self.us + round(seconds * MICROSECONDS_PER_SECOND))

    def is_over(self, now: "BootMoment") -> bool:
        """Whether this moment has come; one that counts from another start has."""
        return self.boot_id != now.boot_id or self.us <= now.us


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job that has no id yet.

    `payload` says what to do, in the kind's own terms. While a job with the same `dedup_key` is not done there is no
    second one. `player_id` is whose turn it takes; None is the ladder's own work, which takes turns as one player does.
    """

    kind: JobKind
    payload: str
    dedup_key: str
    player_id: PlayerId | None
    enqueued_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it is stored.

    `attempt` counts how often it was claimed and is the fence: who claimed it earlier changes nothing any more. `turn`
    is its place in the line. Before `until` a ready job is not claimed; a leased one's lease ends then. `instance_id`
    is the process that has it.
    """

    id: JobId
    kind: JobKind
    payload: str
    dedup_key: str
    player_id: PlayerId | None
    state: JobState
    turn: int
    enqueued_at_us: int
    attempt: int = 0
    errors: int = 0
    deaths: int = 0
    interruptions: int = 0
    until: BootMoment | None = None
    instance_id: str | None = None
    finished_at_us: int | None = None
    last_error: str | None = None

    @property
    def is_retry(self) -> bool:
        """Whether it failed before, or killed a worker."""
        return self.errors + self.deaths > 0

    @property
    def is_poison(self) -> bool:
        """Whether it killed so many workers that what it carries has to be kept away from them."""
        return self.deaths >= DEATHS_MAX

    @property
    def has_to_wait(self) -> bool:
        """Whether it waits for a moment, after which it stands in line anew."""
        return self.state is JobState.READY and self.until is not None


@dataclass(frozen=True, slots=True)
class Finished:
    """The work is done, or will never have another end than the one it came to."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not work this time, for this reason; a time-out is such a failure."""

    reason: str


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The process that did the work died of it, or was killed while it did."""

    reason: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Whoever had the job is gone with its whole process, or let the lease run out."""

    reason: str


@dataclass(frozen=True, slots=True)
class Released:
    """The job was given back before its end, which is nobody's fault and costs it nothing."""


JobEnding = Finished | Failed | WorkerDied | Interrupted | Released


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStats:
    """How many jobs there are in each state, since when the oldest of the waiting ones waits, and the newly dead."""

    ready: int = 0
    leased: int = 0
    done: int = 0
    dead: int = 0
    dead_since_yesterday: int = 0
    oldest_ready_at_us: int | None = None


def leased(job: Job, *, instance_id: str, until: BootMoment) -> Job:
    """The job once it is claimed."""
    return replace(job, state=JobState.LEASED, attempt=job.attempt + 1, instance_id=instance_id, until=until)


def ended(job: Job, ending: JobEnding, *, now: BootMoment, now_us: int, chance: float) -> Job:
    """What becomes of a leased job. `chance`, from 0 to 1, spreads retries out so that they do not come all at once."""
    free = replace(job, state=JobState.READY, instance_id=None, until=None)
    match ending:
        case Released():
            return free
        case Finished():
            return replace(free, state=JobState.DONE, finished_at_us=now_us)
        case Failed(reason=reason):
            free = replace(free, errors=job.errors + 1, last_error=_cut(reason))
        case WorkerDied(reason=reason):
            free = replace(free, deaths=job.deaths + 1, last_error=_cut(reason))
        case Interrupted(reason=reason):
            free = replace(free, interruptions=job.interruptions + 1, last_error=_cut(reason))
    if free.errors >= ERRORS_MAX or free.deaths >= DEATHS_MAX or free.interruptions >= INTERRUPTIONS_MAX:
        return replace(free, state=JobState.DEAD, finished_at_us=now_us)
    if isinstance(ending, Interrupted):
        return free
    return replace(free, until=now.after_seconds(backoff_seconds(free.errors + free.deaths, chance)))


def revived(job: Job) -> Job:
    """A dead letter that is to be tried once more: what is counted stays, so that the next failure ends it again."""
    return replace(job, state=JobState.READY, finished_at_us=None, until=None)


def backoff_seconds(failures: int, chance: float) -> float:
    """How long to wait after so many failures: twice as long each time, half less to half more as chance has it."""
    return min(BACKOFF_SECONDS_MAX, BACKOFF_FIRST_SECONDS * 2.0 ** (failures - 1) * (0.5 + chance))


def fair_turn(*, current_turn: int | None, last_turn_of_player: int | None) -> int:
    """The place in line of a new job, so that players who wait are served in rounds, one job each.

    `current_turn` is the first place at which an untried job waits; `last_turn_of_player` the last one at which this
    player has one. Start-time fair queueing with jobs of equal size: Goyal, Vin and Cheng, 1996.
    """
    behind = -1 if last_turn_of_player is None else last_turn_of_player
    return max(behind + 1, 0 if current_turn is None else current_turn)


def retries_at_once_max(workers: int) -> int:
    """How many workers may be at jobs that failed before: half of them, and one of one."""
    return max(1, workers // 2)


def _cut(reason: str) -> str:
    return reason[:REASON_MAX_CODE_POINTS]
