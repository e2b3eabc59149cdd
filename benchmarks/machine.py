"""What the measurements were made on, and of which version of the program."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import Results
from benchmarks.memory import total_gb
from toprung.adapters.storage.sqlite.sqlite_engine import driver

ROOT = Path(__file__).parent.parent


def describe_machine() -> Results:
    """Processor, memory, and the versions of what does the work; nothing that names one machine or its owner."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory_gb": total_gb(),
        "system": platform.system(),
        "python": platform.python_version(),
        "polars": version("polars"),
        "numpy": version("numpy"),
        "sqlite": driver().sqlite_version,
        "load_average": load_average(),
    }


def load_average() -> float:
    """How many processes wanted to run during the last minute."""
    return round(os.getloadavg()[0], 1)


def describe_commit() -> Results:
    """The commit that is checked out, and whether the program's sources differ from it."""
    return {"commit": _git("rev-parse", "HEAD"), "uncommitted_changes": bool(_git("status", "--porcelain", "src"))}


def _processor() -> str:
    found = None
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    return found[1].strip() if found else platform.machine()


def _git(*arguments: str) -> str:
    finished = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return finished.stdout.strip() or ("unknown" if arguments[0] == "rev-parse" else "")
