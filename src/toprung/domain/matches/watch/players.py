"""Players who do worse while their rating is high, and better while it is low, than chance explains.

A rating follows results, so who is always of one strength has as much success while the own rating is high as while it
is low, for the opponents that were met. Who loses on purpose to stay down has less of it while it is high.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from toprung.domain.matches.match import MatchId
from toprung.domain.matches.watch.games import Bools, Floats, GameTable, Ints, sums
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.matches.watch.strengths import Results, Strengths, both_sides, game_rows, sigmoid
from toprung.domain.matches.watch.surprise import predicted
from toprung.domain.players.player import PlayerId

PLAYER_GAMES_MIN: Final = 20
"""Fewer games of a player say nothing."""

HALF_GAMES_MIN: Final = 6
"""While the rating was high, and while it was low, there must be so many."""

CUTS: Final = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
"""Where high begins, by the share of the own games that it leaves below, from the middle."""

BLUR: Final = 0.2
"""Games whose rating is so near to a cut, in the same measure, count less the nearer they are."""

_NEVER: Final = -np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualPlayer:
    """A player, with the games that were begun while the own rating was high and what the others predict of them.

    Of `games` with a high rating `points` were won, where the `other_games`, which gave `other_points`, predict
    `expected`. The counts of lengths and `match_ids` are of the games with a high rating.
    """

    player: PlayerId
    games: int
    points: float
    expected: float
    other_games: int
    other_points: float
    known_lengths: int
    short_games: int
    match_ids: tuple[MatchId, ...]
    signal: float


def unusual_players(
    table: GameTable, strengths: Strengths, limits: WatchLimits
) -> tuple[tuple[UnusualPlayer, ...], int]:
    """The players whose signal reaches the limit, the strongest first, and how many were looked at.

    The signal is by how many standard deviations the results lean against the own rating, at the cut where they do so
    most: C. R. Rao's score test (1948) of that leaning, beside the strength that all games say.
    """
    rows, seats = both_sides(game_rows(table)), len(table.players)
    rank = _ranks(table, rows)
    games = np.bincount(rows.player, minlength=seats)
    signals = np.array([_leaning(rows, strengths, _height(rank, cut), seats) for cut in CUTS]).reshape(len(CUTS), seats)
    signal, best = signals.max(axis=0), signals.argmax(axis=0)
    looked_at = games >= PLAYER_GAMES_MIN
    shown = np.flatnonzero(looked_at & (signal >= limits.player_signal))
    found = []
    for seat in shown[np.argsort(-signal[shown], kind="stable")].tolist():
        own = np.flatnonzero(rows.player == seat)
        is_high = _height(rank[own], CUTS[best[seat]]) > 0
        found.append(_told(table, strengths, limits, rows, (own[is_high], own[~is_high]), float(signal[seat])))
    return tuple(found), int(np.count_nonzero(looked_at))


def _ranks(table: GameTable, rows: Results) -> Floats:
    """Where the shown rating stands among the player's with that race, from -1/2, the lowest, to 1/2.

    Equal ones share the place between them. A game before which nothing was shown stands in the middle.
    """
    shown = np.concatenate([table.first_mmr, table.second_mmr])
    entry = rows.player * max(1, len(table.races)) + rows.race
    _, value = np.unique(shown, return_inverse=True)
    keys, place, alike = np.unique(entry * (len(shown) + 1) + value, return_inverse=True, return_counts=True)
    ends = np.cumsum(alike)
    count = np.bincount(entry)
    before = (np.cumsum(count) - count)[keys // (len(shown) + 1)]
    middle = ends - alike / 2 - before
    return np.where(np.isnan(shown), 0.0, middle[place] / count[entry] - 1 / 2)


def _height(rank: Floats, cut: float) -> Floats:
    """From 1, surely high, to -1, surely low."""
    return np.clip((rank - cut) / BLUR, -1, 1)


def _leaning(rows: Results, strengths: Strengths, height: Floats, seats: int) -> Floats:
    """By how many standard deviations each player's results lean against the height."""

    def summed(column: Floats | Bools) -> Floats:
        return sums(rows.player, column, seats)

    chance = sigmoid(strengths.mean(rows.player, rows.race) - strengths.mean(rows.opponent, rows.opponent_race))
    spread = chance * (1 - chance)
    centred = height - (summed(spread * height) / summed(spread))[rows.player]
    variance = summed(spread * centred**2)
    is_said = np.minimum(summed(height > 0), summed(height <= 0)) >= HALF_GAMES_MIN
    leaning = -summed((rows.points - chance) * centred) / np.sqrt(np.where(is_said, variance, 1))
    return np.where(is_said, leaning, _NEVER)


def _told(
    table: GameTable, strengths: Strengths, limits: WatchLimits, rows: Results, halves: tuple[Ints, Ints], signal: float
) -> UnusualPlayer:
    high, low = halves
    seat = rows.player[high[:1]]
    judged, others = rows.where(high), rows.where(low)
    belief = strengths.of(others, np.zeros(len(low), np.int64), seat)
    logit = belief.mean[0, judged.race] - strengths.mean(judged.opponent, judged.opponent_race)
    doubt = belief.variance[0, judged.race] + strengths.variance(judged.opponent, judged.opponent_race)
    game = high % len(table.match_ids)
    return UnusualPlayer(
        player=table.players[int(seat[0])],
        games=len(high),
        points=float(judged.points.sum()),
        expected=float(predicted(logit, doubt).sum()),
        other_games=len(low),
        other_points=float(others.points.sum()),
        known_lengths=int(np.count_nonzero(~np.isnan(table.length[game]))),
        short_games=int(np.count_nonzero(table.length[game] < limits.short_seconds)),
        match_ids=tuple(MatchId(match_id) for match_id in sorted(table.match_ids[game].tolist())),
        signal=signal,
    )
