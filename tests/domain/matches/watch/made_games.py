"""Games for the tests of the look: drawn ones, and those of a small ladder whose players are alike."""

import random
from collections.abc import Sequence
from itertools import combinations
from typing import Final

from hypothesis import strategies as st

from toprung.domain.matches.match import MatchId
from toprung.domain.matches.watch.games import WatchedGame
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.matches.watch.look import Looked, look
from toprung.domain.players.player import PlayerId

ZERG, TERRAN = "zerg", "terran"
EVERYTHING: Final = WatchLimits(pair_signal=-1e9, player_signal=-1e9)
"""Shows whatever is looked at."""


def game(
    number: int,
    one: int,
    other: int,
    score: float,
    *,
    races: tuple[str, str] = (ZERG, ZERG),
    mmr: tuple[int | None, int | None] = (1500, 1500),
    seconds: float | None = None,
) -> WatchedGame:
    """The game with this number; later ones have higher numbers."""
    return WatchedGame(
        match_id=MatchId(number),
        player_1=PlayerId(one),
        player_2=PlayerId(other),
        race_1=races[0],
        race_2=races[1],
        score_1=score,
        mmr_1=mmr[0],
        mmr_2=mmr[1],
        ended_at_us=number * 1_000_000,
        length_seconds=seconds,
    )


def numbered(games: Sequence[WatchedGame]) -> list[WatchedGame]:
    """The same games one after the other."""
    return [
        one._replace(match_id=MatchId(number), ended_at_us=number * 1_000_000) for number, one in enumerate(games, 1)
    ]


def alike(players: int = 12, each: int = 8, seconds: float | None = None) -> list[WatchedGame]:
    """Everybody plays everybody so often, and wins every other game."""
    return numbered(
        [
            game(1, one, other, float(turn % 2), seconds=seconds)
            for turn in range(each)
            for one, other in combinations(range(1, players + 1), 2)
        ]
    )


def looked_at(games: Sequence[WatchedGame], limits: WatchLimits = EVERYTHING) -> Looked:
    """What a look finds, with no replays."""
    return look(games, (), limits)


def random_season(seed: int) -> list[WatchedGame]:
    """Games of a few players with two races and ratings of all sorts."""
    chance = random.Random(seed)
    games = []
    for _ in range(chance.randint(1, 90)):
        one, other = chance.sample(range(1, 5), 2)
        mmr = [chance.choice([None, chance.randint(1400, 1600)]) for _ in range(2)]
        races = [chance.choice([ZERG, TERRAN]) for _ in range(2)]
        score, seconds = chance.choice([0.0, 0.5, 1.0]), chance.choice([None, chance.uniform(1, 400)])
        games.append(game(1, one, other, score, races=(races[0], races[1]), mmr=(mmr[0], mmr[1]), seconds=seconds))
    return numbered(games)


seeds = st.integers(0, 2**32)
