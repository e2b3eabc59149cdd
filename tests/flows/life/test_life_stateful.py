"""Random lives of matches, through the real use cases: against an oracle, and by what must hold whatever happens.

`test_life_seeded_bugs` shows that this machine finds what it is there to find.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.domain.leaderboard.oracle import Asked, Oracle
from tests.domain.leaderboard.strategies import CERTAINTY, RACES, WINDOW_US
from tests.flows.life.life_ladder import Facts, LifeLadder, Open, Stored, foreseen, in_memory, on_postgres, on_sqlite
from tests.flows.life.life_oracle import (
    ANSWER_US,
    CONFIRM_US,
    DAY_US,
    MINUTE_US,
    OPEN,
    Form,
    Game,
    LifeOracle,
    Refused,
    System,
    elo,
)
from tests.support.databases import PostgresServer
from tests.support.fakes.ladder import FakeClock, FakeStorage
from toprung.application.ratings.rating_service import CorrectionOutcome
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import ToprungError
from toprung.domain.leaderboard import leaderboard as reference
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.matches.match import MatchResult, Outcome, Participant
from toprung.domain.matches.match_life import TRANSITIONS, Step
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.rating import Elo
from toprung.domain.ratings.rating_engine import EloEngine, Glicko2Engine, RatingEngine

T = TypeVar("T")

pytest_plugins = ("tests.support.databases",)

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


class LifeMachine(RuleBasedStateMachine):
    """Everything goes to the ladder and to the oracle; after every step all that is stored is compared."""

    place: ClassVar[Callable[[], AbstractAsyncContextManager[Open]]] = in_memory
    engine: ClassVar[RatingEngine] = EloEngine(Elo())
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
        self.ladder = LifeLadder(open_storage, self.clock, self.engine, reachable)
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
        start = self.engine.start()
        return foreseen(oracle, type(self).system, Form(start.mmr, start.skill))

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

    # Rules: players

    @rule(
        one=PLAYERS,
        other=PLAYERS,
        races=st.tuples(RACE, RACE),
        pick=PICKS,
        is_known=st.sampled_from((False, False, True)),
        times=st.sampled_from((1, 2)),
    )
    def open(self, one: int, other: int, races: tuple[str, str], pick: int, is_known: bool, times: int) -> None:
        """Once, or twice at the same instant; sometimes under a key that names a match already, of these or others."""
        known = is_known and self.oracle.games
        key = self.picked(pick).key if known else self.new_key()
        ids = (self.player_ids[one], self.player_ids[other])
        self.happen_at_once([self.opening(key, ((ids[0], races[0]), (ids[1], races[1])))] * times)

    @precondition(lambda self: len(self.free_players()) > 1)
    @rule(
        pick=PLAYERS,
        shift=PLAYERS,
        races=st.tuples(RACE, RACE),
        confirming=st.sampled_from(((0, 1), (1, 0), (0, 1), (1,), ())),
        says=st.none() | st.tuples(SIDES, SAYS),
        then=st.lists(st.sampled_from(("settle", "deadline")) | MOVES, max_size=4),
    )
    def play(
        self,
        pick: int,
        shift: int,
        races: tuple[str, str],
        confirming: tuple[int, ...],
        says: tuple[int, str] | None,
        then: list[str | tuple[int, int]],
    ) -> None:
        """Opens a match of two who are free, begins it perhaps, perhaps one side reports, and more happens."""
        free = self.free_players()
        one = free.pop(pick % len(free))
        key = self.new_key()
        self.happen(*self.opening(key, ((one, races[0]), (free[shift % len(free)], races[1]))))
        for side in confirming:
            self.happen(*self.acting(self.oracle.games[key], Move(side, Step.CONFIRM)))
        assert self.oracle.games[key].state == ("in_progress" if len(confirming) == 2 else "assigned")
        if says is not None:
            self.happen(*self.acting(self.oracle.games[key], Move(says[0], Step.REPORT, says[1])))
        for more in then:
            game = self.oracle.games[key]
            if more == "settle":
                self.settle_the_notice(pick, was_reached=True, only_pending=True)
            elif more == "deadline":
                self.clock.moment_us = max(self.clock.moment_us, game.deadline_us or 0)
                self.pass_deadlines()
            elif not isinstance(more, str):
                self.happen(*self.acting(game, self.move(game, more)))

    @precondition(has_games)
    @rule(pick=PICKS, move=MOVES, how=st.sampled_from(("once", "twice", "failing", "failing", "racing")))
    def act(self, pick: int, move: tuple[int, int], how: str) -> None:
        """What a player did once and does again changes nothing more."""
        game = self.picked(pick)
        step = self.acting(game, self.move(game, move))
        if how == "failing" and self.is_in_memory():
            self.fail(step[0])
        elif how == "racing" and self.is_in_memory():
            self.memory.lose_next_race()
        self.happen(*step)
        if how == "twice":
            self.happen(*step)

    def fail(self, real: Real) -> None:
        """The commit fails, and nothing is kept."""
        self.memory.fail_writes()
        assert self.run(outcome(real(self.ladder))) == "storage_unavailable"
        self.memory.fail_writes(0)
        assert self.run(self.ladder.stored()) == self.stored
        self.check_board()

    @precondition(has_games)
    @rule(pick=PICKS, says=st.tuples(SAYS, SAYS), first=SIDES)
    def both_report(self, pick: int, says: tuple[str, str], first: int) -> None:
        game = self.picked(pick)
        for side in (first, 1 - first):
            self.happen(*self.acting(game, Move(side, Step.REPORT, says[side])))

    @precondition(has_games)
    @rule(pick=PICKS, one=MOVES, other=st.none() | MOVES)
    def act_at_the_same_instant(self, pick: int, one: tuple[int, int], other: tuple[int, int] | None) -> None:
        """A step and its twin, or another one."""
        game = self.picked(pick)
        self.happen_at_once([self.acting(game, self.move(game, number)) for number in (one, other or one)])

    # Rules: time and messages

    @rule(us=st.sampled_from((1, MINUTE_US, 6 * MINUTE_US, 25 * MINUTE_US, DAY_US // 2, 8 * DAY_US)))
    def wait(self, us: int) -> None:
        self.clock.advance(us=us)

    @precondition(lambda self: any(game.state in OPEN for game in self.oracle.games.values()))
    @rule(us=st.sampled_from((-1, 0, 0, 1)), is_looked_at=st.sampled_from((True, True, False)))
    def wait_for_a_deadline(self, us: int, is_looked_at: bool) -> None:
        """To the next one that lies ahead, or to just before or after it."""
        now_us = self.clock.now_us()
        ahead = [game.deadline_us for game in self.oracle.games.values() if (game.deadline_us or 0) > now_us]
        if ahead:
            self.clock.advance(us=max(0, min(one for one in ahead if one is not None) + us - now_us))
        if is_looked_at:
            self.pass_deadlines()

    def pass_deadlines(self) -> None:
        self.happen(
            lambda ladder: ladder.lifecycle.pass_deadlines(), lambda oracle, now_us: oracle.pass_deadlines(now_us)
        )
        coming = [game.deadline_us for game in self.oracle.games.values() if game.deadline_us is not None]
        assert self.run(self.ladder.lifecycle.pass_deadlines()) == min(coming, default=None)
        assert all(one > self.clock.now_us() for one in coming)

    @precondition(has_games)
    @rule(pick=PICKS, was_reached=st.booleans(), only_pending=st.sampled_from((True, True, True, False)))
    def settle_a_notice(self, pick: int, was_reached: bool, only_pending: bool) -> None:
        self.settle_the_notice(pick, was_reached=was_reached, only_pending=only_pending)

    def settle_the_notice(self, pick: int, *, was_reached: bool, only_pending: bool) -> None:
        wanted = [
            place
            for place, notice in enumerate(self.oracle.notices)
            if not only_pending or (notice.was_reached is None and notice.kind in ("claim", "found"))
        ]
        if wanted:
            place = wanted[-1 - pick % len(wanted)]
            notice_id = self.stored.notices[place].id
            self.happen(
                lambda ladder: ladder.lifecycle.settle_notice(notice_id, was_reached=was_reached),
                lambda oracle, now_us: oracle.settle(place, now_us, was_reached=was_reached),
            )

    # Rules: organisers

    @precondition(has_games)
    @rule(pick=PICKS, result=RESULTS, is_open=st.sampled_from((False, False, True)))
    def correct(self, pick: int, result: MatchResult | None, is_open: bool) -> None:
        game = self.picked(pick, is_open=is_open)
        is_late = game.deadline_us is not None and game.deadline_us <= self.clock.now_us()
        seen: list[CorrectionOutcome] = []

        async def preview(ladder: LifeLadder) -> None:
            seen.append(await ladder.ratings.preview(await ladder.match_id(game.key), result))

        async def real(ladder: LifeLadder) -> None:
            match_id = await ladder.match_id(game.key)
            seen.append(await ladder.ratings.correct(match_id, result, Attribution(actor="Zoe", reason="a mistake")))

        before = self.stored
        if not is_late:
            self.run(outcome(preview(self.ladder)))
            assert self.run(self.ladder.stored()) == before
        self.judged.add(game.key)
        self.happen(real, lambda oracle, now_us: oracle.judge(game.key, result, now_us))
        assert is_late or seen[:1] == seen[1:]
        for told in seen[1:]:
            self.check_moves(before, told)

    def check_moves(self, before: Stored, told: CorrectionOutcome) -> None:
        """Whoever moved was named, with where from and to."""
        mmrs = {(one.player_id, one.race): one.mmr for one in before.entries.values()}
        ids = {name: player_id for player_id, name in self.names.items()}
        for move in told.moves:
            seat = (ids[move.player_name], move.race)
            assert self.stored.facts.entries[seat].mmr == move.mmr_after
            if told.before is None or seat in mmrs:
                assert mmrs.get(seat, self.engine.start().mmr) == move.mmr_before or told.before is not None

    @rule(is_new=st.booleans())
    def recompute_or_restart(self, is_new: bool) -> None:
        """Either brings nothing new, but that a recomputation is audited."""
        before = self.stored
        if is_new:
            self.run(self.ladder.restart())
        else:
            assert self.run(self.ladder.ratings.recompute(no_progress)).changed == 0
            self.recomputations += 1
        self.stored = self.run(self.ladder.stored())
        assert self.stored == before

    @rule(player=PLAYERS, what=st.sampled_from(("ban", "unban", "ban and unban", "pardon", "reach or lose")))
    def decide_on_a_player(self, player: int, what: str) -> None:
        player_id = self.player_ids[player]
        if what.startswith("ban"):
            self.happen(
                lambda ladder: ladder.players.ban(player_id), lambda oracle, now_us: oracle.ban(player_id, now_us)
            )
            assert not self.oracle.open_games(player_id)
        if what.endswith("unban"):
            lifted = {int(player_id): False}
            self.happen(lambda ladder: ladder.players.unban(player_id), lambda oracle, _: oracle.banned.update(lifted))
        if what == "pardon":
            self.happen(
                lambda ladder: ladder.players.pardon(player_id), lambda oracle, now_us: oracle.pardon(player_id, now_us)
            )
        if what == "reach or lose":
            self.ladder.reachable ^= {player_id}
            self.oracle.reachable = set(self.ladder.reachable)

    # What must hold whatever happened

    @invariant()
    def check(self) -> None:
        assert self.oracle.edges <= LAWFUL
        self.check_journal()
        self.check_people()
        self.check_board()
        assert self.run(self.ladder.verification.verify(no_progress)) == []
        for game in list(self.oracle.games.values())[-3:]:
            self.run(self.check_views(game))

    def check_journal(self) -> None:
        """One pair of rows for each match that ever had a result, each beginning where the one before ended."""
        start = self.engine.start()
        ends = {entry_id: Form(start.mmr, start.skill) for entry_id in self.stored.entries}
        changes = self.stored.facts.changes
        for row, (_, before, after) in zip(self.stored.journal, changes, strict=True):
            assert ends[row.entry_id] == before
            ends[row.entry_id] = after
        for (key, *one), (again, *other) in zip(changes[::2], changes[1::2], strict=True):
            assert key == again
            gains = [after.mmr - before.mmr for before, after in (one, other)]
            is_void = self.oracle.games[key].state != "completed"
            assert not is_void or gains == [0, 0]
            assert is_void or self.engine.code != "elo" or sum(gains) == 0
            for gain, (before, after) in zip(gains, (one, other), strict=True):
                assert gain >= 0 if after.won > before.won else gain <= 0 or after.lost == before.lost
        for entry_id, entry in self.stored.entries.items():
            assert ends[entry_id] == self.stored.facts.entries[entry.player_id, entry.race]
            assert entry.state.games_played == entry.state.games_won + entry.state.games_lost + entry.state.games_drawn
        counted = sum(game.state == "completed" for game in self.oracle.games.values())
        assert sum(entry.state.games_played for entry in self.stored.entries.values()) == 2 * counted
        assert len({key for key, _, _ in changes}) == len(changes) // 2
        if isinstance(self.ladder.storage, FakeStorage):
            database = self.memory.database
            assert database.journal[: len(self.raw_journal)] == self.raw_journal
            self.raw_journal = list(database.journal)
            assert len(database.audit) == self.oracle.corrections + self.recomputations
            assert [change.seq for change in database.changes] == list(range(1, database.seq + 1))

    def check_people(self) -> None:
        """Nobody is in two matches, nobody banned is in one, and only who kept a match from being played is fined."""
        games = self.stored.facts.games
        busy = [half[0] for state, *_, one, other in games.values() if state in OPEN for half in (one, other)]
        assert len(busy) == len(set(busy))
        assert not [player for player in busy if self.oracle.banned[player]]
        for state, _, deadline_us, result, ended_us, *halves in games.values():
            assert (deadline_us is not None) == (ended_us is None) == (state in OPEN)
            assert state != "completed" or result is not None
            assert halves[0][0] != halves[1][0]
        for player, key, offence, at_us, until_us, _ in self.stored.facts.fines:
            state, _, _, _, ended_us, *halves = games[key]
            assert (state, at_us) == ({"abort": "aborted", "abandon": "abandoned"}[offence], ended_us)
            ((told_us, confirmed_us),) = ((half[2], half[3]) for half in halves if half[0] == player)
            assert offence == "abort" or (confirmed_us is None and at_us >= told_us + CONFIRM_US)
            assert 5 * MINUTE_US <= until_us - at_us <= DAY_US
        self.check_telling()
        fined = [key for _, key, *_ in self.stored.facts.fines]
        assert {key for key, game in games.items() if game[0] in ("aborted", "abandoned")} == set(fined)
        assert all(fined.count(key) == 1 for key in fined if games[key][0] == "aborted")

    def check_telling(self) -> None:
        """Time runs against a side only where a notice to it was settled, by being said or by its own refusal.

        And only such a side loses by time alone: a claim that nobody was told of never completes a match.
        """
        facts = self.stored.facts
        settled = {
            (player, key, kind) for player, key, kind, _, was_reached in facts.notices if was_reached is not None
        }
        for key, (state, _, _, result, ended_us, *halves) in facts.games.items():
            for half, across in (halves, halves[::-1]):
                player, _, told_us, confirmed_us, said, _ = half
                assert told_us is None or told_us == confirmed_us or (player, key, "found") in settled
                if said is not None and said[2] is not None:
                    assert (across[0], key, "claim") in settled
                is_alone = said is not None and across[4] is None and result == said[0]
                if state == "completed" and is_alone and key not in self.judged and said[0] != LOSS[halves.index(half)]:
                    assert ended_us >= said[2] + ANSWER_US

    def check_board(self) -> None:
        """The live board, the reference query over what is stored and the oracle's rows are one."""
        players = {
            player_id: Player(id=player_id, name=name, is_banned=self.oracle.banned[player_id])
            for player_id, name in self.names.items()
        }
        board = Oracle(WINDOW_US, players=players, entries=self.stored.entries)
        now_us = self.clock.now_us()
        for best_race_only in (False, True):
            page = self.run(self.ladder.leaderboard.get_leaderboard_data(best_race_only=best_race_only, page_size=40))
            rows = tuple(board.rows(Asked(best_race_only=best_race_only), now_us))
            assert page.players == rows
            assert [row.filter_rank for row in page.players] == list(range(1, page.total_players + 1))
            if rows != self.known_rows[best_race_only]:  # the reference takes the longest of all
                frame = reference.ranked_entries(board.frame(), now_us=now_us, inactivity_us=WINDOW_US)
                shown = reference.filtered_entries(frame, Filters(best_race_only=best_race_only))
                assert (
                    reference.leaderboard_rows(shown, page=1, page_size=40, certainty=CERTAINTY, now_us=now_us) == rows
                )
                self.known_rows[best_race_only] = rows
        assert self.ladder.store.seq == self.stored.seq

    async def check_views(self, game: Game) -> None:
        """Who plays whom is for the two alone, and only once both have confirmed; strangers learn nothing."""
        match_id = await self.ladder.match_id(game.key)
        for player_id, name in self.names.items():
            if player_id not in game.players:
                assert await outcome(self.ladder.history.get(match_id, name)) == "step_refused"
                continue
            view = await self.ladder.history.get(match_id, name)
            known = {player.id for player in view.players if player is not None}
            assert known == (set(game.players) if game.has_started else {player_id})
            assert view.description()


