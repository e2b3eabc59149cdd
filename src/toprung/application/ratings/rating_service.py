"""Judging finished matches anew, and playing the whole rating log again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from toprung.application.matches.match_rating import Decided, MatchRater
from toprung.application.matches.match_steps import MatchSteps
from toprung.application.ports.clock import Clock
from toprung.application.ports.progress import Progress
from toprung.application.ports.storage import Backups, Transaction
from toprung.application.ratings.rating_replay import Replayed, replay, replay_everything, unplayable
from toprung.application.writing.audit import Attribution, Counts, audit
from toprung.application.writing.engines import Engines
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.events import LadderReloaded, MatchRatingCorrected
from toprung.domain.matches.match import Match, MatchId, MatchResult
from toprung.domain.matches.match_life import set_result, void
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import Entry, EntryId
from toprung.domain.ratings.rating_log import Rating, Verdict

ENTRIES_TOLD_MAX: Final = 1_000
"""What moves more entries than that makes everybody read all of them anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a correction does to one entry, in the end."""

    entry_id: EntryId | None
    """None for an entry that this makes."""

    player_id: PlayerId
    player_name: str
    race: str
    mmr_before: int
    mmr_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionOutcome:
    """What a correction does, or would do: who moves, the largest move first, and how many changes are rated anew."""

    match_id: MatchId
    before: MatchResult | None
    after: MatchResult | None
    moves: tuple[Move, ...]
    rated_anew: int


class RatingService:
    """Corrections and recomputation. Nothing here adds a difference to a rating: what is touched is rated again."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        backups: Backups,
        clock: Clock,
        engines: Engines,
        rater: MatchRater,
        steps: MatchSteps,
        entries_told_max: int = ENTRIES_TOLD_MAX,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._backups = backups
        self._clock = clock
        self._engines = engines
        self._rater = rater
        self._steps = steps
        self._entries_told_max = entries_told_max

    async def preview(self, match_id: MatchId, result: MatchResult | None) -> CorrectionOutcome:
        """What it would do to judge a match so (None: void); nothing is changed. Raises what `correct` raises."""
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> CorrectionOutcome:
            match = tx.matches.get(match_id)
            if match is None:
                raise NotFound("There is no match {number}.", "match", number=str(match_id))
            return self._judged(tx, match, result, now_us)[0]

        return await self._unit_of_work.read(work)

    async def correct(self, match_id: MatchId, result: MatchResult | None, by: Attribution) -> CorrectionOutcome:
        """Judges a match (None: void) and rates again all that follows from it; one without a result yet gets it.

        Doing it again changes nothing. Raises `NotFound`, `StepRefused` for a match that was never played, and
        `InvalidInput` for one that stands so already or a reason that is missing.
        """
        explained = by.explained()
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> CorrectionOutcome:
            match = self._steps.current(tx, match_id, now_us)  # before the lock that follows, as reports do it
            tx.journal.exclude_other_ratings()
            outcome, replayed, after = self._judged(tx, match, result, now_us)
            self._steps.take(tx, match, after, now_us)
            if replayed is not None:
                self._write(tx, replayed, now_us, match_id)
            details: dict[str, object] = {
                "before": outcome.before,
                "after": outcome.after,
                # Without names, so that there are none to take out when a player leaves.
                "moves": [[move.player_id, move.race, move.mmr_before, move.mmr_after] for move in outcome.moves],
            }
            audit(tx, explained, "correct_match", f"match {match_id}", now_us=now_us, **details)
            return outcome

        return await self._unit_of_work.run(work)

    def _judged(
        self, tx: Transaction, match: Match, result: MatchResult | None, now_us: int
    ) -> tuple[CorrectionOutcome, Replayed | None, Match]:
        """What judging the match so does, what of the log that rates anew, and the match after it.

        A match that never had a result has nothing in the log yet: it is rated at the log's end.
        """
        after = void(match, now_us) if result is None else set_result(match, result, now_us)
        if after == match:
            stands = _standing(tx, match, result)
            raise InvalidInput(
                "result",
                "Match {number} {result} already; there is nothing to correct.",
                "stands_already",
                number=str(match.id),
                result=stands,
            )
        replayed = None if match.result is None else self._replayed_with(tx, after)
        if replayed is not None:
            played = {row.entry_id for row in replayed.rows}  # the others are known better or worse, and stay
            changed = [(before, entry) for before, entry in replayed.entries if entry.id in played]
        else:
            changed = [(rating.before, rating.after) for rating in self._first_ratings(tx, after)]
        outcome = CorrectionOutcome(
            match_id=match.id,
            before=match.standing_result,
            after=result,
            moves=moves(tx, changed),
            rated_anew=len(changed) if replayed is None else len(replayed.rows),
        )
        return outcome, replayed, after

    def _first_ratings(self, tx: Transaction, match: Match) -> Sequence[Rating]:
        if match.standing_result is None or match.ended_at_us is None:
            return ()
        decided = Decided(
            match_id=match.id,
            participants=match.participants,
            result=match.standing_result,
            ended_at_us=match.ended_at_us,
        )
        return self._rater.foretell(tx, decided)

    def _replayed_with(self, tx: Transaction, match: Match) -> Replayed:
        """The log from a match on, with that match as given."""
        own = tx.journal.of_match(match.id)
        if len(own) != 2 or match.ended_at_us is None:
            raise unplayable(match.id)
        log = tx.journal.current(own[0].position or 0)
        verdicts = tx.matches.verdicts({row.match_id for row in log if row.match_id is not None})
        verdicts[match.id] = Verdict(result=match.standing_result, ended_at_us=match.ended_at_us)
        return replay(tx, self._engines.current(tx), log, verdicts, from_nothing=False)

    async def recompute(self, progress: Progress, by: Attribution | None = None) -> Counts:
        """Plays the whole log again and stores what comes out otherwise; gives how many ratings that were.

        A ladder that is in order comes out the same to the last bit, and nothing is written but the audit. Where
        something comes out otherwise, an SQLite database is copied first.
        """
        now_us = self._clock.now_us()
        foreseen = await self._unit_of_work.read(
            lambda tx: replay_everything(tx, self._engines.current(tx), tx.journal.current(), progress)
        )
        differs = bool(foreseen.rows or foreseen.entries)
        if differs:
            await self._backups.make("recompute")

        def work(tx: Transaction) -> Counts:
            changed = 0
            if differs:
                tx.journal.exclude_other_ratings()
                replayed = replay_everything(tx, self._engines.current(tx), tx.journal.current(), progress)
                self._write(tx, replayed, now_us, None)
                changed = len(replayed.entries)
            counts = Counts(changed=changed, unchanged=tx.entries.count() - changed)
            audit(tx, by or Attribution(actor="toprung"), "recompute", "ladder", now_us=now_us, ratings=asdict(counts))
            return counts

        return await self._unit_of_work.run(work)

    def _write(self, tx: Transaction, replayed: Replayed, now_us: int, match_id: MatchId | None) -> None:
        entries = write_replayed(tx, replayed, now_us)
        if match_id is not None and len(entries) <= self._entries_told_max:
            tx.changes.record(MatchRatingCorrected(match_id=match_id, entries=entries))
        elif entries:
            tx.changes.record(LadderReloaded(entries=len(entries)))


