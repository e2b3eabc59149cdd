"""Ratings that an organiser sets by hand."""

from dataclasses import dataclass
from typing import Final

from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution, about, audit
from toprung.application.writing.engines import Engines
from toprung.application.writing.given_ratings import GivenRating, RatingGiver
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.events import RatingSet
from toprung.domain.game.catalog import Catalog
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.linked_engine import GIVEN_DEVIATION_MIN
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, EntryState, RatingChangeKind
from toprung.domain.ratings.rating_log import set_by_hand

GIVEN_DEVIATION_MAX: Final = 350.0
"""As unsure as nobody is in any system; a system that is surer of newcomers takes its own most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingSetOutcome:
    """What setting a rating does, or would do. What was before is None where the player has no entry with the race.

    The deviations are None where the rating system has none, or nothing is known of it.
    """

    player_name: str
    race: str
    mmr_before: int | None
    mmr_after: int
    deviation_before: float | None
    deviation_after: float | None
    games_played: int


class RatingAdjustment:
    """Sets ratings. The number is the organiser's, and so is how unsure it is, until games have confirmed it."""

    def __init__(self, *, unit_of_work: UnitOfWork, catalog: Catalog, clock: Clock, engines: Engines) -> None:
        self._unit_of_work = unit_of_work
        self._catalog = catalog
        self._clock = clock
        self._engines = engines

    async def preview(
        self, player_id: PlayerId, race: str, mmr: int, deviation: float | None = None
    ) -> RatingSetOutcome:
        """What setting a rating would do; nothing is changed. Raises what `set_rating` does."""
        code, now_us = self._checked(race, mmr, deviation), self._clock.now_us()

        def work(tx: Transaction) -> RatingSetOutcome:
            giver = RatingGiver(tx, self._engines.current(tx), now_us)
            return self._planned(tx, giver, player_id, code, mmr, deviation)[0]

        return await self._unit_of_work.read(work)

    async def set_rating(
        self, player_id: PlayerId, race: str, mmr: int, by: Attribution, deviation: float | None = None
    ) -> RatingSetOutcome:
        """Sets a rating, as unsure as the deviation says; counts and times stay.

        Without a deviation it is what the rating system takes such a number for. A player without an entry with the
        race gets one. Raises `NotFound` for no such player, and `InvalidInput` for a race, number or reason that cannot
        be, or a rating that is set so already.
        """
        code, explained = self._checked(race, mmr, deviation), by.explained()
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> RatingSetOutcome:
            tx.journal.exclude_other_ratings()
            giver = RatingGiver(tx, self._engines.current(tx), now_us)
            outcome, given = self._planned(tx, giver, player_id, code, mmr, deviation)
            (entry,), others = giver.give(RatingChangeKind.SET, [given])
            details = {"race": code, "mmr_before": outcome.mmr_before, "mmr_after": outcome.mmr_after}
            if deviation is not None:
                details["deviation"] = round(deviation)
            audit(tx, explained, "set_rating", about(player_id), now_us=now_us, **details)
            tx.changes.record(RatingSet(entry=entry, others=tuple(others)))
            return outcome

        return await self._unit_of_work.run(work)

    def _checked(self, race: str, mmr: int, deviation: float | None) -> str:
        if not MMR_MIN <= mmr <= MMR_MAX:
            raise InvalidInput(
                "mmr", "An MMR lies between {least} and {most}.", "mmr_range", least=MMR_MIN, most=MMR_MAX
            )
        if deviation is not None and not GIVEN_DEVIATION_MIN <= deviation <= GIVEN_DEVIATION_MAX:
            raise InvalidInput(
                "deviation",
                "A number that is given can be taken to be off by {least} to {most} points; nobody knows it better.",
                "deviation_range",
                least=round(GIVEN_DEVIATION_MIN),
                most=round(GIVEN_DEVIATION_MAX),
            )
        return self._catalog.race(race).code

    def _planned(
        self,
        tx: Transaction,
        giver: RatingGiver,
        player_id: PlayerId,
        race: str,
        mmr: int,
        deviation: float | None,
    ) -> tuple[RatingSetOutcome, GivenRating]:
        player = tx.players.by_ids([player_id]).get(player_id)
        if player is None:
            raise NotFound("There is no player with the id {number}.", "player_id", number=str(player_id))
        entry = tx.entries.by_keys([(player_id, race)]).get((player_id, race))
        before = None if entry is None else entry.state
        standing = self._engines.current(tx).set_to(mmr, deviation)
        if deviation is not None and standing.skill is None:
            raise InvalidInput(
                "deviation",
                "This ladder is rated by a system that does not say how sure a rating is; leave the deviation out.",
                "no_deviation",
            )
        if before is not None and (before.mmr, before.skill) == (standing.mmr, standing.skill):
            raise InvalidInput(
                "mmr",
                "The rating of {name} is set to {mmr} already; there is nothing to do.",
                "mmr_same",
                name=player.name,
                mmr=str(mmr),
            )
        state = set_by_hand(before, EntryState(mmr=standing.mmr, skill=standing.skill))
        given = GivenRating(player_id=player_id, race=race, entry=entry, state=state)
        shown = giver.foresee(given).shown
        outcome = RatingSetOutcome(
            player_name=player.name,
            race=race,
            mmr_before=None if before is None else before.mmr,
            mmr_after=shown.mmr,
            deviation_before=None if before is None or before.skill is None else before.skill.deviation,
            deviation_after=None if shown.skill is None else shown.skill.deviation,
            games_played=0 if entry is None else entry.state.games_played,
        )
        return outcome, given
