"""Deliveries to a victim: many at once, out of order, some twice, and again whatever was not acknowledged."""

import random
from collections.abc import Iterable
from typing import Final

from chaos.workload import Request, Stages

DUPLICATE_CHANCE: Final = 0.25
OPEN_MATCHES_MAX: Final = 40


class Deliveries:
    """What is still to be delivered, what is on its way, and what was acknowledged.

    A player is in one match at a time; a duplicate comes at any time after the first answer, even long afterwards.
    """

    def __init__(self, matches: Iterable[Stages], chance: random.Random) -> None:
        self._chance = chance
        self._waiting = list(matches)
        self._left: dict[int, Stages] = {}
        self._busy: set[int] = set()
        self._ready: list[Request] = []
        self._on_their_way: dict[int, Request] = {}
        self._number = 0
        self._answered: set[Request] = set()
        self.acknowledged: set[Request] = set()
        self.duplicates = 0
        self.sent_again = 0

    @property
    def are_done(self) -> bool:
        """Whether everything was acknowledged."""
        return not (self._waiting or self._left or self._ready or self._on_their_way)

    @property
    def left(self) -> int:
        """How many requests have no answer yet."""
        waiting = sum(len(stage) for stages in self._waiting for stage in stages)
        begun = sum(len(stage) for stages in self._left.values() for stage in stages)
        return waiting + begun

    @property
    def on_their_way(self) -> int:
        """How many answers are waited for."""
        return len(self._on_their_way)

    def next(self) -> tuple[int, Request] | None:
        """The next one, with a number to answer to; None where all the rest waits for an answer."""
        self._begin_matches()
        if not self._ready:
            return None
        place = self._chance.randrange(len(self._ready))
        self._ready[place], self._ready[-1] = self._ready[-1], self._ready[place]
        self._number += 1
        self._on_their_way[self._number] = self._ready.pop()
        return self._number, self._on_their_way[self._number]

    def answered(self, number: int, *, is_done: bool) -> None:
        """One was acknowledged; or it was refused, and is not asked for again."""
        request = self._on_their_way.pop(number)
        if request in self._answered:
            return
        self._answered.add(request)
        if is_done:
            self.acknowledged.add(request)
        if self._chance.random() < DUPLICATE_CHANCE:
            self.duplicates += 1
            self._ready.append(request)
        stages = self._left[request.match]
        stages[0].remove(request)
        if not stages[0]:
            del stages[0]
            if stages:
                self._ready += stages[0]
            else:
                del self._left[request.match]
                self._busy -= set(request.players)

    def interrupted(self) -> None:
        """The victim is dead: nobody knows what became of what was on its way, so it is all delivered again."""
        self.sent_again += len(self._on_their_way)
        self._ready += self._on_their_way.values()
        self._on_their_way.clear()

    def _begin_matches(self) -> None:
        for place in range(len(self._waiting) - 1, -1, -1):
            if len(self._left) >= OPEN_MATCHES_MAX:
                return
            players = set(self._waiting[place][0][0].players)
            if not players & self._busy:
                stages = self._waiting.pop(place)
                self._busy |= players
                self._left[stages[0][0].match] = stages
                self._ready += stages[0]
