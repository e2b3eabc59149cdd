"""From a committed match to a fresh filtered page: the board, the services around it, and a Polars re-rank.

Each measurement begins where the commit has ended: two entries have changed and readers have not seen it yet.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter
from typing import Final

import numpy as np
import polars as pl

from benchmarks.engines import Answer, polars_page, ranked_snapshot
from benchmarks.ladder import Service
from benchmarks.measuring import Plan, Results, settled_memory, summary_ms
from benchmarks.population import INACTIVITY_US, NOW_US, Matches, Population, make_population
from benchmarks.queries import page_queries
from toprung.domain.events import Change, RatingChanged
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.leaderboard import LeaderboardQuery
from toprung.domain.matches.match import MatchId
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.ratings.rating import Entry, Standing

_ROUNDS: Final = {1_000: 120, 10_000: 100, 100_000: 60, 1_000_000: 24}
_MATCHES_PER_ROUND: Final = 12
_RETURNS, _LAPSES = 200, 200


def measure(plan: Plan) -> Results:
    """Milliseconds by way and size, after all ways were seen to end with the same pages."""
    return {"sizes": {str(size): asyncio.run(_measure_size(plan, size)) for size in plan.sizes}}


class PolarsLadder:
    """A frame of all entries that is ranked anew after every match."""

    def __init__(self, population: Population) -> None:
        self._entries = population.frame()

    def put(self, entries: Sequence[Entry]) -> None:
        """Takes changed entries: new columns with these rows replaced."""
        rows = [entry.id - 1 for entry in entries]
        changed = {
            name: [getattr(entry.state, name) for entry in entries]
            for name in ("mmr", "games_played", "games_won", "games_lost", "games_drawn")
        }
        times = pl.Series([entry.state.last_played_us for entry in entries]).cast(pl.Datetime("us", "UTC"))
        self._entries = self._entries.with_columns(
            *(self._entries[name].scatter(rows, values) for name, values in changed.items()),
            self._entries["last_played"].scatter(rows, times),
        )

    def ranked(self, now_us: int) -> pl.DataFrame:
        """Everything, ranked anew."""
        return ranked_snapshot(self._entries, now_us=now_us)

    def page(self, query: LeaderboardQuery, now_us: int) -> Answer:
        """Ranks everything and answers the page."""
        return polars_page(self.ranked(now_us), query)


@dataclass(frozen=True, slots=True)
class _Played:
    """A match's two entries, what is asked after it, and when."""

    entries: tuple[Entry, Entry]
    query: LeaderboardQuery
    now_us: int


async def _measure_size(plan: Plan, size: int) -> Results:
    population = make_population(size)
    board, service, frame = population.board(), Service(population), PolarsLadder(population)
    await service.store.load()
    queries = list(page_queries(population.countries).values())
    with settled_memory():
        results = await _matches(plan.times(_ROUNDS.get(size, 20)), population, board, service, frame, queries)
        now_us = results.pop("now_us")
        compared = 0
        for query in queries:
            service.clock.moment_us = now_us
            expected = board.page(query, now_us=now_us, seq=1)
            by_service, by_frame = await service.page(query), frame.page(query, now_us)
            if by_service.players != expected.players or by_frame.total != expected.total_players:
                raise AssertionError(f"{query} is answered differently after the matches")
            if [row.entry_id for row in by_frame.rows] != [row.entry_id for row in expected.players]:
                raise AssertionError(f"Polars lists other rows for {query} after the matches")
            compared += 2
        results["answers_compared"] = compared
        results["returning_ms"] = _returning(plan.times(_RETURNS), population, board, now_us)
        results["lapse_ms"] = _lapsing(plan.times(_LAPSES), board)
    return results


async def _matches(
    rounds: int,
    population: Population,
    board: Board,
    service: Service,
    frame: PolarsLadder,
    queries: list[LeaderboardQuery],
) -> Results:
    """In each round every way is told the same matches, one after the other as they would come in.

    Polars is timed at a round's last match only; the others change its frame off the clock.
    """
    matches, now_us, asked = Matches(population), NOW_US, cycle(queries)
    samples: dict[str, list[float]] = {"board": [], "board_write": [], "service": [], "polars": []}
    for _ in range(rounds):
        played: list[_Played] = []
        for _ in range(_MATCHES_PER_ROUND):
            now_us += MICROSECONDS_PER_SECOND
            played.append(_Played(matches.play(now_us), next(asked), now_us))
        for match in played:
            started = perf_counter()
            board.put_entry(match.entries[0])
            board.put_entry(match.entries[1])
            written = perf_counter()
            board.page(match.query, now_us=match.now_us, seq=1)
            samples["board"].append(perf_counter() - started)
            samples["board_write"].append(written - started)
        for match in played:
            samples["service"].append(await _through_services(service, match))
        for match in played[:-1]:
            frame.put(match.entries)
        started = perf_counter()
        frame.put(played[-1].entries)
        frame.page(played[-1].query, now_us)
        samples["polars"].append(perf_counter() - started)
    return {"ms": {way: summary_ms(seconds) for way, seconds in samples.items()}, "now_us": now_us}


async def _through_services(service: Service, match: _Played) -> float:
    seq = service.store.seq
    changes = [
        Change(seq=seq + place, event=RatingChanged(entry=entry, match_id=MatchId(1)))
        for place, entry in enumerate(match.entries, start=1)
    ]
    service.clock.moment_us = match.now_us
    started = perf_counter()
    await service.store.on_changes(changes)
    await service.page(match.query)
    return perf_counter() - started


def _returning(times: int, population: Population, board: Board, now_us: int) -> Results:
    """Somebody who was not ranked any more plays: an entry comes in, and every letter's boundary may move."""
    away = np.flatnonzero(population.entries.last_played_us < now_us - INACTIVITY_US)
    chosen = np.random.default_rng(1).permutation(away)[:times].tolist()
    samples = []
    for row in chosen:
        now_us += MICROSECONDS_PER_SECOND
        entry = population.entry(row).after_game(Standing(population.entry(row).mmr + 10), score=1, ended_at_us=now_us)
        before = len(board)
        started = perf_counter()
        board.put_entry(entry)
        board.page(LeaderboardQuery(), now_us=now_us, seq=1)
        samples.append(perf_counter() - started)
        if len(board) > before + 1:
            raise AssertionError("a returning player is one entry more")
    return summary_ms(samples)


def _lapsing(times: int, board: Board) -> Results:
    """The clock reaches the moment at which the next entry lapses, and a page is asked for."""
    samples: list[float] = []
    while len(samples) < times and len(board) > 1 and (lapse_us := board.next_lapse_us()) is not None:
        before = len(board)
        started = perf_counter()
        board.page(LeaderboardQuery(), now_us=lapse_us, seq=1)
        seconds = perf_counter() - started
        if len(board) < before:
            samples.append(seconds)
    return summary_ms(samples)
