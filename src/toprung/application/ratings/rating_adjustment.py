"""Ratings that an organiser sets by hand."""

from dataclasses import dataclass, replace

from toprung.application.ports.clock import Clock
from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution, about, audit
from toprung.application.writing.engines import Engines
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.events import RatingSet
from toprung.domain.game.catalog import Catalog
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, Entry, EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.rating_log import set_by_hand


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
    """Sets ratings. The number is the organiser's, and the deviation a newcomer's, until games have confirmed it."""

    def __init__(self, *, unit_of_work: UnitOfWork, catalog: Catalog, clock: Clock, engines: Engines) -> None:
        self._unit_of_work = unit_of_work
        self._catalog = catalog
        self._clock = clock
        self._engines = engines

    async def preview(self, player_id: PlayerId, race: str, mmr: int) -> RatingSetOutcome:
        """What setting a rating would do; nothing is changed. Raises what `set_rating` does."""
        code = self._checked(race, mmr)
        return await self._unit_of_work.read(lambda tx: self._planned(tx, player_id, code, mmr)[0])

    async def set_rating(self, player_id: PlayerId, race: str, mmr: int, by: Attribution) -> RatingSetOutcome:
        """Sets a rating; counts and times stay. A player without an entry with the race gets one.

        Raises `NotFound` for no such player, and `InvalidInput` for a race, number or reason that cannot be, or a
        rating that is set so already.
        """
        code, explained = self._checked(race, mmr), by.explained()
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> RatingSetOutcome:
            tx.journal.exclude_other_ratings()
            outcome, player, entry, after = self._planned(tx, player_id, code, mmr)
            before = None if entry is None else entry.state
            if entry is None:
                new = NewEntry(player_id=player.id, race=code, state=after)
                (entry,) = tx.entries.add([new])
            else:
                entry = replace(entry, state=after)
                tx.entries.save([entry])
            tx.journal.append(
                [RatingChange(entry_id=entry.id, kind=RatingChangeKind.SET, before=before, after=after, at_us=now_us)]
            )
            details = {"race": code, "mmr_before": outcome.mmr_before, "mmr_after": outcome.mmr_after}
            audit(tx, explained, "set_rating", about(player.id), now_us=now_us, **details)
            tx.changes.record(RatingSet(entry=entry))
            return outcome

        return await self._unit_of_work.run(work)

    def _checked(self, race: str, mmr: int) -> str:
        if not MMR_MIN <= mmr <= MMR_MAX:
            raise InvalidInput(
                "mmr", "An MMR lies between {least} and {most}.", "mmr_range", least=MMR_MIN, most=MMR_MAX
            )
        return self._catalog.race(race).code

    def _planned(
        self, tx: Transaction, player_id: PlayerId, race: str, mmr: int
    ) -> tuple[RatingSetOutcome, Player, Entry | None, EntryState]:
        player = tx.players.by_ids([player_id]).get(player_id)
        if player is None:
            raise NotFound("There is no player with the id {number}.", "player_id", number=str(player_id))
        entry = tx.entries.by_keys([(player_id, race)]).get((player_id, race))
        before = None if entry is None else entry.state
        standing = self._engines.current(tx).set_to(mmr)
        after = set_by_hand(before, EntryState(mmr=standing.mmr, skill=standing.skill))
        if before == after:
            raise InvalidInput(
                "mmr",
                "The rating of {name} is set to {mmr} already; there is nothing to do.",
                "mmr_same",
                name=player.name,
                mmr=str(mmr),
            )
        outcome = RatingSetOutcome(
            player_name=player.name,
            race=race,
            mmr_before=None if before is None else before.mmr,
            mmr_after=after.mmr,
            deviation_before=None if before is None or before.skill is None else before.skill.deviation,
            deviation_after=None if after.skill is None else after.skill.deviation,
            games_played=0 if entry is None else entry.state.games_played,
        )
        return outcome, player, entry, after
