"""Holding the whole ladder against its log: what `toprung verify` says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Final

import numpy as np
import polars as pl

from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.ports.clock import Clock
from toprung.application.ports.progress import Progress
from toprung.application.ports.storage import Transaction
from toprung.application.ratings.rating_replay import replay_everything
from toprung.application.writing.engines import Engines
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.leaderboard.board_table import BoardTable, EntryColumns, PlayerColumns
from toprung.domain.leaderboard.leaderboard import LeaderboardQuery, ranked_entries
from toprung.domain.players.departure import HASH_KEY_NOTE, departure_faults
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.journal_check import (
    chain_faults,
    count_faults,
    pair_faults,
    revision_faults,
    sequence_faults,
    unpaired,
)
from toprung.domain.ratings.rating import EntryState, RatingChange

BOARD_READS_MAX: Final = 5
"""How often the board is read again because somebody wrote in between."""


class LadderVerification:
    """Checks every invariant of a ladder and changes nothing."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        store: DataAccessService,
        clock: Clock,
        engines: Engines,
        new_table: Callable[[], BoardTable],
        inactivity_us: int | None,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._store = store
        self._clock = clock
        self._engines = engines
        self._new_table = new_table
        self._inactivity_us = inactivity_us

    async def verify(self, progress: Progress) -> list[str]:
        """What is not as it must be, a sentence each; none for a ladder in order."""
        found = await self._unit_of_work.read(lambda tx: self._differences(tx, progress))
        return found + await self._board_differences()

    def _differences(self, tx: Transaction, progress: Progress) -> list[str]:
        log = tx.journal.current()
        found = unpaired(log) + _departure_faults(tx)
        rated = {row.match_id for row in log if row.match_id is not None}
        unrated = [
            f"match {match_id}: it has no journal rows, and so was never rated"
            for match_id in tx.matches.completed_ids()
            if match_id not in rated
        ]
        if unpaired(log):
            return found + unrated  # such a log cannot be played
        engine = self._engines.current(tx)
        entries = [stored.entry for stored in tx.entries.stored()]
        logged = {row.entry_id for row in log}
        found += revision_faults(tx.journal.history())
        found += chain_faults(log, {entry.id: entry for entry in entries}, engine)
        found += _played_again(tx, engine, log, progress)
        found += (f"entry {entry.id}: no row of the journal leads to it" for entry in entries if entry.id not in logged)
        found += unrated
        found += pair_faults(log, tx.matches.verdicts(rated), zero_sum=engine.code == "elo")
        found += _miscounted(tx.entries.columns())
        found += count_faults(entries, log)
        found += sequence_faults(tx.changes.seqs(), tx.changes.last_seq())
        return found

    async def _board_differences(self) -> list[str]:
        """Where the board does not rank as the reference query over the database does."""

        def read(tx: Transaction) -> tuple[int, PlayerColumns, EntryColumns]:
            return tx.changes.last_seq(), tx.players.columns(), tx.entries.columns()

        for _ in range(BOARD_READS_MAX):
            await self._store.ensure_fresh()
            seq, players, entries = await self._unit_of_work.read(read)
            if self._store.seq == seq:
                break
            await self._store.load()
        else:
            return ["the board: it never was of the version that the database has"]
        now_us = self._clock.now_us()
        table = self._new_table()
        table.load(players, entries)
        ranked = ranked_entries(table.snapshot().frame(), now_us=now_us, inactivity_us=self._inactivity_us)
        query = LeaderboardQuery(page_size=max(1, ranked.height + 1))
        page = self._store.board.page(query, now_us=now_us, seq=seq)
        names = ("global_rank", "letter_rank", "entry_id", "player_name", "country", "mmr", "games_played")
        shown = [tuple(getattr(row, name) for name in names) for row in page.players]
        right = ranked.select(pl.col(names)).rows()
        if shown == right:
            return []
        places = (place for place, (one, other) in enumerate(zip(shown, right, strict=False), 1) if one != other)
        place = next(places, min(len(shown), len(right)) + 1)
        return [f"the board: from rank {place} on it does not list what the database has ({len(right)} ranked entries)"]


def _played_again(
    tx: Transaction, engine: RatingEngine, log: Sequence[RatingChange], progress: Progress
) -> Iterator[str]:
    replayed = replay_everything(tx, engine, log, progress)
    for before, after in replayed.entries:
        if before.state != after.state:
            stored, led = _apart(before.state, after.state)
            yield f"entry {before.id}: {stored} is stored, but the log leads to {led}"
    for row in replayed.rows:
        comes_to = _apart(None, row.after)[1]
        yield f"journal position {row.position}: played again, entry {row.entry_id} comes to {comes_to}"


def _miscounted(entries: EntryColumns) -> Iterator[str]:
    """Games played are won, lost and drawn ones: the database keeps all four."""
    counted = entries.games_won + entries.games_lost + entries.games_drawn
    for place in np.flatnonzero(entries.games_played != counted):
        played = f"{entries.games_played[place]} games played, but {counted[place]} won, lost and drawn"
        yield f"entry {entries.ids[place]}: {played}"


def _departure_faults(tx: Transaction) -> list[str]:
    departures, key = tx.departures.all(), tx.notes.get(HASH_KEY_NOTE)
    wanted = {one for row in departures for one in (row.player_id, row.returned_as) if one is not None}
    return list(departure_faults(departures, tx.players.by_ids(wanted), None if key is None else bytes.fromhex(key)))


def _apart(stored: EntryState | None, led: EntryState) -> tuple[str, str]:
    """What is not the same in two states, on either side; all of the second without a first."""
    names = [one.name for one in fields(led) if stored is None or getattr(stored, one.name) != getattr(led, one.name)]
    told = [", ".join(f"{name} {getattr(state, name)}" for name in names) for state in (stored, led) if state]
    return told[0], told[-1]
