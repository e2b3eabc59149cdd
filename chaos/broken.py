"""Ladders that are broken on purpose, each in a way that real ones have been: the experiments must notice every one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from uuid import uuid4

from sqlalchemy import Engine, event

from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.adapters.storage.sqlite import sqlite_writer
from toprung.adapters.storage.sqlite.sqlite_engine import writing_engine
from toprung.application.ports.storage import Committed, Transaction
from toprung.bootstrap.wiring import AnyStorage
from toprung.domain.matches.match import Match, MatchId, MatchState
from toprung.domain.ratings.rating import Entry, RatingChange

T = TypeVar("T")


class Passing:
    """Stands before something and passes on whatever it does not do itself."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class TwoTransactions(Passing):
    """A storage that commits results first and what they do to ratings afterwards, in a transaction of its own."""

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """See `Storage`."""
        later: list[Callable[[Transaction], None]] = []

        def without_ratings(tx: Transaction) -> T:
            later.clear()
            return work(cast("Transaction", _RatingsLater(tx, later)))

        def only_ratings(tx: Transaction) -> None:
            for put_off in later:
                put_off(tx)

        committed: Committed[T] = await self._inner.write(without_ratings)
        if later:
            await self._inner.write(only_ratings)
        return committed


class _RatingsLater(Passing):
    def __init__(self, tx: Transaction, later: list[Callable[[Transaction], None]]) -> None:
        super().__init__(tx)
        self.entries = _EntriesLater(tx.entries, later)
        self.journal = _JournalLater(tx.journal, later)


class _JournalLater(Passing):
    def __init__(self, journal: object, later: list[Callable[[Transaction], None]]) -> None:
        super().__init__(journal)
        self._later = later

    def append(self, changes: Sequence[RatingChange]) -> None:
        self._later.append(lambda tx: tx.journal.append(changes))


class _EntriesLater(Passing):
    def __init__(self, entries: object, later: list[Callable[[Transaction], None]]) -> None:
        super().__init__(entries)
        self._later = later

    def save(self, entries: Sequence[Entry]) -> None:
        self._later.append(lambda tx: tx.entries.save(entries))


class NoUniqueKey(Passing):
    """A storage that does not know again what was decided, and lets the same match be rated any number of times."""

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """See `Storage`."""
        return cast("Committed[T]", await self._inner.write(lambda tx: work(cast("Transaction", _Forgetful(tx)))))


class _Forgetful(Passing):
    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx)
        self.matches = _ForgetfulMatches(tx.matches)
        self.journal = _ForgetfulJournal(tx.journal)


class _ForgetfulJournal(Passing):
    def append(self, changes: Sequence[RatingChange]) -> None:
        # Another revision each time: to the database's own unique key they are different rows.
        self._inner.append([replace(row, revision=uuid4().int % 2**31) for row in changes])


class _ForgetfulMatches(Passing):
    def get(self, match_id: MatchId) -> Match | None:
        match = cast("Match | None", self._inner.get(match_id))
        if match is None or match.state is not MatchState.COMPLETED:
            return match
        first, second = (replace(side, claim=None) for side in match.sides)
        return replace(match, state=MatchState.IN_PROGRESS, sides=(first, second), result=None, ended_at_us=None)


def sync_now_and_then() -> None:
    """From now on this process opens SQLite as if the ladder could afford to lose its last minutes."""

    def relaxed(path: Path, limits: StorageLimits = LIMITS) -> Engine:
        engine = writing_engine(path, limits)
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL"))
        return engine

    sqlite_writer.writing_engine = relaxed  # type: ignore[attr-defined]


STORAGES: Final[dict[str, Callable[[AnyStorage], AnyStorage]]] = {
    "as it is": lambda storage: storage,
    "write-behind": lambda storage: storage,  # broken in the victim, which acknowledges too early
    "synchronous=NORMAL": lambda storage: storage,  # broken by `sync_now_and_then`, before it is opened
    "two transactions": lambda storage: cast("AnyStorage", TwoTransactions(storage)),
    "no unique key": lambda storage: cast("AnyStorage", NoUniqueKey(storage)),
}
BROKEN: Final = ("write-behind", "two transactions", "no unique key")
"""Those that a kill alone must bring to light."""
