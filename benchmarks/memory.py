"""What a process takes, in megabytes, and how long it has lived."""

import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_MEGABYTE = 2**20


def _rounded(number: float, places: int) -> float:
    return round(number, places)


def own_mb() -> float:
    """The memory of this process that would be free if it ended: what it shares with others does not count."""
    return _rounded(psutil.Process().memory_full_info().uss / _MEGABYTE, 2)


def resident_mb() -> float:
    """The memory that this process holds now."""
    return _rounded(psutil.Process().memory_info().rss / _MEGABYTE, 1)


def peak_mb() -> float:
    """The most memory that this process ever held.

    On Linux it is the kernel's own mark for this program: `ru_maxrss` begins with what the parent process held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def total_gb() -> int:
    """The memory of this machine, in gigabytes."""
    return int(_rounded(psutil.virtual_memory().total / 2**30, 0))


def seconds_alive() -> float:
    """How long ago this process was started, to a hundredth of a second."""
    return _rounded(time.time() - psutil.Process().create_time(), 2)
