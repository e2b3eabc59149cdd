"""How surprising a number of points is, against what other games predict."""

import numpy as np

from toprung.domain.matches.watch.games import Floats
from toprung.domain.matches.watch.strengths import sigmoid


def surprise(games: Floats, points: Floats, chance: Floats, variance: Floats) -> Floats:
    """By how many standard deviations the points are more than predicted; below zero they are fewer.

    `chance` is the mean of a game, and `variance` that of its logit, which all these games share. The share of points
    is turned into an angle, which makes its chance variance the same everywhere (F. J. Anscombe, "The transformation of
    Poisson, binomial and negative-binomial data", 1948).
    """
    share = (points + 3 / 8) / (games + 3 / 4)
    angle = 2 * (np.arcsin(np.sqrt(share)) - np.arcsin(np.sqrt(chance)))
    return angle / np.sqrt(1 / (games + 1 / 2) + chance * (1 - chance) * variance)


def predicted(logit: Floats, variance: Floats) -> Floats:
    """The points that a game is expected to give, where its logit is uncertain (D. MacKay's approximation, 1992)."""
    return sigmoid(logit / np.sqrt(1 + 3 * variance / np.pi**2))
