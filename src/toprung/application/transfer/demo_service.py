"""A made-up ladder that is played through the real write path, to look at and to try things on."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from toprung.application.matches.match_service import MatchService
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.clock import Clock
from toprung.application.ports.progress import Progress
from toprung.domain.errors import Conflict
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.countries import Countries
from toprung.domain.players.player import PlayerId

SEASON_DAYS: Final = 60
MATCHES_AT_ONCE: Final = 200
DRAW_CHANCE: Final = 0.02
SKILL_DIFFERENCE_TO_WIN_TEN_TO_ONE: Final = 500

_BEGINNINGS: Final = (
    *(
        "Zer",
        "Pro",
        "Ter",
        "Dark",
        "Sky",
        "Nova",
        "Iron",
        "Void",
        "Mael",
        "Sol",
        "Rift",
        "Ember",
        "Frost",
        "Lun",
        "Kry",
    ),
    *("Kry", "Arc", "Hex", "Onyx", "Vex", "Ty", "Sha", "Kor", "Mir", "Dra", "Fen", "Bri", "Cal", "Os", "Jun", "Wraith"),
)
_ENDINGS: Final = (
    *("tox", "dan", "ling", "blade", "wing", "storm", "fist", "kin", "mar", "ion", "ric", "as", "eon", "ix", "ara"),
    *("us", "hawk", "born", "core", "gate", "path", "spire", "rune", "lord", "fox", "ella", "iel", "oth", "una", "zen"),
)
_OTHER_SCRIPTS: Final = (
    *("별빛", "하늘검", "폭풍의눈", "달그림자", "김스타", "불꽃손", "이화랑", "강철비", "새벽별", "붉은늑대"),
    *("Зимний", "Буря", "Волк77", "Снегирь", "Молния", "Сокол", "星灵", "雷神", "夜行者", "风暴之眼"),
    *("ひかり", "さくら99", "Ñandú", "Łukasz", "Özgür", "Çelik", "Åskan", "Grüße", "Éclair", "Žižka"),
)


@dataclass(slots=True, kw_only=True)
class _Contestant:
    player_id: PlayerId
    races: tuple[str, ...]
    skill: float
    keenness: float


class DemoService:
    """Registers made-up players and plays matches among them, by a hidden skill that their ratings come to follow."""

    def __init__(
        self,
        *,
        players: PlayerService,
        matches: MatchService,
        catalog: Catalog,
        countries: Countries,
        clock: Clock,
        turn_clock: Callable[[int | None], None],
        chance: random.Random,
    ) -> None:
        self._players = players
        self._matches = matches
        self._catalog = catalog
        self._countries = countries
        self._clock = clock
        self._turn_clock = turn_clock
        self._chance = chance
        self._contestants: list[_Contestant] = []
        self._played = 0

    async def play_season(self, *, players: int, matches: int, progress: Progress) -> None:
        """Registers `players` players and plays `matches` matches over the last two months, the latest just now."""
        for _ in range(players):
            self._contestants.append(await self._register())
        now_us = self._clock.now_us()
        start_us = now_us - SEASON_DAYS * MICROSECONDS_PER_DAY
        ends = sorted(start_us + int((now_us - start_us) * self._chance.random() ** 0.8) for _ in range(matches))
        for first in range(0, matches, MATCHES_AT_ONCE):
            batch = [self._match(ended_at_us, now_us) for ended_at_us in ends[first : first + MATCHES_AT_ONCE]]
            self._turn_clock(batch[-1].ended_at_us)  # recorded when they ended, so that there is a past to look at
            await self._matches.record_batch(batch)
            self._turn_clock(None)
            progress(min(first + MATCHES_AT_ONCE, matches), matches)

    async def play_on(self, *, pause_seconds: float) -> None:
        """Finishes a match every `pause_seconds`, give or take half, until cancelled."""
        while True:
            await asyncio.sleep(pause_seconds * self._chance.uniform(0.5, 1.5))
            now_us = self._clock.now_us()
            await self._matches.record(self._match(now_us, now_us))

    async def _register(self) -> _Contestant:
        chance = self._chance
        races = [race.code for race in self._catalog.races]
        common = self._countries.common or tuple(sorted(self._countries.codes))
        country = chance.choices(
            [*common, "XX", None], [10 / (1 + place) ** 0.6 for place in range(len(common))] + [0.5, 0.5]
        )
        while True:
            try:
                player = await self._players.register(self._name(), country=country[0])
            except Conflict:
                continue
            many = chance.choices((1, 2, 3), (60, 30, 10))[0]
            return _Contestant(
                player_id=player.id,
                races=tuple(chance.sample(races, min(many, len(races)))),
                skill=chance.gauss(1500, 220),
                keenness=chance.paretovariate(1.2),
            )

    def _name(self) -> str:
        chance = self._chance
        if chance.random() < 0.15:
            return chance.choice(_OTHER_SCRIPTS) + chance.choice(("", "", str(chance.randint(1, 99))))
        name = chance.choice(_BEGINNINGS) + chance.choice(_ENDINGS)
        return name + (str(chance.randint(1, 999)) if chance.random() < 0.3 else "")

    def _match(self, ended_at_us: int, now_us: int) -> FinalMatch:
        chance = self._chance
        first = self._pick(ended_at_us, now_us, None)
        second = self._pick(ended_at_us, now_us, first)
        expected = 1 / (1 + 10 ** ((second.skill - first.skill) / SKILL_DIFFERENCE_TO_WIN_TEN_TO_ONE))
        result = MatchResult.SIDE_1_WON if chance.random() < expected else MatchResult.SIDE_2_WON
        if chance.random() < DRAW_CHANCE:
            result = MatchResult.DRAW
        self._played += 1
        maps = self._catalog.current_maps
        return FinalMatch(
            source_key=f"demo:{self._played}",
            sides=((self._participant(first),), (self._participant(second),)),
            result=result,
            ended_at_us=ended_at_us,
            map_name=chance.choice(maps).full_name if maps else None,
        )

    def _pick(self, ended_at_us: int, now_us: int, opponent: _Contestant | None) -> _Contestant:
        """Somebody who plays then: keen players more often, and more often somebody of about the same skill."""
        around = len(self._contestants)
        gone = int(around * 0.12 * (ended_at_us > now_us - 20 * MICROSECONDS_PER_DAY))  # some lose interest on the way
        candidates = [one for one in self._contestants[gone:] if one is not opponent]
        weights = [one.keenness * (1 if opponent is None else _closeness(one, opponent)) for one in candidates]
        return self._chance.choices(candidates, weights)[0]

    def _participant(self, contestant: _Contestant) -> Participant:
        main, *others = contestant.races
        race = self._chance.choice(others) if others and self._chance.random() < 0.3 else main
        return Participant(player_id=contestant.player_id, race=race)


def _closeness(one: _Contestant, other: _Contestant) -> float:
    return float(1 / (1 + ((one.skill - other.skill) / 120) ** 2))