def moves(tx: Transaction, changed: Sequence[tuple[Entry, Entry]]) -> tuple[Move, ...]:
    """Who moves by how much, the largest move first."""
    players = tx.players.by_ids({after.player_id for _, after in changed})
    moves = [
        Move(
            entry_id=after.id or None,
            player_id=after.player_id,
            player_name=players[after.player_id].name,
            race=after.race,
            mmr_before=before.mmr,
            mmr_after=after.mmr,
        )
        for before, after in changed
    ]
    return tuple(sorted(moves, key=lambda move: (-abs(move.mmr_after - move.mmr_before), move.entry_id or 0)))


def _standing(tx: Transaction, match: Match, result: MatchResult | None) -> str:
    """How a match stands, with the winner by name."""
    if result is None or result is MatchResult.DRAW:
        return "is void" if result is None else "counts as a draw"
    winner_id = match.player_ids[0 if result is MatchResult.SIDE_1_WON else 1]
    return f"counts as won by {tx.players.by_ids([winner_id])[winner_id].name}"


def write_replayed(tx: Transaction, replayed: Replayed, now_us: int) -> tuple[Entry, ...]:
    """Stores what comes out otherwise: new revisions of rows, and the entries, which it gives. Of neither it tells."""
    tx.journal.append([replace(row, revision=row.revision + 1, at_us=now_us) for row in replayed.rows])
    entries = tuple(after for _, after in replayed.entries)
    tx.entries.save(entries)
    return entries
