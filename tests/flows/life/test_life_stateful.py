"""Random lives of matches, through the real use cases: against an oracle, and by what must hold whatever happens.

`test_life_seeded_bugs` shows that this machine finds what it is there to find.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.flows.life.life_checks import LifeChecks
from tests.flows.life.life_ladder import LifeLadder, Open, Stored, on_postgres, on_sqlite
from tests.flows.life.life_machine import (
    MOVES,
    PICKS,
    PLAYERS,
    RACE,
    RESULTS,
    SAYS,
    SIDES,
    Move,
    Real,
    glicko2,
    no_progress,
    outcome,
)
from tests.flows.life.life_oracle import LifeOracle
from tests.flows.life.life_terms import DAY_US, MINUTE_US, OPEN, Ratings, System
from tests.flows.life.linked_oracle import linked_ratings
from tests.support.databases import PostgresServer
from toprung.application.ratings.rating_service import CorrectionOutcome
from toprung.application.writing.audit import Attribution
from toprung.domain.matches.match import MatchResult
from toprung.domain.matches.match_life import Step
from toprung.domain.ratings.rating_system import engine_of, rating_system

pytest_plugins = ("tests.support.databases",)


class LifeMachine(LifeChecks):
    """Everything goes to the ladder and to the oracle; after every step all that is stored is compared."""

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

    @precondition(LifeChecks.has_games)
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

    @precondition(LifeChecks.has_games)
    @rule(pick=PICKS, says=st.tuples(SAYS, SAYS), first=SIDES)
    def both_report(self, pick: int, says: tuple[str, str], first: int) -> None:
        game = self.picked(pick)
        for side in (first, 1 - first):
            self.happen(*self.acting(game, Move(side, Step.REPORT, says[side])))

    @precondition(LifeChecks.has_games)
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

    @precondition(LifeChecks.has_games)
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

    @precondition(LifeChecks.has_games)
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
                newcomer = engine_of(self.rated_by).start()
                is_newcomers = seat not in mmrs and self.rated_by.code == "linked"  # told by other races
                assert mmrs.get(seat, newcomer.mmr) == move.mmr_before or told.before is not None or is_newcomers

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


class Glicko2Machine(LifeMachine):
    """The same by the other rating system."""

    rated_by = rating_system("glicko2")
    system: ClassVar[System] = staticmethod(glicko2)


class LinkedMachine(LifeMachine):
    """The same where games with one race are heard of by the others."""

    rated_by = rating_system("linked")

    def ratings(self, oracle: LifeOracle) -> Ratings:
        return linked_ratings(oracle)


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
    base = {"elo": LifeMachine, "glicko2": Glicko2Machine, "linked": LinkedMachine}[system]
    return type(base.__name__, (base,), {"place": staticmethod(place)})


@pytest.mark.timeout(3_600)  # for the nightly profile; the quick one takes seconds
def test_matches_in_memory_live_as_the_oracle_says() -> None:
    run_state_machine_as_test(LifeMachine, settings=lives(examples=120, steps=30))


@pytest.mark.timeout(3_600)
def test_matches_live_as_the_oracle_says_by_glicko_2() -> None:
    run_state_machine_as_test(Glicko2Machine, settings=lives(examples=25, steps=25))


@pytest.mark.timeout(3_600)
def test_matches_live_as_the_oracle_says_by_the_linked_rating() -> None:
    run_state_machine_as_test(LinkedMachine, settings=lives(examples=40, steps=30))


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("system", ["elo", "glicko2", "linked"])
def test_matches_on_sqlite_live_as_the_oracle_says(system: str, sqlite_template: Path) -> None:
    run_state_machine_as_test(machine(lambda: on_sqlite(sqlite_template), system), settings=lives(5, 20))


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("system", ["elo", "glicko2", "linked"])
def test_matches_on_postgresql_live_as_the_oracle_says(system: str, postgres_server: PostgresServer) -> None:
    run_state_machine_as_test(machine(lambda: on_postgres(postgres_server), system), settings=lives(5, 20))
