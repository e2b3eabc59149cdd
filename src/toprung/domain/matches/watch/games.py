"""The games that are looked at, as columns in the order in which they ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

GAMES_MAX: Final = 20_000
"""So many games are looked at, the last ones. It bounds how long a look takes."""


class WatchedGame(NamedTuple):
    """A game whose result counts, seen from its first player.

    `mmr_1` and `mmr_2` are what the ladder showed of both before it. These and the length are None where nothing tells
    them.
    """

    match_id: MatchId
    player_1: PlayerId
    player_2: PlayerId
    race_1: str
    race_2: str
    score_1: float
    mmr_1: int | None
    mmr_2: int | None
    ended_at_us: int
    length_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GameTable:
    """Games as columns. Players and races are places in `players` and `races`; the first player has the lower place.

    So neither the order in which games came nor which side a player was on changes anything that is found. Ratings and
    lengths, in seconds, are not numbers where they are unknown.
    """

    players: tuple[PlayerId, ...]
    races: tuple[str, ...]
    match_ids: Ints
    first: Ints
    second: Ints
    first_race: Ints
    second_race: Ints
    points: Floats
    first_mmr: Floats
    second_mmr: Floats
    length: Floats

    @property
    def games_of(self) -> Ints:
        """How many games each player has."""
        sides = np.concatenate([self.first, self.second])
        return np.bincount(sides, minlength=len(self.players))


def game_table(games: Iterable[WatchedGame]) -> GameTable:
    """The games as columns."""
    ordered = sorted(games, key=lambda game: (game.ended_at_us, game.match_id))
    players = sorted({player for game in ordered for player in (game.player_1, game.player_2)})
    races = sorted({race for game in ordered for race in (game.race_1, game.race_2)})
    seat, code = ({name: place for place, name in enumerate(names)} for names in (players, races))
    sides = [
        (
            *(seat[game.player_1], code[game.race_1], np.nan if game.mmr_1 is None else game.mmr_1),
            *(seat[game.player_2], code[game.race_2], np.nan if game.mmr_2 is None else game.mmr_2),
            game.score_1,
        )
        for game in ordered
    ]
    columns = np.array(sides, np.float64).reshape(-1, 7).T
    is_turned = columns[0] > columns[3]
    first, first_race, first_mmr = np.where(is_turned, columns[3:6], columns[:3])
    second, second_race, second_mmr = np.where(is_turned, columns[:3], columns[3:6])
    lengths = [np.nan if game.length_seconds is None else game.length_seconds for game in ordered]
    return GameTable(
        players=tuple(players),
        races=tuple(races),
        match_ids=np.array([game.match_id for game in ordered], np.int64),
        first=first.astype(np.int64),
        second=second.astype(np.int64),
        first_race=first_race.astype(np.int64),
        second_race=second_race.astype(np.int64),
        points=np.where(is_turned, 1 - columns[6], columns[6]),
        first_mmr=first_mmr,
        second_mmr=second_mmr,
        length=np.array(lengths, np.float64),
    )


def sums(place: Ints, values: Floats | Bools, size: int) -> Floats:
    """The sum of the values at each of so many places."""
    return np.bincount(place, values, size).astype(np.float64)
