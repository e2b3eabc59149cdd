"""The life of a match, from two assigned players to a result: what players, organisers and deadlines do to it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from uuid import uuid4

import structlog

from toprung.application.matches.match_readiness import locked_players, require_ready
from toprung.application.matches.match_steps import MatchSteps
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution, audit
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, InvalidInput, NotFound
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches import match_life
from toprung.domain.matches.match import Match, MatchId, NewMatch, Outcome, Participant, Side
from toprung.domain.matches.match_life import Step, StepRefused
from toprung.domain.matches.notice import Notice, NoticeId
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import Player, PlayerId

DUE_AT_ONCE_MAX: Final = 50
FAILED_AGAIN_US: Final = 60 * MICROSECONDS_PER_SECOND
PENDING_NOTICES_MAX: Final = 200
SOURCE_KEY_MAX_CODE_POINTS: Final = 100

_log = structlog.get_logger(__name__)

Choose = Callable[[Sequence[str]], str]
"""Chance: one of several."""


class MatchLifecycle:
    """Opens matches and takes them further. Every method is one transaction, and harmless when it is called again."""

    def __init__(
        self, *, unit_of_work: UnitOfWork, catalog: Catalog, clock: Clock, steps: MatchSteps, choose: Choose
    ) -> None:
        self._unit_of_work = unit_of_work
        self._catalog = catalog
        self._clock = clock
        self._steps = steps
        self._choose = choose

    async def open(
        self,
        first: Participant,
        second: Participant,
        *,
        source_key: str | None = None,
        map_name: str | None = None,
        by: Attribution | None = None,
    ) -> Match:
        """A match that these two are to play, on a map of the season's pool unless one is named.

        The same key again gives the match that there is. Where an organiser opens it, `by` says who and why. Raises
        `NotFound`, `InvalidInput`, and `Conflict` for a player who is busy, banned or sits out a penalty.
        """
        key = source_key or f"hand {uuid4().hex}"
        work = self.opening(first, second, source_key=key, map_name=map_name, by=by)
        return await self._unit_of_work.run(work)

    def opening(
        self,
        first: Participant,
        second: Participant,
        *,
        source_key: str,
        map_name: str | None = None,
        by: Attribution | None = None,
    ) -> Callable[[Transaction], Match]:
        """What `open` does, for a transaction that does more than that. Raises as `open` does, here and there."""
        if not 1 <= len(source_key) <= SOURCE_KEY_MAX_CODE_POINTS:
            raise InvalidInput(
                "key", "A key has 1 to {most} characters.", "key_length", most=SOURCE_KEY_MAX_CODE_POINTS
            )
        if first.player_id == second.player_id:
            raise InvalidInput(
                "player_2", "A player cannot play a match against themselves; name two players.", "same_player"
            )
        for participant in (first, second):
            self._catalog.race(participant.race)
        chosen_map = self._map(map_name)
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Match:
            players = locked_players(tx, (first.player_id, second.player_id))
            known = tx.matches.by_source_key(source_key)
            if known is not None:
                if known.participants != (first, second):
                    raise Conflict(
                        "The key {key} names another match already, number {number}; use another key.",
                        "key_used",
                        key=repr(source_key),
                        number=str(known.id),
                    )
                return known
            self.require_ready(tx, players, now_us)
            new = NewMatch(
                source_key=source_key,
                sides=((first,), (second,)),
                assigned_at_us=now_us,
                deadline_us=now_us + self._steps.rules.tell_us,
                map_name=chosen_map,
                server=self._server(*players),
            )
            match = self._steps.open(tx, new, now_us)
            audit(tx, by, "open_match", f"match {match.id}", now_us=now_us, map=chosen_map)
            return match

        return work

    def require_ready(self, tx: Transaction, players: tuple[Player, Player], now_us: int) -> None:
        """Raises `NotReady` where one of the two cannot play now; a match whose time is up ends first."""
        for open_match in set(tx.matches.open_of([player.id for player in players]).values()):
            self._steps.current(tx, open_match, now_us)
        require_ready(tx, players, now_us)

    def _map(self, wanted: str | None) -> str | None:
        pool = [one.name for one in self._catalog.current_maps]
        if wanted is None:
            return self._choose(pool) if pool else None
        known = {name.casefold(): name for name in pool}
        if wanted.strip().casefold() not in known:
            raise InvalidInput(
                "map",
                "{map} is not in the map pool, which has {maps}.",
                "map",
                map=repr(wanted),
                maps=", ".join(pool) or "none",
            )
        return known[wanted.strip().casefold()]

    def _server(self, first: Player, second: Player) -> str | None:
        """The server between two regions; a region that nobody said is taken to be the other player's."""
        regions = [player.region for player in (first, second) if player.region is not None]
        if not regions or not self._catalog.servers:
            return None
        return self._catalog.server_for(regions[0], regions[-1]).code

    async def act(
        self,
        match_id: MatchId,
        player_id: PlayerId,
        step: Step,
        outcome: Outcome | None = None,
        by: Attribution | None = None,
    ) -> Match:
        """The match after one of its players did something about it; `outcome` is what a report says.

        Where an organiser does it for the player, `by` says who and why. Raises `NotFound`, and `StepRefused` for what
        the match does not allow, or not this player.
        """
        _check_outcome(step, outcome)
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Match | StepRefused:
            match = self._steps.current(tx, match_id, now_us)
            try:
                side = match_life.side_of(match, player_id)
                after = self._after(match, side, step, outcome, now_us)
            except StepRefused as refusal:
                return refusal  # given and not raised, so that what a deadline did is kept
            taken = self._steps.take(tx, match, after, now_us, aborted_by=side if step is Step.ABORT else None)
            details = {"player": player_id, "outcome": outcome, "before": match.state, "after": taken.state}
            audit(tx, by, step.value, f"match {match_id}", now_us=now_us, **details)
            return taken

        came_of_it = await self._unit_of_work.run(work)
        if isinstance(came_of_it, StepRefused):
            raise came_of_it
        return came_of_it

    async def foresee(
        self, match_id: MatchId, player_id: PlayerId, step: Step, outcome: Outcome | None = None
    ) -> tuple[Match, Match]:
        """The match as it is, and as `act` would leave it; nothing is changed. Raises what `act` raises."""
        _check_outcome(step, outcome)
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> tuple[Match, Match]:
            match = tx.matches.get(match_id)
            if match is None:
                raise NotFound("There is no match {number}.", "match", number=str(match_id))
            match = match_life.pass_deadlines(match, now_us)
            side = match_life.side_of(match, player_id)
            return match, self._after(match, side, step, outcome, now_us)

        return await self._unit_of_work.read(work)

    def _after(self, match: Match, side: Side, step: Step, outcome: Outcome | None, now_us: int) -> Match:
        rules = self._steps.rules
        if step is Step.REPORT and outcome is not None:
            return match_life.report(match, side, outcome.result_for(side), now_us, rules)
        if step is Step.CONFIRM:
            return match_life.confirm(match, side, now_us, rules)
        if step is Step.ABORT:
            return match_life.abort(match, now_us)
        if step is Step.WITHDRAW:
            return match_life.withdraw(match, side, rules)
        if step is Step.CANCEL:
            return match_life.cancel(match, side, now_us)
        raise StepRefused("A player cannot do that to match {number}; ask an organiser.", "refused", match.id)

    async def pass_deadlines(self) -> int | None:
        """Takes every match whose deadline has passed further, and gives the next deadline of all.

        A match that fails is logged, does not hold up the others, and is tried again after a minute.
        """
        failed: set[MatchId] = set()
        while True:
            due = await self._unit_of_work.read(partial(self._due, DUE_AT_ONCE_MAX + len(failed)))
            waiting = [match_id for match_id in due if match_id not in failed]
            if not waiting:
                next_us = await self._unit_of_work.read(lambda tx: tx.matches.next_deadline_us())
                again_us = self._clock.now_us() + FAILED_AGAIN_US
                return again_us if next_us is not None and failed and next_us < again_us else next_us
            for match_id in waiting:
                try:
                    await self._unit_of_work.run(partial(self._pass, match_id, self._clock.now_us()))
                except Exception:  # noqa: BLE001 - the one catch-all of this loop: the row stays, and is tried again
                    _log.exception("deadline_failed", match=match_id)
                    failed.add(match_id)

    def _due(self, limit: int, tx: Transaction) -> list[MatchId]:
        return tx.matches.due(self._clock.now_us(), limit)

    def _pass(self, match_id: MatchId, now_us: int, tx: Transaction) -> None:
        self._steps.current(tx, match_id, now_us)

    async def pending_notices(self) -> list[Notice]:
        """What players are still to be told, the oldest first."""
        return await self._unit_of_work.read(lambda tx: tx.notices.pending(PENDING_NOTICES_MAX))

    async def settle_notice(self, notice_id: NoticeId, *, was_reached: bool) -> None:
        """See `MatchSteps.settle`."""
        now_us = self._clock.now_us()
        await self._unit_of_work.run(lambda tx: self._steps.settle(tx, notice_id, now_us, was_reached=was_reached))


def _check_outcome(step: Step, outcome: Outcome | None) -> None:
    if (outcome is None) == (step is Step.REPORT):
        raise InvalidInput("outcome", "A report says win, loss or draw; nothing else has an outcome.", "outcome")
