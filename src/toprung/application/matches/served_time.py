"""Time served: a heartbeat says when the ladder was there, and what it missed is given back before anything is due.

What runs out for somebody are rows with a moment of the clock. They stay right because whoever acts on them comes after
the heartbeat: a process beats before it does anything else, its loop beats while it serves, and a unit of work that
finds the last beat to be too long ago beats first. One transaction holds the beat and all that it moves, so that being
killed in it, or doing it again, never gives anything back twice.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from toprung.application.matches import challenge_service, match_notices
from toprung.application.ports.clock import Clock, SteadyTime
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.events import MatchMoved
from toprung.domain.matches.match_life import MatchRules, give_back
from toprung.domain.matches.served_time import BEAT_SECONDS, SERVED_BETWEEN_BEATS_US_MAX, Heartbeat, next_beat
from toprung.domain.moment import MICROSECONDS_PER_SECOND

DEADLINES: Final = "deadlines"
"""The name of the heartbeat of the loop that enforces deadlines."""

STEP_US_MAX: Final = MICROSECONDS_PER_SECOND
"""How far the machine's clock may be from the ladder's before that counts as set."""

_EARLY_US: Final = MICROSECONDS_PER_SECOND

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beaten:
    """A heartbeat, and what it moved: by how much at most in microseconds, and how many deadlines."""

    at_us: int
    by_us: int = 0
    matches: int = 0
    challenges: int = 0


class ServedTime:
    """Beats, and gives back what was not served."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock, rules: MatchRules, challenge_us: int) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._rules = rules
        self._challenge_us = challenge_us
        self._beaten_at_us: int | None = None
        self._beating = asyncio.Lock()

    async def resume(self) -> None:
        """Gives back what was not served until now; for a process that begins. Raises `StorageUnavailable`."""
        await self._unit_of_work.run_first(partial(self._beat, is_first=True), _logged("time_not_served"))

    async def beat(self) -> None:
        """Says that the ladder serves, unless that was said just now, and gives back what was not served since then.

        From the first beat on, nothing else is written where the last one is too long ago. Raises `StorageUnavailable`.
        """
        last_us = self._beaten_at_us
        if last_us is None:
            self._unit_of_work.go_first(self._catch_up)
        elif 0 <= self._clock.now_us() - last_us < BEAT_SECONDS * MICROSECONDS_PER_SECOND - _EARLY_US:
            return
        await self._unit_of_work.run_first(partial(self._beat, is_first=False), self._served)

    async def follow(self, steady: SteadyTime) -> bool:
        """Takes deadlines and the ladder's clock along where the machine's clock was set.

        False where other work is under way, and it is for the next time: until then the ladder's clock goes on as if
        nothing had happened. Raises `StorageUnavailable`.
        """
        step_us = steady.step_us()
        if abs(step_us) <= STEP_US_MAX:
            return True

        def followed(beaten: Beaten) -> None:
            steady.follow(step_us)
            self._beaten_at_us = beaten.at_us
            _log.warning("clock_was_set", step_seconds=_seconds(step_us), **_counts(beaten))

        return await self._unit_of_work.run_alone(partial(self._step, step_us), followed)

    def _served(self, beaten: Beaten) -> None:
        self._beaten_at_us = beaten.at_us
        _logged("time_not_served")(beaten)

    async def _catch_up(self) -> None:
        """Beats where the last beat is so long ago that nobody was served meanwhile."""
        if not self._is_late():
            return
        async with self._beating:
            if self._is_late():
                await self.beat()

    def _is_late(self) -> bool:
        last_us = self._beaten_at_us
        return last_us is not None and self._clock.now_us() - last_us > SERVED_BETWEEN_BEATS_US_MAX

    def _beat(self, tx: Transaction, *, is_first: bool) -> Beaten:
        now_us = self._clock.now_us()
        last = tx.heartbeats.get(DEADLINES)
        if last is None:  # nobody knows for how long nobody was served
            tx.heartbeats.put(DEADLINES, Heartbeat(at_us=now_us))
            return self._give_back(tx, None, now_us)
        heartbeat, by_us = next_beat(last, now_us, is_first=is_first)
        tx.heartbeats.put(DEADLINES, heartbeat)
        if by_us < 0:
            _take_along(tx, by_us, now_us)
        return self._give_back(tx, by_us, now_us) if by_us else Beaten(at_us=now_us)

    def _step(self, step_us: int, tx: Transaction) -> Beaten:
        """The machine's clock was set by so much: everything that is to come keeps its distance from now."""
        before_us = self._clock.now_us()
        now_us = before_us + step_us
        last = tx.heartbeats.get(DEADLINES) or Heartbeat(at_us=before_us)
        heartbeat, by_us = next_beat(last, before_us, is_first=False)
        tx.heartbeats.put(DEADLINES, Heartbeat(at_us=now_us, owed_us=heartbeat.owed_us))
        _take_along(tx, step_us, min(last.at_us, now_us))
        return self._give_back(tx, by_us + step_us, now_us)

    def _give_back(self, tx: Transaction, by_us: int | None, now_us: int) -> Beaten:
        moved = {}
        largest_us = 0
        for before in tx.matches.with_deadlines():
            after = give_back(before, by_us, now_us, self._rules)
            tx.matches.save(after)
            tx.changes.record(MatchMoved(match_id=after.id, state=after.state, deadline_us=after.deadline_us))
            moved[after.id] = after
            largest_us = max(largest_us, (after.deadline_us or 0) - (before.deadline_us or 0), key=abs)
        if moved:
            match_notices.restate(tx, moved, now_us)
        challenges = challenge_service.give_back(tx, by_us, now_us, self._challenge_us)
        return Beaten(at_us=now_us, by_us=largest_us, matches=len(moved), challenges=challenges)


def _take_along(tx: Transaction, by_us: int, after_us: int) -> None:
    """What keeps somebody waiting until a moment of the clock: a penalty, and a message that is to be tried again."""
    tx.penalties.move(by_us, until_after_us=after_us)
    tx.intents.move_due(by_us, due_after_us=after_us)


def _logged(event: str) -> Callable[[Beaten], None]:
    def log(beaten: Beaten) -> None:
        if beaten.matches or beaten.challenges:
            _log.warning(event, **_counts(beaten))

    return log


def _counts(beaten: Beaten) -> dict[str, float]:
    return {
        "matches": beaten.matches,
        "challenges": beaten.challenges,
        "moved_seconds_max": _seconds(beaten.by_us),
    }


def _seconds(us: int) -> float:
    return round(us / MICROSECONDS_PER_SECOND, 1)
