"""Matches that come with their result: from files and simulations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from toprung.application.matches.match_rating import Decided, MatchRater
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import FinalMatch, MatchId
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.ratings.rating import Entry

BATCH_MATCHES_MAX: Final = 1_000
FUTURE_END_MAX_US: Final = MICROSECONDS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMatch:
    """What recording a match did: its id and its two entries, or nothing for one that was recorded before."""

    match_id: MatchId
    entries: tuple[Entry, Entry]


class MatchService:
    """Records results. A match, its ratings, the journal and the change sequence are one transaction."""

    def __init__(self, *, unit_of_work: UnitOfWork, catalog: Catalog, clock: Clock, rater: MatchRater) -> None:
        self._unit_of_work = unit_of_work
        self._catalog = catalog
        self._clock = clock
        self._rater = rater

    async def record(self, match: FinalMatch) -> RecordedMatch | None:
        """Records one final match; None if its source key is known, in which case nothing changes.

        Raises `InvalidInput` for a match that cannot be and `StorageUnavailable`.
        """
        return (await self.record_batch([match]))[0]

    async def record_batch(self, matches: Sequence[FinalMatch]) -> list[RecordedMatch | None]:
        """Records final matches in the order given, all in one transaction; otherwise like `record`."""
        if len(matches) > BATCH_MATCHES_MAX:
            raise ValueError(f"at most {BATCH_MATCHES_MAX} matches go into one transaction")
        now_us = self._clock.now_us()
        for match in matches:
            self._check(match, now_us)
        return await self._unit_of_work.run(lambda tx: self._record(tx, matches, now_us))

    def _check(self, match: FinalMatch, now_us: int) -> None:
        participants = [participant for side in match.sides for participant in side]
        if [len(side) for side in match.sides] != [1, 1]:
            raise InvalidInput("sides", "A match has one player on each side.", "two_sides")
        if participants[0].player_id == participants[1].player_id:
            raise InvalidInput(
                "sides",
                "{key}: a player cannot play a match against themselves.",
                "same_player_key",
                key=match.source_key,
            )
        for participant in participants:
            self._catalog.race(participant.race)
        if match.ended_at_us > now_us + FUTURE_END_MAX_US:
            raise InvalidInput(
                "ended_at", "{key}: a match cannot end in the future.", "ends_in_future", key=match.source_key
            )

    def _record(self, tx: Transaction, matches: Sequence[FinalMatch], now_us: int) -> list[RecordedMatch | None]:
        known = tx.matches.known_source_keys([match.source_key for match in matches])
        new: list[FinalMatch] = []
        for match in matches:
            if match.source_key not in known:
                known.add(match.source_key)
                new.append(match)
        match_ids = tx.matches.add(new, recorded_at_us=now_us)
        decided = [
            Decided(
                match_id=match_id,
                participants=(match.sides[0][0], match.sides[1][0]),
                result=match.result,
                ended_at_us=match.ended_at_us,
            )
            for match, match_id in zip(new, match_ids, strict=True)
        ]
        pairs = self._rater.rate(tx, decided, now_us)
        recorded = {
            match.source_key: RecordedMatch(match_id=match_id, entries=pair)
            for match, match_id, pair in zip(new, match_ids, pairs, strict=True)
        }
        return [recorded.pop(match.source_key, None) for match in matches]
