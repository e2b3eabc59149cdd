"""Changing what a ladder is rated by: the whole log is rated anew, as one revision, and can be rated back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from toprung.application.ports.clock import Clock
from toprung.application.ports.progress import Progress
from toprung.application.ports.ratings import StoredRatingSystem
from toprung.application.ports.storage import Backups, Transaction
from toprung.application.ratings.rating_replay import Replayed, replay_everything
from toprung.application.ratings.rating_service import Move, moves, write_replayed
from toprung.application.writing.audit import Attribution, Counts, audit
from toprung.application.writing.engines import Engines
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput
from toprung.domain.events import LadderReloaded
from toprung.domain.ratings.rating_system import RatingSystem, engine_of, rating_system


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemChange:
    """What a change of the rating system does, or would do: who moves, the largest move first, and how many do not.

    `version` is the version that counts then.
    """

    version: int
    system_before: str
    constants_before: Mapping[str, float]
    system: str
    constants: Mapping[str, float]
    moves: tuple[Move, ...]
    entries_unchanged: int


class RatingSystemService:
    """The rating systems that the ladder has had. Each change rates all games anew, with its row in the audit."""

    def __init__(self, *, unit_of_work: UnitOfWork, backups: Backups, clock: Clock, engines: Engines) -> None:
        self._unit_of_work = unit_of_work
        self._backups = backups
        self._clock = clock
        self._engines = engines

    async def all(self) -> list[StoredRatingSystem]:
        """Every version, the first one first; the last one counts."""
        return await self._unit_of_work.read(lambda tx: tx.systems.all())

    async def preview(self, code: str, constants: Mapping[str, float]) -> SystemChange:
        """What it would do to rate by this system; nothing is changed. Raises what `change` raises."""
        system = rating_system(code, constants)
        return await self._unit_of_work.read(lambda tx: self._planned(tx, system, None)[0])

    async def change(
        self, code: str, constants: Mapping[str, float], progress: Progress, by: Attribution
    ) -> SystemChange:
        """Rates the whole log by this system, whose other constants are the usual ones, and goes on by it.

        An SQLite database is copied first. Raises `InvalidInput` for a system, constant or reason that cannot be, and
        for the system that the ladder is rated by already.
        """
        system, explained = rating_system(code, constants), by.explained()
        now_us = self._clock.now_us()
        await self._unit_of_work.read(lambda tx: self._refuse_the_same(tx, system))
        await self._backups.make("rating-system")

        def work(tx: Transaction) -> SystemChange:
            tx.journal.exclude_other_ratings()
            outcome, replayed = self._planned(tx, system, progress)
            tx.systems.add(system, now_us)
            entries, changed = write_replayed(tx, replayed, now_us), len(replayed.entries)
            tx.changes.record(LadderReloaded(entries=len(entries)))  # with none too: how sure they are is marked anew
            details = {
                "version": outcome.version,
                "before": outcome.system_before,
                "after": system.code,
                "constants_before": dict(outcome.constants_before),
                "constants_after": dict(system.constants),
                "ratings": asdict(Counts(changed=changed, unchanged=tx.entries.count() - changed)),
            }
            audit(tx, explained, "change_rating_system", "ladder", now_us=now_us, **details)
            return outcome

        return await self._unit_of_work.run(work)

    def _planned(
        self, tx: Transaction, system: RatingSystem, progress: Progress | None
    ) -> tuple[SystemChange, Replayed]:
        before = self._refuse_the_same(tx, system)
        replayed = replay_everything(tx, engine_of(system), tx.journal.current(), progress)
        moved = _moved(moves(tx, replayed.entries))
        outcome = SystemChange(
            version=tx.systems.version() + 1,
            system_before=before.code,
            constants_before=before.constants,
            system=system.code,
            constants=system.constants,
            moves=moved,
            entries_unchanged=tx.entries.count() - len(moved),
        )
        return outcome, replayed

    def _refuse_the_same(self, tx: Transaction, system: RatingSystem) -> RatingSystem:
        """What the ladder is rated by. Raises `InvalidInput` where that is this system."""
        before = self._engines.system(tx)
        if before == system:
            raise InvalidInput(
                "system",
                "The ladder is rated by {system} with these constants already; there is nothing to do.",
                "rating_system_same",
                system=system.code,
            )
        return before


def _moved(found: Sequence[Move]) -> tuple[Move, ...]:
    return tuple(move for move in found if move.mmr_before != move.mmr_after)
