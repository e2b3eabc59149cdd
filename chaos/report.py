"""`RESULTS.md`, made from the results and from nothing else."""

from collections import Counter
from collections.abc import Mapping
from textwrap import fill

from benchmarks.tables import prose_table
from chaos.experiment import Experiment, Results

_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "results": ""}

_HEAD = """# What breaks, and what does not

Made by `python -m chaos` from `results.json`; not edited by hand. Again: `make chaos` (all of it), or
`make chaos ARGS="--only kill --database sqlite"`. An experiment replaces its own section and leaves the others alone; a
run with `--effort` below 1 writes to `build/chaos/`.
"""


def render(results: Results, experiments: Mapping[str, Experiment]) -> str:
    """The report of what is kept."""
    parts = [_HEAD, _together(results)]
    for name, experiment in experiments.items():
        if name in results:
            parts.append(f"## {experiment.title}\n")
            by_database: Results = results[name]
            told = next((found["about"] for found in by_database.values() if "about" in found), None)
            parts += [fill(told, 120) + "\n"] if told else []
            parts += [_section(database, found) for database, found in by_database.items()]
    return "\n".join(parts)


def _together(results: Results) -> str:
    """How long it all took."""
    seconds: Counter[str] = Counter()
    for by_database in results.values():
        for database, found in by_database.items():
            seconds[_NAMES[database] or "no database"] += found["seconds"]
    shown = ", ".join(f"{total:,.0f} s on {name}" for name, total in sorted(seconds.items(), reverse=True))
    return f"All together: {shown}.\n"


def _section(database: str, found: Results) -> str:
    changed = " with uncommitted changes" if found["uncommitted_changes"] else ""
    head = f"### {_NAMES[database]}\n\n" if _NAMES[database] else ""
    load = f", load average {found['load_average']}" if "load_average" in found else ""
    rows = [[claim["promise"], claim["measured"], "yes" if claim["held"] else "**no**"] for claim in found["claims"]]
    return (
        f"{head}Commit {found['commit'][:12]}{changed}, {found['date']}, Python {found['python']}, "
        f"SQLite {found['sqlite']}, seed {found['seed']}, {found['seconds']:.0f} s{load}.\n\n"
        f"{prose_table(['promise', 'measured', 'held'], rows)}"
    )
