"""The in-memory read store: a projection of the database that can be thrown away and read again."""

import asyncio
from collections.abc import Callable, Sequence

import polars as pl
import structlog

from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Storage, Transaction
from toprung.application.writing.engines import Engines
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import (
    AFFECTS,
    Affected,
    Change,
    EntriesImported,
    Event,
    LadderReloaded,
    MatchAborted,
    MatchMoved,
    MatchRatingCorrected,
    PlayerEvent,
    RatingChanged,
    RatingCreated,
    RatingSet,
)
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.board_table import EntryColumns, PlayerColumns
from toprung.domain.ratings.certainty import Certainty

_log = structlog.get_logger(__name__)

Loaded = tuple[int, PlayerColumns, EntryColumns, Certainty]


class DataAccessService:
    """Holds the board and keeps it at what was last committed. Never writes to the database.

    It hears of changes after their commit. A change it has seen is ignored; one that does not follow on what it has
    seen makes it read what is missing; if applying one fails, or a bulk import makes that cheaper, it reads everything
    again before the next read is answered. Until a new board is complete the old one serves.
    """

    def __init__(
        self, storage: Storage, clock: Clock, new_board: Callable[[Certainty], Board], engines: Engines
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._new_board = new_board
        self._engines = engines
        self._board = new_board(engines.first_certainty)
        self._seq = self._past_seq = -1
        self._is_stale = True
        self._loading = asyncio.Lock()

    @property
    def board(self) -> Board:
        """The board as it now is; ask for it at each use, since a reload puts another in its place."""
        return self._board

    @property
    def seq(self) -> int:
        """The last change that the board includes."""
        return self._seq

    @property
    def past_seq(self) -> int:
        """The last change that may have changed boards of the past: a correction, a ban, or anything read in bulk."""
        return self._past_seq

    @property
    def is_stale(self) -> bool:
        """Whether something went wrong, so that the next read has to read everything first."""
        return self._is_stale

    async def load(self) -> None:
        """Reads everything. Raises `StorageUnavailable`; then the next read tries again."""
        async with self._loading:
            await self._reload()

    async def ensure_fresh(self) -> None:
        """Returns at once, unless something went wrong before: then reads everything first.

        Raises `StorageUnavailable` where the database does not say that nobody else writes to it: a page that may be
        behind what others see is none.
        """
        if not self._storage.is_in_touch:
            await self._storage.get_in_touch()
        if self._is_stale:
            async with self._loading:
                if self._is_stale:
                    await self._reload()

    async def on_changes(self, changes: Sequence[Change]) -> None:
        """Brings the board to where `changes` leave the ladder; one that nobody asked for yet is not read for it."""
        if self._seq < 0:
            return
        async with self._loading:
            if not self._is_stale and not self._apply_new(changes):
                await self._apply_missing()
            if self._is_stale:
                await self._reload()

    async def on_gap(self) -> None:
        """Reads everything again, since something may have been committed that nobody was told of."""
        if self._seq < 0:
            return
        async with self._loading:
            self._is_stale = True
            try:
                await self._reload()
            except StorageUnavailable as error:
                _log.warning("board_not_read_again", reason=str(error))  # the next read tries again

    async def _apply_missing(self) -> None:
        """Reads and applies what was committed since; until that is done the board counts as stale."""
        self._is_stale = True
        missing = await self._storage.read(lambda tx: tx.changes.since(self._seq))
        self._is_stale = missing is None
        if missing is not None and not self._apply_new(missing):
            self._is_stale = True

    def _apply_new(self, changes: Sequence[Change]) -> bool:
        """Applies the changes that the board has not seen. False at the first that does not follow on what it has."""
        for change in changes:
            if change.seq <= self._seq:
                continue
            if change.seq != self._seq + 1:
                return False
            try:
                self._apply(change.event)
            except Exception:  # noqa: BLE001 - whatever went wrong, the database has the truth and the board is read again
                _log.exception("board_apply_failed", seq=change.seq, kind=type(change.event).__name__)
                self._is_stale = True
            if self._is_stale:
                break
            self._seq = change.seq
            if Affected.PAST in AFFECTS[type(change.event)]:
                self._past_seq = change.seq
        return True

    def _apply(self, event: Event) -> None:
        match event:
            case RatingChanged(entry=entry, others=others) | RatingSet(entry=entry, others=others):
                for one in (entry, *others):
                    self._board.put_entry(one)
            case RatingCreated(entry=entry):
                self._board.put_entry(entry)
            case MatchRatingCorrected(entries=entries):
                for entry in entries:
                    self._board.put_entry(entry)
            case MatchAborted() | MatchMoved():
                pass  # changes no rating; where one changed, an event of its own says so
            case EntriesImported() | LadderReloaded():
                self._is_stale = True
            case _:
                player_event: PlayerEvent = event
                self._board.put_player(player_event.player)

    async def _reload(self) -> None:
        self._is_stale = True
        seq, players, entries, certainty = await self._storage.read(self._read_everything)
        board = self._new_board(certainty)
        await asyncio.to_thread(board.load, players, entries, now_us=self._clock.now_us())
        self._board, self._seq, self._is_stale = board, seq, False
        self._past_seq = seq
        _log.info("board_loaded", seq=seq, entries=board.entries, ranked=len(board))

    async def entries_frame(self) -> pl.DataFrame:
        """All entries of one version as a frame of `ENTRY_SCHEMA`, built in a thread."""
        await self.ensure_fresh()
        return await asyncio.to_thread(self._board.snapshot().frame)

    def _read_everything(self, tx: Transaction) -> Loaded:
        return tx.changes.last_seq(), tx.players.columns(), tx.entries.columns(), self._engines.certainty(tx)