class Glicko2Machine(LifeMachine):
    """The same by the other rating system."""

    engine = Glicko2Engine(Glicko2())
    system: ClassVar[System] = staticmethod(glicko2)


def lives(examples: int, steps: int) -> settings:
    """The loaded profile, with that many lives of that many steps; the nightly one lives longer, more often, and then
    looks for the shortest life that fails, which takes minutes."""
    if settings.get_current_profile_name() == "nightly":
        return settings(max_examples=20 * examples, stateful_step_count=2 * steps)
    return settings(
        max_examples=examples, stateful_step_count=steps, phases=[Phase.generate], report_multiple_bugs=False
    )


def machine(place: Callable[[], AbstractAsyncContextManager[Open]], system: str) -> type[LifeMachine]:
    """The machine on another storage."""
    base = Glicko2Machine if system == "glicko2" else LifeMachine
    return type(base.__name__, (base,), {"place": staticmethod(place)})


@pytest.mark.timeout(3_600)  # for the nightly profile; the quick one takes seconds
def test_matches_in_memory_live_as_the_oracle_says() -> None:
    run_state_machine_as_test(LifeMachine, settings=lives(examples=120, steps=30))


@pytest.mark.timeout(3_600)
def test_matches_live_as_the_oracle_says_by_glicko_2() -> None:
    run_state_machine_as_test(Glicko2Machine, settings=lives(examples=25, steps=25))


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("system", ["elo", "glicko2"])
def test_matches_on_sqlite_live_as_the_oracle_says(system: str, sqlite_template: Path) -> None:
    run_state_machine_as_test(machine(lambda: on_sqlite(sqlite_template), system), settings=lives(5, 20))


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("system", ["elo", "glicko2"])
def test_matches_on_postgresql_live_as_the_oracle_says(system: str, postgres_server: PostgresServer) -> None:
    run_state_machine_as_test(machine(lambda: on_postgres(postgres_server), system), settings=lives(5, 20))
