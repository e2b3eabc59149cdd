"""Made-up seasons in which some win on agreement and some lose on purpose, among friends who honestly often meet.

The numbers are nobody's measurements; they are chosen so that honest players look suspicious often enough: friends meet
whatever their strengths, off-race and not in earnest, and have a way of playing that suits one of them.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from toprung.domain.matches.match import MatchId
from toprung.domain.matches.watch.games import WatchedGame
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId

PLAYERS: Final = 300
GAMES: Final = 9_900
DAYS: Final = 90
RACES: Final = ("protoss", "terran", "zerg", "bw_protoss", "bw_terran", "bw_zerg")

HEAVY_PAIRS, HEAVY_GAMES = 4, 48
LIGHT_PAIRS, LIGHT_GAMES = 4, 12
SANDBAGGERS: Final = 6

POINTS_PER_LOGIT: Final = 173.7178
STRENGTH_SPREAD, RACE_SPREAD = 190.0, 100.0
DRIFT_A_DAY: Final = 3.5
LEARNT_MAX: Final = 130.0
NEWCOMERS: Final = 0.3
SOCIABLE: Final = 0.4
FRIENDS_MAX: Final = 3
FRIENDLY_GAMES: Final = 0.35
SUITS_SPREAD, SUITS_SPREAD_OF_FRIENDS = 50.0, 80.0
OFF_RACE, OFF_RACE_WITH_FRIENDS = 0.12, 0.3
STAGED: Final = 0.95
"""How often an agreed game ends as agreed."""

BELOW_OWN_STRENGTH: Final = 200.0
THROWN: Final = 0.7
"""How often a sandbagger loses on purpose while the own rating is above where it is to stay."""

SHORT_HONEST, SHORT_STAGED, SHORT_THROWN = 0.05, 0.6, 0.5
LENGTHS_KNOWN: Final = 0.6


@dataclass(slots=True)
class _Player:
    strength: float
    leanings: list[float]
    main: int
    second: int
    keen: float
    learns: float
    stays_at: float | None = None
    games: int = 0
    friends: list[int] = field(default_factory=list)

    def level(self, race: int) -> float:
        """The true strength with a race now."""
        return self.strength + self.leanings[race] + self.learns * (1 - math.exp(-self.games / 15))


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Games, who agreed on results (by how many games), and who lost on purpose."""

    games: list[WatchedGame]
    traders: dict[frozenset[PlayerId], int]
    sandbaggers: frozenset[PlayerId]


def season(seed: int, *, is_honest: bool = False) -> Season:
    """A season. An honest one has neither traders nor sandbaggers."""
    return _Simulation(random.Random(seed), is_honest=is_honest).played()


