"""How long something takes, how often it is asked, and what is kept of it."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import numpy as np

Results = dict[str, Any]
"""What a benchmark found, ready to be written as JSON: numbers, texts, and mappings of them."""

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
FOUNDING_SIZES: Final = (1_000, 10_000, 100_000)

_PLACES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured. `effort` scales the repetitions; sizes are numbers of entries."""

    sizes: tuple[int, ...] = SIZES
    founding_sizes: tuple[int, ...] = FOUNDING_SIZES
    mixed_size: int = 100_000
    effort: float = 1.0
    with_postgres: bool = True

    def times(self, wanted: float, *, at_least: int = 3) -> int:
        """How often to repeat what a full run repeats `wanted` times."""
        return max(at_least, round(wanted * self.effort))

    def seconds(self, wanted: float) -> float:
        """How long to go on with what a full run goes on with for `wanted` seconds."""
        return max(0.3, wanted * self.effort)


FULL: Final = Plan()
QUICK: Final = Plan(sizes=SIZES[:2], founding_sizes=FOUNDING_SIZES[:2], mixed_size=10_000, effort=0.1)


def percentile_ms(seconds: Sequence[float], percent: float) -> float:
    """A percentile of measured seconds, in milliseconds."""
    return rounded(float(np.percentile(seconds, percent)) * 1000)


def median_ms(seconds: Sequence[float]) -> float:
    """The median of measured seconds, in milliseconds."""
    return percentile_ms(seconds, 50)


def summary_ms(seconds: Sequence[float]) -> Results:
    """Median, 99th percentile and mean of measured seconds, in milliseconds, and how many there were."""
    return {
        "p50": median_ms(seconds),
        "p99": percentile_ms(seconds, 99),
        "mean": rounded(float(np.mean(seconds)) * 1000),
        "samples": len(seconds),
    }


def rounded(number: float) -> float:
    """A number as it is written down."""
    return round(number, _PLACES)


def ratio(numerator: float, denominator: float) -> float:
    """How many times the one is the other, to three figures."""
    return float(f"{numerator / denominator:.3g}")


def seconds_of(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


@contextmanager
def settled_memory() -> Iterator[None]:
    """While this lasts the garbage collector leaves alone what was built before, so that no engine pays for another."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
