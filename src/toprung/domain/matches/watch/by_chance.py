"""How many honest players look unusual by chance, as simulated seasons say (`python -m benchmarks.bench_watch`)."""

from collections.abc import Sequence
from typing import Final

import numpy as np

PAIRS_IN_A_THOUSAND: Final = ((3.0, 32.0), (3.4, 13.0), (3.8, 5.0), (4.25, 1.2), (5.0, 0.2))
PLAYERS_IN_A_THOUSAND: Final = ((2.5, 102.0), (3.0, 27.0), (3.5, 5.0), (4.0, 0.8), (4.5, 0.12))
"""Of a thousand honest ones, by the limit of the signal, how many reach it."""


def honest_pairs(limit: float, looked_at: int) -> float:
    """How many pairs of so many reach the limit where all are honest."""
    return _reaching(PAIRS_IN_A_THOUSAND, limit, looked_at)


def honest_players(limit: float, looked_at: int) -> float:
    """How many players of so many reach the limit where all are honest."""
    return _reaching(PLAYERS_IN_A_THOUSAND, limit, looked_at)


def _reaching(measured: Sequence[tuple[float, float]], limit: float, looked_at: int) -> float:
    """Between what was measured by the logarithm; beyond it as at its end."""
    limits, counts = zip(*measured, strict=True)
    return looked_at * float(np.exp(np.interp(limit, limits, np.log(counts)))) / 1000
