"""A ladder in memory whose process ends, is stuck and begins anew, on a machine whose clock is set."""

from typing import Final

from tests.conftest import CATALOG
from tests.support.composed import composed
from tests.support.fakes.jobs import FakeBootClock
from tests.support.fakes.ladder import FakeClock, FakeStorage, stored
from toprung.adapters.clock import SteadyClock
from toprung.application.matches.served_time import DEADLINES
from toprung.domain.matches.conduct import Penalty
from toprung.domain.matches.match import Match, MatchId, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import MatchRules, Step
from toprung.domain.matches.served_time import BEAT_SECONDS, Heartbeat
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import Player, PlayerId

FIRST: Final = PlayerId(1)
SECOND: Final = PlayerId(2)


class ServedLadder:
    """Two players, and a server that is there or not. `process_began` wires a new one on the same database."""

    def __init__(self, rules: MatchRules | None = None) -> None:
        self.rules = rules or MatchRules()
        self.storage, self.wall, self.boot = FakeStorage(), FakeClock(), FakeBootClock()
        players = (Player(id=PlayerId(number), name=f"p{number}", discord_id=number) for number in (FIRST, SECOND))
        stored(self.storage, *players)
        self.steady = SteadyClock(self.wall, self.boot)
        self._wire()

    def _wire(self) -> None:
        self.ladder = composed(CATALOG, self.storage, self.steady, match=self.rules)
        self.unit_of_work, self.lifecycle = self.ladder.unit_of_work, self.ladder.lifecycle
        self.served, self.challenges = self.ladder.served, self.ladder.challenges

    async def process_began(self) -> None:
        """A process that was just started, and has done what every one does first."""
        self.steady = SteadyClock(self.wall, self.boot)
        self._wire()
        await self.served.resume()

    async def turn(self) -> None:
        """What the loop does each time."""
        await self.served.follow(self.steady)
        await self.served.beat()
        await self.lifecycle.pass_deadlines()

    def pass_by(self, seconds: float) -> None:
        """Time goes by, and nobody does anything."""
        self.wall.advance(us=round(seconds * MICROSECONDS_PER_SECOND))
        self.boot.advance(seconds)

    def set_clock(self, by_seconds: float) -> None:
        """Somebody sets the machine's clock."""
        self.wall.advance(us=round(by_seconds * MICROSECONDS_PER_SECOND))

    async def serve(self, seconds: float) -> None:
        """The loop turns, and goes on to do so as it should."""
        await self.turn()
        while seconds > 0:
            self.pass_by(min(seconds, BEAT_SECONDS))
            seconds -= BEAT_SECONDS
            await self.turn()

    async def be_down(self, seconds: float) -> None:
        """The process ends, and another one begins so much later."""
        self.pass_by(seconds)
        await self.process_began()

    async def open(self) -> MatchId:
        """A match of the two."""
        race = CATALOG.race_codes[0]
        first, second = (Participant(player_id=one, race=race) for one in (FIRST, SECOND))
        return (await self.lifecycle.open(first, second)).id

    async def act(self, match_id: MatchId, player_id: PlayerId, step: Step, outcome: Outcome | None = None) -> Match:
        """One of them does something."""
        return await self.lifecycle.act(match_id, player_id, step, outcome)

    async def begun(self) -> MatchId:
        """A match that both have confirmed."""
        match_id = await self.open()
        for player_id in (FIRST, SECOND):
            await self.act(match_id, player_id, Step.CONFIRM)
        return match_id

    async def claimed(self) -> MatchId:
        """A match that the first one says to have won; the second one is out of reach, so that the time runs."""
        match_id = await self.begun()
        await self.act(match_id, FIRST, Step.REPORT, Outcome.WIN)
        return match_id

    def match(self, match_id: MatchId) -> Match:
        """It, as it is kept."""
        return self.storage.database.played.matches[match_id]

    def state(self, match_id: MatchId) -> MatchState:
        """How it stands."""
        return self.match(match_id).state

    def left_us(self, match_id: MatchId) -> int:
        """How long until its deadline, by the ladder's clock."""
        return (self.match(match_id).deadline_us or 0) - self.steady.now_us()

    @property
    def penalties(self) -> list[Penalty]:
        """All that there are."""
        return self.storage.database.played.penalties

    @property
    def heartbeat(self) -> Heartbeat | None:
        """The one that is kept."""
        return self.storage.database.heartbeats.get(DEADLINES)
