"""Runs the experiments that are asked for and writes what they found.

What an experiment found replaces what is kept of that experiment and leaves the others alone, each with its own commit
and date. A quick run (`--effort` below 1) writes to `build/chaos/` instead. Ends with 1 if a promise was broken.
"""

import argparse
import json
import logging
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

import structlog

from benchmarks.machine import ROOT, describe_commit, load_average
from chaos import copies, front_door, kill, pool_murderers, power_cut, pressure, replay_fuzz, uploads, writers
from chaos.databases import KINDS, Databases
from chaos.experiment import SEED, Experiment, Plan, Results, Skipped
from chaos.report import render
from toprung.adapters.storage.sqlite.sqlite_engine import driver

EXPERIMENTS: Final = {
    "kill": Experiment(run=kill.run, title="kill -9 in the middle of reports", databases=KINDS),
    "power_cut": Experiment(run=power_cut.run, title="Power cuts", databases=("sqlite",)),
    "full_disk": Experiment(run=pressure.run_full_disk, title="A full disk", databases=("sqlite",)),
    "copies": Experiment(run=copies.run, title="kill -9 in the middle of safety copies", databases=("sqlite",)),
    "locked": Experiment(run=pressure.run_locked, title="A locked database", databases=KINDS),
    "writers": Experiment(run=writers.run, title="Two that want to be the one writer", databases=KINDS),
    "uploads": Experiment(run=uploads.run, title="kill -9 in the middle of uploads", databases=KINDS),
    "replay_fuzz": Experiment(run=replay_fuzz.run, title="Hostile replays"),
    "pool_murderers": Experiment(run=pool_murderers.experiment, title="Murderous replay jobs"),
    "front_door": Experiment(run=front_door.run, title="Clients that hold on and never let go"),
    "broken": Experiment(run=kill.run_broken, title="The same on ladders that are broken on purpose", databases=KINDS),
}
"""All of them by name. Another one is a module with a `run(plan)` that gives numbers and `claims`, and a line here."""

KEPT: Final = Path(__file__).parent
PARTIAL: Final = ROOT / "build" / "chaos"


def main() -> None:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, metavar="NAME", help=", ".join(EXPERIMENTS))
    parser.add_argument("--database", choices=KINDS, help="only the experiments' runs on this one")
    parser.add_argument("--seed", type=int, default=SEED, help=f"another seed than {SEED}")
    parser.add_argument(
        "--effort", type=float, default=1.0, help="a share of the kills and cuts, to see that all works"
    )
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    chosen = [
        (name, database)
        for database in (*KINDS, "")
        for name in arguments.only or EXPERIMENTS
        for known in [EXPERIMENTS[name].databases or ("",)]
        if database in known and (arguments.database is None or database in ("", arguments.database))
    ]
    folder = KEPT if arguments.effort >= 1 else PARTIAL
    broken: list[str] = []
    with Databases() as databases:
        for name, database in chosen:
            try:
                found = measured(name, database, databases, seed=arguments.seed, effort=arguments.effort)
            except Skipped as reason:
                print(f"Skipped {name}: {reason}")
                continue
            results = load(folder)
            results.setdefault(name, {})[database or "results"] = found
            write(results, folder)
            broken += [claim["promise"] for claim in found["claims"] if not claim["held"]]
    print(f"Written: {folder.relative_to(ROOT)}/results.json and RESULTS.md")
    if broken:
        sys.exit("Broken: " + "; ".join(broken))


def measured(name: str, database: str, databases: Databases, *, seed: int, effort: float) -> Results:
    """What one experiment found on one database, with when, of what, and for how long."""
    with told_as(f"{name} {database}".strip()) as told, tempfile.TemporaryDirectory(prefix="toprung-chaos-") as folder:
        told(f"begins, seed {seed}")
        started = perf_counter()
        found = EXPERIMENTS[name].run(
            Plan(
                seed=seed,
                effort=effort,
                folder=Path(folder),
                database=database,
                new_database=lambda: databases.new(database),
                told=told,
            )
        )
        for claim in found["claims"]:
            told(f"{'held' if claim['held'] else 'BROKEN'}: {claim['promise']}: {claim['measured']}")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        **describe_commit(),
        "python": platform.python_version(),
        "sqlite": driver().sqlite_version,
        "seed": seed,
        "effort": effort,
        "load_average": load_average(),
        **found,
        "seconds": round(perf_counter() - started, 1),
    }


@contextmanager
def told_as(name: str) -> Iterator[Callable[[str], None]]:
    """Says lines of progress, each with the experiment's name and the seconds since it began."""
    began = perf_counter()

    def told(line: str) -> None:
        print(f"[{name} {perf_counter() - began:6.1f} s] {line}", flush=True)

    yield told


def load(folder: Path) -> Results:
    """What is kept there."""
    path = folder / "results.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write(results: Results, folder: Path) -> None:
    """Writes `results.json` and, made from it, `RESULTS.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (folder / "RESULTS.md").write_text(render(results, EXPERIMENTS), "utf-8")
