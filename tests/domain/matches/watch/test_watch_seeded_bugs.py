"""The test of the test: bugs that the tests of the look must find, each a line of difference.

A bug whose line is not found any more has to be seeded anew; one that survives shows what the tests do not look at.
"""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from tests.domain.matches.watch import test_accounts, test_look, test_pairs, test_players, test_strengths
from tests.support.seeding import Seed, line
from toprung.domain.matches.match import MatchId
from toprung.domain.matches.watch import pairs as pairs_module
from toprung.domain.matches.watch.accounts import NamedAccount, shared_accounts
from toprung.domain.matches.watch.games import game_table
from toprung.domain.matches.watch.pairs import (
    UnusualPair,
    _by_turns,
    _groups,
    _predictions,
    _short_games,
    unusual_pairs,
)
from toprung.domain.matches.watch.players import _leaning, _ranks, unusual_players
from toprung.domain.matches.watch.strengths import Strengths, both_sides
from toprung.domain.matches.watch.surprise import predicted, surprise
from toprung.domain.players.player import PlayerId

OF_A_SEASON: Final[Sequence[Any]] = (
    test_strengths.test_strengths_are_the_most_probable_ones,
    test_players.test_a_rank_is_the_share_of_own_games_with_a_lower_rating,
    test_look.test_what_is_told_are_the_games_themselves,
    test_look.test_nobody_is_looked_at_with_few_games,
)
of_order: Final[Any] = test_look.test_the_order_of_games_and_sides_changes_nothing
of_limits: Final[Any] = test_look.test_a_limit_shows_what_reaches_it_the_strongest_first
of_accounts: Final[Any] = test_accounts.test_an_account_is_shared_if_more_than_one_player_is_named_with_it
of_surprise: Final = test_strengths.test_surprise_is_the_same_from_either_side_and_less_where_less_is_known


def five_are_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pairs_module, "PAIR_GAMES_MIN", 5)


BUGS: dict[str, Seed] = {
    "a trade bears out its own results": line(Strengths.without, "!= opponents[group]", "!= -1"),
    "only one side's other games count": line(
        _predictions,
        "strengths.without(sides[1], sides[0])",
        "strengths.of(strengths.views, strengths.views.player, np.arange(len(strengths._mean)))",
    ),
    "five games are enough": five_are_enough,
    "many games with one opponent weigh as much as with many": line(
        Strengths._most_probable, "1 / (1 + cells.met * PAIR_SPREAD**2 / 4)", "1.0 + 0 * cells.met"
    ),
    "games that came late are other games": line(
        game_table, "sorted(games, key=lambda game: (game.ended_at_us, game.match_id))", "list(games)"
    ),
    "the side that somebody was on counts": line(
        game_table, "np.where(is_turned, 1 - columns[6], columns[6])", "columns[6]"
    ),
    "opponents have the points of the player": line(both_sides, "rows.games - rows.points", "rows.points"),
    "races are never looked at apart": line(_groups, "(rows.games >= PAIR_GAMES_MIN) &", "(rows.games >= 10**9) &"),
    "only who wins more than predicted is unusual": line(_groups, "np.abs(surprised)", "1 * surprised"),
    "winning by turns is no more than winning once": line(
        _by_turns, "(np.abs(surprised) + against)", "(np.abs(surprised) + 0 * against)"
    ),
    "the busier side's games are what a share is of": line(_groups, ".min(axis=0)", ".max(axis=0)"),
    "short games are not compared with everybody's": line(_groups, "usual * summed(known)", "0 * summed(known)"),
    "an unknown length is a short one": line(
        _short_games, "table.length < limits.short_seconds", "~(table.length >= limits.short_seconds)"
    ),
    "who did worse is named first": line(UnusualPair.turned, "players=self.players[::-1]", "players=self.players"),
    "what was expected is the other's": line(
        UnusualPair.turned, "expected=self.games - self.expected", "expected=self.expected"
    ),
    "the weakest comes first": line(unusual_pairs, "np.argsort(-groups.signal", "np.argsort(groups.signal"),
    "doubt about strengths counts for nothing": line(surprise, "chance * (1 - chance) * variance", "0 * variance"),
    "odds know no doubt": line(predicted, "3 * variance", "0 * variance"),
    "ratings of all races are one": line(
        _ranks, "rows.player * max(1, len(table.races)) + rows.race", "rows.player * max(1, len(table.races))"
    ),
    "who was new stands highest": line(_ranks, "np.isnan(shown), 0.0", "np.isnan(shown) & False, 0.0"),
    "who learns is shown": line(_leaning, "leaning = -summed", "leaning = summed"),
    "the level of all games says something of the rating": line(
        _leaning, "height - (summed(spread * height) / summed(spread))[rows.player]", "height"
    ),
    "a few games are enough": line(unusual_players, "games >= PLAYER_GAMES_MIN", "games >= 10"),
    "one player may have an account": line(shared_accounts, "> 1", "> 0"),
}


def hold_the_laws() -> None:
    """Runs the tests that need nothing but to be called, and those of drawn games on a few."""
    for module in (test_pairs, test_players, test_strengths):
        for name, test in vars(module).items():
            if name.startswith("test_") and not getattr(test, "pytestmark", ()) and not hasattr(test, "hypothesis"):
                test()
    for seed in range(6):
        for drawn in OF_A_SEASON:
            drawn.hypothesis.inner_test(seed)
        of_order.hypothesis.inner_test(seed, seed)
        of_limits.hypothesis.inner_test(seed, 1.0, 1.0)
    of_accounts.hypothesis.inner_test([NamedAccount("2-S2-1-1", PlayerId(one), MatchId(1)) for one in (1, 1)])
    of_surprise(48, 46, 0.6)


@pytest.mark.parametrize("bug", BUGS)
def test_the_laws_find_the_seeded_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    with pytest.raises((AssertionError, LookupError, ValueError, ArithmeticError)):
        hold_the_laws()


def test_the_laws_find_nothing_where_nothing_is_seeded() -> None:
    hold_the_laws()
