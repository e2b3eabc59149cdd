"""The leaderboard as of a past moment, from the rating journal, by the reference query in a thread.

Ratings, counts and who counted as inactive are those of the moment. Names, countries and bans are those of today: the
ladder keeps no history of them.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.writing.engines import Engines
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput, StorageUnavailable
from toprung.domain.leaderboard.board_order import Int64s
from toprung.domain.leaderboard.board_table import BoardTable, EntryColumns, PlayerColumns
from toprung.domain.leaderboard.leaderboard import (
    LeaderboardPage,
    LeaderboardQuery,
    LeaderboardRow,
    Movement,
    PlayerStanding,
    clamp_page,
    filtered_entries,
    leaderboard_rows,
    page_count,
    ranked_entries,
)
from toprung.domain.leaderboard.past import PastMoment
from toprung.domain.moment import MICROSECONDS_PER_SECOND, to_iso
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.certainty import Certainty

BOARDS_KEPT_MAX: Final = 8
WAITING_MAX: Final = 50
SETTLED_AFTER_SECONDS: Final = 600
"""No transaction takes so long: what the journal says of a moment before that is all that it will say of it."""


@dataclass(frozen=True, slots=True)
class PastBoard:
    """All that was ranked at a moment, best first, and the same by entry for looking up."""

    moment: PastMoment
    version: str
    ranked: pl.DataFrame
    certainty: Certainty
    last_activity_us: int | None
    entry_ids: Int64s
    ranks: Int64s
    mmr: Int64s


class LeaderboardHistory:
    """Makes boards of the past, one at a time, and keeps the last few of them."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        store: DataAccessService,
        clock: Clock,
        new_table: Callable[[], BoardTable],
        inactivity_us: int | None,
        engines: Engines,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._store = store
        self._clock = clock
        self._new_table = new_table
        self._inactivity_us = inactivity_us
        self._engines = engines
        self._boards: OrderedDict[tuple[PastMoment, int], PastBoard] = OrderedDict()
        self._making = asyncio.Lock()
        self._waiting = 0

    async def page(self, moment: PastMoment, query: LeaderboardQuery) -> LeaderboardPage:
        """The page of the leaderboard as of then. Raises `InvalidInput` for a moment that is still to come."""
        board = await self.board(moment)
        return await asyncio.to_thread(self._page, board, query)

    async def find_player(
        self, moment: PastMoment, player_id: PlayerId, query: LeaderboardQuery
    ) -> PlayerStanding | None:
        """Where a player's best placed entry stood under the query's filters; None if none was listed there."""
        board = await self.board(moment)
        return await asyncio.to_thread(self._standing, board, player_id, query)

    async def movements(
        self, since: PastMoment, rows: Sequence[LeaderboardRow]
    ) -> tuple[PastBoard, tuple[Movement | None, ...]]:
        """The board from then, and how the entries of these rows moved since: None for one that was not ranked."""
        board = await self.board(since)
        places = np.searchsorted(board.entry_ids, np.array([row.entry_id for row in rows], np.int64))
        return board, tuple(_movement(board, row, int(place)) for row, place in zip(rows, places, strict=True))

    async def board(self, moment: PastMoment) -> PastBoard:
        """The board of a moment. Raises `InvalidInput` for one to come, `StorageUnavailable` for too many at once."""
        now_us = self._clock.now_us()
        if moment.at_us > now_us:
            raise InvalidInput(
                "as_of",
                "{moment} is in the future; ask for a past moment.",
                "future",
                moment=to_iso(moment.at_us),
            )
        await self._store.ensure_fresh()
        is_settled = moment.at_us < now_us - SETTLED_AFTER_SECONDS * MICROSECONDS_PER_SECOND
        key = (moment, self._store.past_seq if is_settled else self._store.seq)
        if key not in self._boards and self._waiting >= WAITING_MAX:
            raise StorageUnavailable(
                "Too many boards of the past are being asked for; try again in a moment.", "past_busy"
            )
        self._waiting += 1
        try:
            async with self._making:
                if key not in self._boards:
                    self._boards[key] = await self._made(moment, key[1])
                    while len(self._boards) > BOARDS_KEPT_MAX:
                        self._boards.popitem(last=False)
                self._boards.move_to_end(key)
                return self._boards[key]
        finally:
            self._waiting -= 1

    async def _made(self, moment: PastMoment, seq: int) -> PastBoard:
        def read(tx: Transaction) -> tuple[PlayerColumns, EntryColumns, Certainty]:
            entries = tx.journal.entries_as_of(moment.at_us, is_corrected=moment.is_corrected)
            rated_by = self._engines.certainty(tx, None if moment.is_corrected else moment.at_us)
            return tx.players.columns(), entries, rated_by

        players, entries, certainty = await self._unit_of_work.read(read)
        return await asyncio.to_thread(self._ranked, moment, seq, players, entries, certainty)

    def _ranked(
        self, moment: PastMoment, seq: int, players: PlayerColumns, entries: EntryColumns, certainty: Certainty
    ) -> PastBoard:
        table = self._new_table()
        table.load(players, entries)
        ranked = ranked_entries(table.snapshot().frame(), now_us=moment.at_us, inactivity_us=self._inactivity_us)
        by_entry = ranked.select("entry_id", "global_rank", "mmr").sort("entry_id")
        return PastBoard(
            moment=moment,
            version=f"{seq}-{ranked.height}",
            ranked=ranked,
            certainty=certainty,
            last_activity_us=None if ranked.height else table.last_activity_us(),
            entry_ids=by_entry["entry_id"].to_numpy(),
            ranks=by_entry["global_rank"].to_numpy(),
            mmr=by_entry["mmr"].to_numpy(),
        )

    def _page(self, board: PastBoard, query: LeaderboardQuery) -> LeaderboardPage:
        shown = filtered_entries(board.ranked, query.filters)
        total_pages = page_count(shown.height, query.page_size)
        current_page = clamp_page(query.page, total_pages)
        return LeaderboardPage(
            players=self._rows(board, shown, current_page, query.page_size),
            total_pages=total_pages,
            current_page=current_page,
            total_players=shown.height,
            total_ranked=board.ranked.height,
            last_activity_us=board.last_activity_us,
            version=board.version,
            past=board.moment,
            marked_us=board.certainty.marked_us(board.moment.at_us),
        )

    def _rows(self, board: PastBoard, shown: pl.DataFrame, page: int, page_size: int) -> tuple[LeaderboardRow, ...]:
        return leaderboard_rows(
            shown, page=page, page_size=page_size, certainty=board.certainty, now_us=board.moment.at_us
        )

    def _standing(self, board: PastBoard, player_id: PlayerId, query: LeaderboardQuery) -> PlayerStanding | None:
        own = filtered_entries(board.ranked, query.filters).filter(pl.col("player_id") == player_id).head(1)
        if not own.height:
            return None
        (row,) = self._rows(board, own, 1, 1)
        return PlayerStanding(page=page_count(row.filter_rank, query.page_size), row=row)


def _movement(board: PastBoard, row: LeaderboardRow, place: int) -> Movement | None:
    if place >= len(board.entry_ids) or board.entry_ids[place] != row.entry_id:
        return None
    return Movement(places=int(board.ranks[place]) - row.global_rank, mmr=row.mmr - int(board.mmr[place]))
