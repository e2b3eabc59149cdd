"""From a database file to a loaded board, and from there matches by the real write path; each in a process of its own.

A process of its own starts with nothing in memory, so that its peak is the start's and not that of other benchmarks.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.machine import ROOT
from benchmarks.measuring import Plan, Results, rounded
from benchmarks.population import make_population
from benchmarks.sqlite_file import make_database

_STARTS: Final = 3
_MATCHES: Final = 200
_LIMIT_SECONDS: Final = 300


def measure(plan: Plan) -> Results:
    """Seconds, peak memory, and milliseconds of a match's commit and of what comes after it, by size."""
    sizes: Results = {}
    for size in plan.sizes:
        with tempfile.TemporaryDirectory(prefix="toprung-bench-") as folder:
            path = Path(folder) / "ladder.db"
            make_database(path, make_population(size))
            sizes[str(size)] = {"file_mb": rounded(path.stat().st_size / 2**20), **_measure_file(path, plan)}
    return {"sizes": sizes}


def _measure_file(path: Path, plan: Plan) -> Results:
    starts = [_child(path, matches=0) for _ in range(plan.times(_STARTS, at_least=1))]
    median = {
        name: rounded(statistics.median(start[name] for start in starts))
        for name in ("python_and_imports_s", "open_s", "load_s", "first_page_ms", "memory_before_mb", "memory_after_mb")
    }
    return {
        **median,
        "seconds": rounded(statistics.median(start["seconds"] for start in starts)),
        "peak_mb": max(start["peak_mb"] for start in starts),
        "starts": len(starts),
        "match_ms": _child(path, matches=plan.times(_MATCHES))["match_ms"],
    }


def _child(path: Path, *, matches: int) -> Results:
    """What a new process says of its start on this file, and of matches that it then plays."""
    command = [sys.executable, "-m", "benchmarks.startup_child", str(path), str(matches)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=_LIMIT_SECONDS)
    found: Results = json.loads(finished.stdout.splitlines()[-1])
    return found
