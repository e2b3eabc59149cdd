"""What a look finds in made-up seasons; the numbers that are told are the benchmark's, on many more of them."""

from benchmarks.bench_watch import CHOOSING_SEED, JUDGING_SEED, found_in, reached
from benchmarks.watch_seasons import GAMES, PLAYERS, season
from toprung.domain.matches.watch.by_chance import honest_pairs, honest_players
from toprung.domain.matches.watch.limits import WatchLimits

LIMITS = WatchLimits()
SEASONS = range(20_000, 20_016)
"""Others than those that limits were chosen by, and than those that judge them."""


def test_traders_and_sandbaggers_are_found_and_few_who_are_honest() -> None:
    assert not set(SEASONS) & {*range(CHOOSING_SEED, CHOOSING_SEED + 1_000), *range(JUDGING_SEED, JUDGING_SEED + 1_000)}
    found = found_in(SEASONS, LIMITS)
    assert reached(found.heavy, LIMITS.pair_signal) >= 0.85 * found.heavies
    assert len(found.honest_pairs) <= 1.5 * found.seasons
    assert reached(found.sandbaggers, LIMITS.player_signal) >= 0.5 * found.sandbagging
    assert len(found.honest_players) <= 1.5 * found.seasons
    # What is told of chance is of the order of what there is.
    assert 0.4 < len(found.honest_pairs) / honest_pairs(LIMITS.pair_signal, found.pairs_looked_at) < 2.5
    assert 0.4 < len(found.honest_players) / honest_players(LIMITS.player_signal, found.players_looked_at) < 2.5


def test_lengths_help() -> None:
    some = SEASONS[:4]
    without, with_lengths = (found_in(some, LIMITS, with_lengths=known) for known in (False, True))
    assert len(with_lengths.light) > len(without.light)


def test_an_honest_season_has_neither_traders_nor_sandbaggers() -> None:
    honest = season(1, is_honest=True)
    assert (honest.traders, honest.sandbaggers) == ({}, frozenset())
    assert len(honest.games) == GAMES
    assert len({player for game in honest.games for player in (game.player_1, game.player_2)}) > 0.9 * PLAYERS
    assert season(1, is_honest=True) == honest
