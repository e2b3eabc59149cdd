"""The test of the test: bugs that the linked rating's tests must find, each a line of difference.

A bug whose line is not found any more has to be seeded anew; one that survives shows what the tests do not look at.
"""

import pytest

from tests.domain.ratings import test_odds as odds_tests
from tests.domain.ratings.linked import test_as_glicko, test_definite, test_linked, test_parts
from tests.domain.ratings.linked.playing import random_steps
from tests.support.seeding import Seed, line
from toprung.domain.ratings.linked import linked
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked, _cut, _expected, _g, _information, _learned
from toprung.domain.ratings.odds import StatedOdds, _fitted


def cut_to_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(linked, "_KEPT", 1.0)


BUGS: dict[str, Seed] = {
    "a result says nothing of the other races": line(
        _learned,
        "rating + covariance * step for rating, covariance in zip(belief.ratings, column, strict=True)",
        "rating + covariance * step * (number == race)"
        " for number, (rating, covariance) in enumerate(zip(belief.ratings, column, strict=True))",
    ),
    "a race's result leaks undiminished into the others": line(
        _learned, "rating + covariance * step for", "rating + column[race] * step for"
    ),
    "other races' covariances are left as they were": line(_learned, "known - product * share", "known"),
    "the played race's row is left as it was": line(
        _learned, "after[place] = covariance / divisor", "after[place] = covariance"
    ),
    "a game does not count": line(_learned, "belief.games + 1", "belief.games"),
    "a late game turns the time back": line(
        _learned, "ended_at_us if last_us is None or ended_at_us > last_us else last_us", "ended_at_us"
    ),
    "growth is the player's only": line(Linked._grown, "covariances[place] += own", "pass"),
    "growth is each race's only": line(
        Linked._grown, "[covariance + shared for covariance in covariances]", "list(covariances)"
    ),
    "absence knows no end": line(Linked._grown, "_cut(covariances, diagonal, most)", "covariances"),
    "a cut loses how alike races are": line(_cut, "(factor * factors[column])", "0.0"),
    "a cut leaves the covariances": line(_cut, " * (factor * factors[column])", ""),
    "a cut makes races one in the end": cut_to_one,
    "a newcomer has noise": line(Linked.before_game, "if not belief.games:", "if False:"),
    "noise is each race's own": line(
        Linked.before_game,
        "tuple([covariance + noise for covariance in grown])",
        "tuple(grown)",
    ),
    "experience begins with the first game": line(Linked.experience_before, " if games else 0.0", ""),
    "experience is never had": line(Linked.experience_before, "constants.experience_rise *", "0.0 *"),
    "races start as strangers": line(Linked.start, "[self._shared_variance]", "[0.0]"),
    "the second side learns from what the first has become": line(
        Linked.after_game,
        "_information(-difference, variance_1 + side_variance",
        "_information(-difference - variance_1 * step_1, variance_1 + side_variance",
    ),
    "both sides learn the first one's score": line(
        Linked.after_game, "variance_2, 1 - score_1)", "variance_2, score_1)"
    ),
    "the opponent's doubt counts for nothing": line(
        Linked.after_game,
        "_information(difference, variance_2 + side_variance",
        "_information(difference, side_variance",
    ),
    "one's own doubt counts in what one learns": line(_information, "g = _g(others)", "g = _g(others + own)"),
    "an advantage is always the first side's": line(Linked.after_game, "side * known.rating", "known.rating"),
    "an advantage learns the first side's score": line(
        Linked.after_game, "score_1 if side > 0 else 1 - score_1", "score_1"
    ),
    "an advantage is certain from the start": line(
        Linked.after_game, "side_variance = known.variance", "side_variance = 0.0"
    ),
    "odds know no doubt": line(_expected, "_g(doubt) * ", ""),
    "doubt counts a third": line(_g, "_G_FACTOR * variance", "_G_FACTOR * variance / 3"),
    "parts forget what other races said": line(
        Linked.parts, "shown.rating if shown.games == ready.games else reached - rise", "shown.rating"
    ),
    "parts count experience from the start": line(
        Linked.parts, "range(shown.games, ready.games + 1)", "range(ready.games + 1)"
    ),
    "parts are rounded apart": line(
        Linked.parts,
        "stages[3] - stages[2])",
        "round(after.ratings[race] - reached))",
    ),
    "the slope is renewed at every game": line(StatedOdds.learn, "len(self._fresh) == RENEWED_GAMES", "True"),
    "the slope remembers all games": line(StatedOdds.__init__, "maxlen=WINDOW_GAMES_MAX", "maxlen=None"),
    "the slope is found once": line(StatedOdds.learn, "self._slope = None", "pass"),
    "nothing is held against other slopes": line(_fitted, "PRIOR_WEIGHT * (1 - slope)", "0.0"),
}


def hold_the_laws() -> None:
    """Runs the tests that need nothing but to be called, and what stands behind the others on games of our own."""
    for seed in range(6):
        games = random_steps(seed, 40)
        test_linked.agree_on(games, LinkedConstants())
        test_parts.add_up(games)
    for module in (test_as_glicko, odds_tests, test_linked, test_parts):
        for name, test in vars(module).items():
            if name.startswith("test_") and not getattr(test, "pytestmark", ()) and not hasattr(test, "hypothesis"):
                test()
    test_definite.test_it_is_definite_after_years_of_games_that_say_nothing("all is noise")


@pytest.mark.parametrize("bug", BUGS)
def test_the_laws_find_the_seeded_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    with pytest.raises((AssertionError, LookupError, ValueError, ArithmeticError)):
        hold_the_laws()


def test_the_laws_find_nothing_where_nothing_is_seeded() -> None:
    hold_the_laws()
