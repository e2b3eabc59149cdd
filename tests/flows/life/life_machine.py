"""What the machine of matches is made of: its moves, and how a step is made on the ladder and on the oracle."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from copy import deepcopy
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
)

from tests.domain.leaderboard.strategies import RACES
from tests.flows.life.life_ladder import Facts, LifeLadder, Open, Stored, foreseen, in_memory
from tests.flows.life.life_oracle import LifeOracle
from tests.flows.life.life_terms import OPEN, Form, Game, Ratings, Refused, System, elo
from tests.support.fakes.ladder import FakeClock, FakeStorage
from toprung.domain.errors import ToprungError
from toprung.domain.leaderboard import leaderboard as reference
from toprung.domain.matches.match import MatchResult, Outcome, Participant
from toprung.domain.matches.match_life import TRANSITIONS, Step
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.rating_system import RatingSystem, engine_of, rating_system

T = TypeVar("T")


NAMES: Final = ("Ann", "Bob", "Cid", "Dan", "Eve")
LOSS: Final = ("side_2_won", "side_1_won")
"""The result by which each side loses."""

STRANGER: Final = 2
"""Neither side of a match: somebody else."""

PICKS: Final = st.sampled_from((0, 0, 0, 0, 1, 1, 2, 3, 5, 8))
"""Mostly the newest, so that things happen to it in turn."""

PLAYERS: Final = st.integers(0, len(NAMES) - 1)
SIDES: Final = st.sampled_from((0, 1))
RACE: Final = st.sampled_from(RACES[:2])
SAYS: Final = st.sampled_from(("win", "win", "loss", "draw"))
RESULTS: Final = st.sampled_from((None, *MatchResult))


class Move(NamedTuple):
    """What a player may try with a match."""

    side: int
    step: Step
    says: str | None = None


STEPS: Final = (
    *((step, None) for step in (Step.CONFIRM, Step.ABORT, Step.WITHDRAW, Step.CANCEL, Step.CANCEL)),
    *((Step.REPORT, says) for says in ("win", "win", "loss", "draw")),
)
FITTING: Final = {"assigned": STEPS[:2], "in_progress": STEPS[3:], "reported": STEPS[2:]}
"""What a player is likely to try, by the state of the match."""

MOVES: Final = st.sampled_from(
    [(side, number) for number in range(2 * len(STEPS)) for side in (0, 1, 0, 1, 0, 1, STRANGER)]
)

LAWFUL: Final = {
    (state.value, step.value, to.value) for state, steps in TRANSITIONS.items() for step in steps for to in steps[step]
}
"""The edges of the published table of states."""

Real = Callable[[LifeLadder], Awaitable[object]]
Foretold = Callable[[LifeOracle, int], None]


def glicko2(first: Form, second: Form, points: float, ended_us: int) -> tuple[tuple[int, object], tuple[int, object]]:
    """The published system, which `tests/domain` holds against its example, and a deviation that grows with time."""
    system = Glicko2()
    skills = [
        form.skill if form.last_us is None else system.after_idle(form.skill, ended_us - form.last_us)
        for form in (first, second)
        if isinstance(form.skill, SkillEstimate)
    ]
    after = (
        system.after_game(skills[0], skills[1], points),
        system.after_game(skills[1], skills[0], 1 - points),
    )
    return (round(after[0].rating), after[0]), (round(after[1].rating), after[1])


def no_progress(done: int, total: int) -> None:
    pass


async def outcome(work: Awaitable[object]) -> str:
    """`done`, or the code of the refusal, which says something to a person."""
    try:
        await work
    except ToprungError as error:
        return error.code if str(error).endswith(".") else f"{error} is not a sentence"
    return "done"


class LifeSteps(RuleBasedStateMachine):
    """A ladder and its oracle, and how a step is made on both and compared."""

    place: ClassVar[Callable[[], AbstractAsyncContextManager[Open]]] = in_memory
    rated_by: ClassVar[RatingSystem] = rating_system("elo")
    system: ClassVar[System] = staticmethod(elo)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.raw_journal: list[object] = []
        self.judged: set[str] = set()
        self.recomputations = 0
        self.known_rows: dict[bool, tuple[reference.LeaderboardRow, ...]] = {False: (), True: ()}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.end())
        self.runner.close()

    async def end(self) -> None:
        if hasattr(self, "ladder"):
            await self.ladder.stop()
        await self.stack.aclose()

    @initialize(reachable=st.sets(PLAYERS))
    def begin(self, reachable: set[int]) -> None:
        self.clock = FakeClock()
        self.run(self.found({number + 1 for number in reachable}))

    async def found(self, reachable: set[int]) -> None:
        open_storage = await self.stack.enter_async_context(type(self).place())
        self.ladder = LifeLadder(open_storage, self.clock, self.rated_by, reachable)
        await self.ladder.start()
        self.player_ids = [(await self.ladder.players.register(name)).id for name in NAMES]
        self.names = dict(zip(self.player_ids, NAMES, strict=True))
        self.oracle = LifeOracle(dict.fromkeys(map(int, self.player_ids), False), reachable)
        self.stored = await self.ladder.stored()

    @property
    def memory(self) -> FakeStorage:
        assert isinstance(self.ladder.storage, FakeStorage)
        return self.ladder.storage

    # How a step is made and compared

    def happen(self, real: Real, foretold: Foretold) -> None:
        """One step. One that is refused changes nothing but what time has changed."""
        self.happen_at_once([(real, foretold)])

    def happen_at_once(self, steps: list[tuple[Real, Foretold]]) -> None:
        """Steps at the same instant: what comes of them is what comes of one after the other, in some order."""
        got, stored = self.run(self.at_once([real for real, _ in steps]))
        possible = [self.foretold(steps, range(len(steps)))]
        if possible[0][:2] != (got, stored.facts) and len(steps) > 1:
            possible.append(self.foretold(steps, range(len(steps))[::-1]))
        codes, facts, oracle = possible[-1]
        assert got == codes
        assert stored.facts == facts
        if set(got) != {"done"} and facts == self.stored.facts:
            assert stored == self.stored
        self.oracle, self.stored = oracle, stored

    def foretold(self, steps: list[tuple[Real, Foretold]], order: Sequence[int]) -> tuple[list[str], Facts, LifeOracle]:
        """What comes of steps in this order: of each, of what is stored, and of the oracle."""
        oracle, codes = self.oracle, ["done"] * len(steps)
        for place in order:
            oracle, codes[place] = self.after(oracle, steps[place][1])
        return codes, self.foreseen(oracle), oracle

    async def at_once(self, steps: list[Real]) -> tuple[list[str], Stored]:
        got = await asyncio.gather(*(outcome(step(self.ladder)) for step in steps))
        return list(got), await self.ladder.stored()

    def after(self, oracle: LifeOracle, foretold: Foretold) -> tuple[LifeOracle, str]:
        """The oracle after a step, or as it was where that is refused."""
        copy = deepcopy(oracle)
        try:
            foretold(copy, self.clock.now_us())
        except Refused as refused:
            return copy if refused.keeps_deadlines else oracle, refused.code
        return copy, "done"

    def foreseen(self, oracle: LifeOracle) -> Facts:
        return foreseen(oracle, self.ratings(oracle))

    def ratings(self, oracle: LifeOracle) -> Ratings:
        start = engine_of(self.rated_by).start()
        return oracle.ratings(type(self).system, Form(start.mmr, start.skill))

    def picked(self, pick: int, *, is_open: bool = True) -> Game:
        """A match, counted from the newest of those that are open, or of those that are over, and then the others."""
        games = sorted(self.oracle.games.values(), key=lambda game: (game.state in OPEN) == is_open)
        return games[-1 - pick % len(games)]

    def free_players(self) -> list[int]:
        """Who could play now."""
        now_us = self.clock.now_us()
        held = {one.player for one in self.oracle.fines if one.pardoned_us is None and one.until_us > now_us}
        held |= {player for game in self.oracle.games.values() if game.state in OPEN for player in game.players}
        return [player for player in self.player_ids if player not in held and not self.oracle.banned[player]]

    def has_games(self) -> bool:
        return bool(self.oracle.games)

    def is_in_memory(self) -> bool:
        return type(self).place is in_memory

    def new_key(self) -> str:
        return f"game {len(self.oracle.games) + 1}"

    # Steps, as they are for the ladder and for the oracle

    def opening(self, key: str, seats: tuple[tuple[int, str], tuple[int, str]]) -> tuple[Real, Foretold]:
        one, other = (Participant(player_id=PlayerId(player), race=race) for player, race in seats)
        return (
            lambda ladder: ladder.lifecycle.open(one, other, source_key=key),
            lambda oracle, now_us: oracle.open(key, seats, now_us),
        )

    def move(self, game: Game, number: tuple[int, int]) -> Move:
        """Half of the numbers mean any step, and half one that is likely."""
        side, choice = number
        steps = STEPS if choice < len(STEPS) else FITTING.get(game.state, STEPS)
        return Move(side, *steps[choice % len(steps)])

    def acting(self, game: Game, move: Move) -> tuple[Real, Foretold]:
        strangers = [player for player in self.player_ids if player not in game.players]
        player = strangers[0] if move.side == STRANGER else game.players[move.side]
        says = None if move.says is None else Outcome(move.says)

        async def real(ladder: LifeLadder) -> object:
            return await ladder.lifecycle.act(await ladder.match_id(game.key), PlayerId(player), move.step, says)

        return real, lambda oracle, now_us: oracle.step(game.key, player, move.step, move.says, now_us)
