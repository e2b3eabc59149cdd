"""The machine's time since its start, which counts on while it sleeps and which nobody can set."""

import time
from pathlib import Path
from typing import Final
from uuid import uuid4

from toprung.domain.jobs.job import BootMoment

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SystemBootClock:
    """Implements `BootClock`. Where the system does not name its start, every process counts as one of its own."""

    def __init__(self) -> None:
        self._clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        self._boot_id = _boot_id() or uuid4().hex

    def now(self) -> BootMoment:
        """See `BootClock`."""
        return BootMoment(boot_id=self._boot_id, us=time.clock_gettime_ns(self._clock) // 1_000)


def _boot_id() -> str | None:
    try:
        return _BOOT_ID.read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