class _Simulation:
    def __init__(self, chance: random.Random, *, is_honest: bool) -> None:
        self._chance = chance
        self._players = [self._player() for _ in range(PLAYERS)]
        self._ratings: dict[tuple[int, int], float] = {}
        self._counts: dict[tuple[int, int], int] = defaultdict(int)
        self._suits: dict[tuple[int, int], float] = {}
        self._games: list[WatchedGame] = []
        self._befriend()
        chosen = [] if is_honest else chance.sample(range(PLAYERS), 2 * (HEAVY_PAIRS + LIGHT_PAIRS))
        sizes = [HEAVY_GAMES] * HEAVY_PAIRS + [LIGHT_GAMES] * LIGHT_PAIRS
        self._traders = {(one, other): size for one, other, size in zip(chosen[::2], chosen[1::2], sizes, strict=False)}
        keen = sorted(range(PLAYERS), key=lambda who: -self._players[who].keen)[: PLAYERS // 2]
        bad = [] if is_honest else chance.sample([who for who in keen if who not in chosen], SANDBAGGERS)
        for player in (self._players[who] for who in bad):
            player.stays_at = player.level(player.main) - BELOW_OWN_STRENGTH
        self._sandbaggers = frozenset(PlayerId(who + 1) for who in bad)
        for who, player in enumerate(self._players):
            for race in range(len(RACES)):
                known = player.level(race) if player.stays_at is None else player.stays_at
                self._ratings[who, race] = 0.0 if player.learns else known + chance.gauss(0, 60)
                self._counts[who, race] = 0 if player.learns else 20

    def _player(self) -> _Player:
        chance = self._chance
        return _Player(
            strength=chance.gauss(0, STRENGTH_SPREAD),
            leanings=[chance.gauss(0, RACE_SPREAD) for _ in RACES],
            main=chance.randrange(len(RACES)),
            second=chance.randrange(len(RACES)),
            keen=chance.lognormvariate(0, 0.9),
            learns=chance.uniform(0, LEARNT_MAX) if chance.random() < NEWCOMERS else 0.0,
        )

    def _befriend(self) -> None:
        for who in range(PLAYERS):
            if self._chance.random() < SOCIABLE:
                for _ in range(self._chance.randint(1, FRIENDS_MAX)):
                    friend = self._chance.randrange(PLAYERS)
                    if friend != who:
                        self._players[who].friends.append(friend)
                        self._players[friend].friends.append(who)

    def played(self) -> Season:
        """Plays it."""
        chance = self._chance
        staged: list[tuple[float, tuple[int, int] | None]] = []
        for pair, size in self._traders.items():
            begin = chance.uniform(0, DAYS - 30)
            staged += [(chance.uniform(begin, begin + 30), pair) for _ in range(size)]
        honest = [(chance.uniform(0, DAYS), None) for _ in range(GAMES - len(staged))]
        day, keen = 0, [player.keen for player in self._players]
        everybody = range(PLAYERS)
        drawn = iter(chance.choices(everybody, keen, k=10 * GAMES))
        for at, agreed in sorted([*honest, *staged], key=lambda one: one[0]):
            while at > day:
                day += 1
                for player in self._players:
                    player.strength += chance.gauss(0, DRIFT_A_DAY)
            self._play(at, agreed or self._meeting(drawn), is_staged=agreed is not None)
        return Season(
            games=self._games,
            traders={
                frozenset((PlayerId(one + 1), PlayerId(other + 1))): size
                for (one, other), size in self._traders.items()
            },
            sandbaggers=self._sandbaggers,
        )

    def _meeting(self, drawn: Iterator[int]) -> tuple[int, int]:
        """Who plays whom: a friend, or whoever of some is rated most alike."""
        one = next(drawn)
        player = self._players[one]
        if player.friends and self._chance.random() < FRIENDLY_GAMES:
            return one, self._chance.choice(player.friends)
        own = self._ratings[one, player.main]
        others = [next(drawn) for _ in range(6)]
        near = min(
            (other for other in others if other != one),
            key=lambda other: abs(self._ratings[other, self._players[other].main] - own),
            default=(one + 1) % PLAYERS,
        )
        return one, near

    def _play(self, at: float, pair: tuple[int, int], *, is_staged: bool) -> None:
        chance, (one, other) = self._chance, pair
        are_friends = other in self._players[one].friends
        races = [self._race(self._players[who], are_friends=are_friends) for who in pair]
        key = (min(pair), max(pair))
        if key not in self._suits:
            self._suits[key] = chance.gauss(0, SUITS_SPREAD_OF_FRIENDS if are_friends else SUITS_SPREAD)
        gap = self._players[one].level(races[0]) - self._players[other].level(races[1])
        gap += self._suits[key] if one == key[0] else -self._suits[key]
        score = float(chance.random() < 1 / (1 + math.exp(-gap / POINTS_PER_LOGIT)))
        short = SHORT_HONEST
        if is_staged:
            short = SHORT_STAGED
            if chance.random() < STAGED:
                score = 1.0
        else:
            for who, race, lost in ((one, races[0], 0.0), (other, races[1], 1.0)):
                limit = self._players[who].stays_at
                if limit is not None and self._ratings[who, race] > limit and chance.random() < THROWN:
                    score, short = lost, SHORT_THROWN
        sides = [(who, race, round(self._ratings[who, race])) for who, race in zip(pair, races, strict=True)]
        self._rate((one, races[0]), (other, races[1]), score)
        is_turned = chance.random() < 0.5
        (first, first_race, first_mmr), (second, second_race, second_mmr) = sides[::-1] if is_turned else sides
        game = WatchedGame(
            match_id=MatchId(len(self._games) + 1),
            player_1=PlayerId(first + 1),
            player_2=PlayerId(second + 1),
            race_1=RACES[first_race],
            race_2=RACES[second_race],
            score_1=1 - score if is_turned else score,
            mmr_1=first_mmr,
            mmr_2=second_mmr,
            ended_at_us=round(at * MICROSECONDS_PER_DAY),
            length_seconds=self._length(short),
        )
        self._games.append(game)

    def _race(self, player: _Player, *, are_friends: bool) -> int:
        off = OFF_RACE_WITH_FRIENDS if are_friends else OFF_RACE
        return player.second if self._chance.random() < off else player.main

    def _length(self, short: float) -> float | None:
        chance = self._chance
        if chance.random() >= LENGTHS_KNOWN:
            return None
        return chance.uniform(15, 115) if chance.random() < short else chance.lognormvariate(math.log(660), 0.45)

    def _rate(self, one: tuple[int, int], other: tuple[int, int], score: float) -> None:
        expected = 1 / (1 + math.exp((self._ratings[other] - self._ratings[one]) / POINTS_PER_LOGIT))
        for entry, sign in ((one, 1), (other, -1)):
            step = 80.0 if self._counts[entry] < 10 else 40.0
            self._ratings[entry] += sign * step * (score - expected)
            self._counts[entry] += 1
            self._players[entry[0]].games += 1
