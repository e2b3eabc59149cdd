"""Lives of a ladder: what happens in them, and how they are lived."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final

from hypothesis import strategies as st

from tests.support.databases import OpenLadder
from tests.support.fakes.ladder import FakeClock
from toprung.application.organising.rating_operations import EndSeason, SetRating, StartSeason
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.transfer.entry_file import COLUMNS
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.leaderboard import LeaderboardPage, LeaderboardRow
from toprung.domain.leaderboard.past import PastMoment, Since
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY, to_iso
from toprung.domain.players.player import PlayerId

WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
RESULTS: Final = (WON, LOST, DRAW)
NAMES: Final = ("Ann", "Bob", "Cid", "Dan", "Eve")
RACES: Final = ("bw_zerg", "sc2_terran")
SYSTEMS: Final = ("glicko2", "elo")
HOUR_US: Final = MICROSECONDS_PER_DAY // 24
EVE = Attribution(actor="Eve", reason="r")


@dataclass(frozen=True)
class Played:
    """A match at this moment, with what it is corrected to later, if it is."""

    one: int
    other: int
    result: MatchResult
    races: tuple[str, str] = RACES


@dataclass(frozen=True)
class Set:
    """A rating that is set by hand."""

    who: int
    race: str
    mmr: int


@dataclass(frozen=True)
class Started:
    """A season that starts, the one that runs being ended."""

    deviation: float | None


@dataclass(frozen=True)
class Imported:
    """A file with one entry."""

    who: int
    mmr: int


@dataclass(frozen=True)
class Corrected:
    """An earlier match that is judged anew."""

    match: int
    result: MatchResult | None


Step = Played | Set | Started | Imported | Corrected
players = st.integers(1, len(NAMES))
played = st.builds(
    lambda one, shift, result, race: Played(one, (one + shift - 1) % len(NAMES) + 1, result, (race, RACES[0])),
    players,
    st.integers(1, len(NAMES) - 1),
    st.sampled_from(RESULTS),
    st.sampled_from(RACES),
)
steps = st.one_of(
    *[played] * 4,
    st.builds(Set, players, st.sampled_from(RACES), st.integers(1000, 2000)),
    st.builds(Started, st.sampled_from((150.0, 300.0, None))),
    st.builds(Imported, players, st.integers(1000, 2000)),
    *[st.builds(Corrected, st.integers(1, 8), st.sampled_from((*RESULTS, None)))] * 2,
)


def some_life() -> list[Step]:
    """A ladder's life in which everything happens, the same in every run."""
    chance = Random(7)
    life: list[Step] = []
    for number in range(30):
        one, other = chance.sample(range(1, len(NAMES) + 1), 2)
        life.append(Played(one, other, chance.choice(RESULTS), (chance.choice(RACES), chance.choice(RACES))))
        if number == 8:
            life += [Set(2, RACES[0], 1900), Started(150.0), Imported(3, 1750)]
        if number == 15:
            life += [Corrected(3, None), Corrected(9, WON), Set(1, RACES[1], 1200)]
        if number == 22:
            life += [Started(200.0), Corrected(3, LOST), Corrected(12, DRAW)]
    return life


class Life:
    """A ladder that lives through steps, an hour after the other, and remembers each board that there was."""

    def __init__(self, opened: OpenLadder, clock: FakeClock) -> None:
        self.opened = opened
        self.clock = clock
        self.matches: list[MatchId] = []
        self.results: list[MatchResult | None] = []
        self.boards: list[tuple[int, tuple[LeaderboardRow, ...]]] = []
        self.seasons = 0

    async def begin(self) -> None:
        for name in NAMES:
            await self.opened.ladder.players.register(name, country="KR")
        await self.look()

    async def look(self) -> None:
        """Remembers the board as it is, and goes on an hour."""
        self.boards.append((self.clock.now_us(), (await page_of(self.opened)).players))
        self.clock.advance(us=HOUR_US)

    async def take(self, step: Step) -> None:
        administration = self.opened.ladder.administration
        if isinstance(step, Played):
            number = len(self.matches) + 1
            sides = [(Participant(player_id=PlayerId(who), race=race),) for who, race in self._sides(step)]
            match = FinalMatch(
                source_key=f"game {number}",
                sides=(sides[0], sides[1]),
                result=step.result,
                ended_at_us=self.clock.now_us(),
            )
            recorded = await self.opened.ladder.recorder.record(match)
            assert recorded is not None
            self.matches.append(recorded.match_id)
            self.results.append(step.result)
        elif isinstance(step, Set):
            with suppress(InvalidInput):  # it is set so already
                await administration.perform(
                    SetRating(
                        name=NAMES[step.who - 1], race=step.race, mmr=step.mmr, by=Attribution(actor="Eve", reason="r")
                    )
                )
        elif isinstance(step, Started):
            if self.seasons:
                await administration.perform(EndSeason(by=Attribution(actor="Eve", reason="over")))
            self.seasons += 1
            code = f"s{self.seasons}"
            await administration.perform(
                StartSeason(
                    code=code, name=code, reset_deviation=step.deviation, by=Attribution(actor="Eve", reason="new")
                )
            )
        elif isinstance(step, Imported):
            day = to_iso(self.clock.now_us() - MICROSECONDS_PER_DAY)
            line = f",{NAMES[step.who - 1]},KR,bw_zerg,{step.mmr},9,5,3,1,{day}"
            await administration.perform(
                ImportEntries(text="\n".join((",".join(COLUMNS), line)), by=Attribution(actor="toprung"))
            )
        elif step.match <= len(self.matches) and self.results[step.match - 1] is not step.result:
            self.results[step.match - 1] = step.result
            await self.opened.ladder.ratings.correct(
                self.matches[step.match - 1], step.result, Attribution(actor="Eve", reason="seen")
            )
        await self.look()

    @staticmethod
    def _sides(step: Played) -> list[tuple[int, str]]:
        return [(step.one, step.races[0]), (step.other, step.races[1])]


def no_progress(done: int, total: int) -> None:
    pass


async def page_of(
    opened: OpenLadder, past: PastMoment | None = None, since: Since | None = None, *, corrected: bool = False
) -> LeaderboardPage:
    return await opened.ladder.leaderboard.get_leaderboard_data(
        page_size=1_000, past=past, movement_since=since, is_movement_corrected=corrected
    )


async def lived(opened: OpenLadder, clock: FakeClock, life: Sequence[Step]) -> Life:
    one = Life(opened, clock)
    await one.begin()
    for step in life:
        await one.take(step)
    return one


async def verified(opened: OpenLadder) -> list[str]:
    return await opened.ladder.verification.verify(no_progress)
