"""How long a storage waits for what, and how much of the change sequence it keeps."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageLimits:
    """What both databases go by, unless it says which one; a test that waits for a limit gives a short one."""

    lock_timeout_ms: int = 5_000
    """How long a statement waits for what somebody else holds locked."""

    write_waits_seconds_max: float = 30
    """SQLite: a unit of work that has waited so long for its turn, behind a lock or a long import, is refused instead
    of begun."""

    look_up_seconds_max: float = 5.0
    """PostgreSQL: how long it is asked what became of a commit whose answer was lost."""

    ask_every_seconds: float = 0.5
    """How often a writer asks whether it still may write."""

    silence_seconds_max: float = 1.0
    """What waits for a database that has answered nothing for so long stops waiting. With the half second until it is
    asked, a refusal comes after 1.6 seconds at most, which leaves a busy machine something of the promised two."""

    changes_kept_min: int = 100_000
    """How many of the latest changes stay at least, for readers who missed some."""

    prune_every_changes: int = 10_000
    """After how many changes those beyond that number are removed."""


LIMITS: Final = StorageLimits()
