"""How well the linked rating foretells real games, where they are: nobody's constants were made for one of the files.

The quick test takes the constants as they are; the nightly one chooses them as well.
"""

import os
from collections.abc import Callable
from typing import Final

import pytest

from tests.support.shared import needs_shared, shared_files
from toprung.application.ratings.rating_quality import read_games
from toprung.domain.ratings.evaluation.fitting import fit_linked
from toprung.domain.ratings.evaluation.forecasters import Game, LinkedForecaster, forecasts
from toprung.domain.ratings.evaluation.scoring import Quality, first_held_out, quality
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked
from toprung.domain.ratings.odds import stated_forecasts

HALO: Final = "ratings/halo2_head_to_head.csv"
INTERNATIONALS: Final = "ratings/internationals_1990.csv"

IS_NIGHTLY: Final = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


def read(pattern: str) -> list[Game]:
    return list(read_games(shared_files(pattern)[0].read_text("utf-8")).games)


def without_sides(pattern: str) -> list[Game]:
    return [game._replace(favoured=0) for game in read(pattern)]


def judged(games: list[Game], constants: LinkedConstants) -> Quality:
    """How good the odds that people would be told were, on the last three tenths."""
    expected = forecasts(games, LinkedForecaster(Linked(constants), games), scored_from=0)
    return quality(stated_forecasts(expected, scored_from=first_held_out(len(games))))


def holds(found: Quality, most: float, slopes: tuple[float, float]) -> None:
    assert found.log_loss <= most
    assert found.calibration_slope is not None
    assert slopes[0] <= found.calibration_slope <= slopes[1]


SETS: Final[dict[str, tuple[Callable[[], list[Game]], float, float, tuple[float, float]]]] = {
    "Halo 2": (lambda: read(HALO), 0.587, 0.586, (0.88, 1.12)),
    "internationals": (lambda: without_sides(INTERNATIONALS), 0.566, 0.561, (0.95, 1.05)),
    "internationals with home and away": (lambda: read(INTERNATIONALS), 0.552, 0.549, (0.95, 1.05)),
}
"""The games, the most log-loss that they may leave with usual and with chosen constants, and the slope of the odds."""


@pytest.mark.timeout(3_600)
@needs_shared(INTERNATIONALS)
def test_real_games_are_foretold_as_well_as_was_measured() -> None:
    for games, most, most_fitted, slopes in SETS.values():
        played, constants = games(), LinkedConstants()
        holds(judged(played, constants), most, slopes)
        if IS_NIGHTLY:  # which takes minutes
            holds(judged(played, fit_linked(played, constants, lambda: None)), most_fitted, slopes)
