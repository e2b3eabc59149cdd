"""Runs the benchmarks that are asked for and writes what they found.

A full run replaces the results that are kept beside this file. With `--only`, what the named benchmarks found replaces
their sections and leaves the others as they were; such a section says itself when, where and of what it was measured.
A quick run writes to `build/benchmarks/`.
"""

import argparse
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

import structlog

from benchmarks import (
    bench_founding,
    bench_fresh,
    bench_http,
    bench_linked,
    bench_mixed,
    bench_page,
    bench_record,
    bench_startup,
)
from benchmarks.founding_section import replace_sections
from benchmarks.machine import ROOT, describe_commit, describe_machine, load_average
from benchmarks.measuring import FULL, QUICK, Plan, Results
from benchmarks.report import render
from benchmarks.summary import summarise

BENCHMARKS: Final[dict[str, Callable[[Plan], Results]]] = {
    "founding": bench_founding.measure,
    "page": bench_page.measure,
    "fresh": bench_fresh.measure,
    "mixed": bench_mixed.measure,
    "http": bench_http.measure,
    "startup": bench_startup.measure,
    "record": bench_record.measure,
    "linked": bench_linked.measure,
}

KEPT: Final = Path(__file__).parent
PARTIAL: Final = ROOT / "build" / "benchmarks"
FOUNDING_REPORT: Final = ROOT / "docs" / "founding-report.md"


def main() -> None:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and few repetitions, to see that all works")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    results = measure(QUICK if arguments.quick else FULL, arguments.only or list(BENCHMARKS))
    folder = PARTIAL if arguments.quick else KEPT
    if arguments.only and not arguments.quick:
        results = merged(json.loads((KEPT / "results.json").read_text("utf-8")), results)
    write(results, folder)
    if not arguments.quick:
        text = FOUNDING_REPORT.read_text("utf-8")
        FOUNDING_REPORT.write_text(replace_sections(text, results), "utf-8")
    print(f"Written: {folder.relative_to(ROOT)}/results.json and RESULTS.md")
    for goal in results["goals"]:
        print(f"{'reached' if goal['reached'] else 'MISSED':8} {goal['name']}: {goal['value']:g}")


def measure(plan: Plan, names: list[str]) -> Results:
    """The named benchmarks' results with machine, commit and date, and the figures that are made from them."""
    results: Results = {
        "date": datetime.now(UTC).date().isoformat(),
        "effort": plan.effort,
        "machine": describe_machine(),
        **describe_commit(),
    }
    for name in names:
        started = perf_counter()
        results[name] = BENCHMARKS[name](plan)
        results[name]["seconds"] = round(perf_counter() - started, 1)
        print(f"{name}: {results[name]['seconds']} s", flush=True)
    results["machine"]["load_average_after"] = load_average()
    return summarise(results)


def merged(kept: Results, partial: Results) -> Results:
    """What is kept, with the sections of a partial run in place of its own; each says what it was measured of."""
    measured_of = {name: partial[name] for name in ("date", "commit", "uncommitted_changes", "machine")}
    sections = {name: {**partial[name], "apart": measured_of} for name in BENCHMARKS if name in partial}
    return summarise({**kept, **sections})


def write(results: Results, folder: Path) -> None:
    """Writes `results.json` and, made from it, `RESULTS.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (folder / "RESULTS.md").write_text(render(results), "utf-8")
