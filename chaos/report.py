"""`RESULTS.md`, made from the results and from nothing else."""

from collections.abc import Mapping

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
    parts = [_HEAD]
    for name, experiment in experiments.items():
        if name in results:
            parts.append(f"## {experiment.title}\n")
            parts += [_section(database, found) for database, found in results[name].items()]
    return "\n".join(parts)


def _section(database: str, found: Results) -> str:
    changed = " with uncommitted changes" if found["uncommitted_changes"] else ""
    head = f"### {_NAMES[database]}\n\n" if _NAMES[database] else ""
    told = f"{found['about']}\n\n" if "about" in found else ""
    rows = [[claim["promise"], claim["measured"], "yes" if claim["held"] else "**no**"] for claim in found["claims"]]
    return (
        f"{head}{told}Commit {found['commit'][:12]}{changed}, {found['date']}, Python {found['python']}, "
        f"SQLite {found['sqlite']}, seed {found['seed']}, {found['seconds']:.0f} s.\n\n"
        f"{prose_table(['promise', 'measured', 'held'], rows)}"
    )
