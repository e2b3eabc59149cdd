"""What an experiment is given, and what it says of a promise."""

import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

Results = dict[str, Any]
"""What an experiment found, ready to be written as JSON: numbers, texts, lists and mappings of them."""

SEED: Final = 20_261_125


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an experiment works with: a seed, a share of the full effort, a folder of its own, and new databases.

    `database` is `sqlite`, `postgresql`, or empty for an experiment that needs none; `new_database` gives the address
    of an empty one. `told` shows a line of progress.
    """

    seed: int
    effort: float
    folder: Path
    database: str
    new_database: Callable[[], AbstractAsyncContextManager[str]]
    told: Callable[[str], None]

    def times(self, wanted: float, *, at_least: int = 1) -> int:
        """How often to do what a full run does `wanted` times."""
        return max(at_least, round(wanted * self.effort))

    def chance(self, purpose: str) -> random.Random:
        """Chance for one purpose: the same for the same seed, whatever else is drawn."""
        return random.Random(f"{self.seed} {purpose}")


class Skipped(Exception):
    """An experiment cannot be made here, for the reason given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A promise, what was measured of it, and whether it held."""

    promise: str
    measured: str
    held: bool


def claimed(*claims: Claim) -> list[Results]:
    """Claims as they are written down: an experiment gives them as `claims` among its results."""
    return [asdict(claim) for claim in claims]


def about(module_docstring: str | None) -> str:
    """What an experiment does, for the report: what its module's docstring says after the first line."""
    return " ".join((module_docstring or "").partition("\n\n")[2].split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One that can be asked for by name: what runs it, and on which databases (on none: it runs once, without)."""

    run: Callable[[Plan], Results]
    title: str
    databases: tuple[str, ...] = ()
