"""What a look at a season finds, and how many honest players it shows: `python -m benchmarks.bench_watch [SEASONS]`.

Limits were chosen by the table of the first seasons; the others, of other seeds, judge them.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Final

from benchmarks.watch_seasons import HEAVY_GAMES, LIGHT_GAMES, Season, season
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.matches.watch.look import Looked, look

CHOOSING_SEED: Final = 0
JUDGING_SEED: Final = 10_000
SEASONS: Final = 60
PAIR_SIGNALS: Final = (3.0, 3.4, 3.6, 3.8, 4.0, 4.25, 4.5, 5.0)
PLAYER_SIGNALS: Final = (2.5, 2.75, 3.0, 3.25, 3.5, 3.75, 4.0, 4.5)


@dataclass(kw_only=True)
class Found:
    """The signals of some seasons, by whose they are, and how many there were of each."""

    seasons: int = 0
    pairs_looked_at: int = 0
    players_looked_at: int = 0
    honest_pairs: list[float] = field(default_factory=list)
    honest_players: list[float] = field(default_factory=list)
    heavy: list[float] = field(default_factory=list)
    light: list[float] = field(default_factory=list)
    sandbaggers: list[float] = field(default_factory=list)
    heavies: int = 0
    lights: int = 0
    sandbagging: int = 0
    seconds: float = 0.0

    def add(self, played: Season, looked: Looked) -> None:
        """Counts what was found of a season."""
        self.seasons += 1
        self.pairs_looked_at += looked.pairs_looked_at
        self.players_looked_at += looked.players_looked_at
        sizes = list(played.traders.values())
        self.heavies += sizes.count(HEAVY_GAMES)
        self.lights += sizes.count(LIGHT_GAMES)
        self.sandbagging += len(played.sandbaggers)
        signals = {None: self.honest_pairs, HEAVY_GAMES: self.heavy, LIGHT_GAMES: self.light}
        for pair in looked.pairs:
            signals[played.traders.get(frozenset(pair.players))].append(pair.signal)
        for player in looked.players:
            (self.sandbaggers if player.player in played.sandbaggers else self.honest_players).append(player.signal)


def found_in(seeds: Sequence[int], limits: WatchLimits, *, with_lengths: bool = False) -> Found:
    """What is found in the seasons of these seeds."""
    found = Found()
    for seed in seeds:
        played = season(seed)
        games = played.games if with_lengths else [game._replace(length_seconds=None) for game in played.games]
        started = process_time()
        looked = look(games, (), limits)
        found.seconds += process_time() - started
        found.add(played, looked)
    return found


def reached(signals: Sequence[float], limit: float) -> int:
    """How many reach a limit."""
    return sum(signal >= limit for signal in signals)


def main() -> None:
    """Prints how the limits were chosen, and what they and others are worth on seasons that had no part in that."""
    seasons = int(sys.argv[1]) if len(sys.argv) > 1 else SEASONS
    low = WatchLimits(pair_signal=min(PAIR_SIGNALS), player_signal=min(PLAYER_SIGNALS))
    print(f"Chosen on {seasons} seasons, without lengths:")
    _show(found_in(range(CHOOSING_SEED, CHOOSING_SEED + seasons), low))
    judging = range(JUDGING_SEED, JUDGING_SEED + seasons)
    for with_lengths in (False, True):
        print(f"Judged on {seasons} others, {'with' if with_lengths else 'without'} lengths:")
        judged = found_in(judging, low, with_lengths=with_lengths)
        _show(judged)
        print(f"  {judged.seconds / judged.seasons:.3f} s of the processor for a look that shows all of these")


def _show(found: Found) -> None:
    limits = WatchLimits()
    for limit in PAIR_SIGNALS:
        print(f"{'*' if limit == limits.pair_signal else ' '} pairs from {limit:4.2f}: {_pair_line(found, limit)}")
    for limit in PLAYER_SIGNALS:
        print(
            f"{'*' if limit == limits.player_signal else ' '} players from {limit:4.2f}: {_player_line(found, limit)}"
        )


def _pair_line(found: Found, limit: float) -> str:
    honest = reached(found.honest_pairs, limit)
    return (
        f"{honest / found.seasons:.2f} honest pairs a season ({1000 * honest / found.pairs_looked_at:.2f} of 1,000), "
        f"{reached(found.heavy, limit) / found.heavies:.1%} of heavy traders, "
        f"{reached(found.light, limit) / found.lights:.1%} of light ones"
    )


def _player_line(found: Found, limit: float) -> str:
    honest = reached(found.honest_players, limit)
    return (
        f"{honest / found.seasons:.2f} honest players a season "
        f"({1000 * honest / found.players_looked_at:.2f} of 1,000), "
        f"{reached(found.sandbaggers, limit) / found.sandbagging:.1%} of sandbaggers"
    )


if __name__ == "__main__":
    main()
