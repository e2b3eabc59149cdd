"""Those that answer a page: the board, and Polars in two ways. The databases are in `sql_engines`."""

from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from benchmarks.population import CERTAINTY, INACTIVITY_US, NOW_US, Population
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.leaderboard import (
    LeaderboardQuery,
    clamp_page,
    filtered_entries,
    leaderboard_rows,
    page_count,
    ranked_entries,
)
from toprung.domain.leaderboard.ranks import LETTERS


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: its rows, and the number of rows under the filters."""

    rows: Any
    total: int


class Engine(Protocol):
    """Something that answers pages. A coroutine, since a database may have to be waited for."""

    async def page(self, query: LeaderboardQuery) -> Answer:
        """The page that is asked for."""
        ...


class BoardEngine:
    """The board, called directly."""

    def __init__(self, board: Board) -> None:
        self.board = board

    async def page(self, query: LeaderboardQuery) -> Answer:
        """See `Engine`."""
        page = self.board.page(query, now_us=NOW_US, seq=1)
        return Answer(page.players, page.total_players)


class PolarsEngine:
    """The reference query on a snapshot that was ranked beforehand."""

    def __init__(self, ranked: pl.DataFrame) -> None:
        self.ranked = ranked

    async def page(self, query: LeaderboardQuery) -> Answer:
        """See `Engine`."""
        return polars_page(self.ranked, query)


class TunedPolarsEngine:
    """The best that we know to make of a Polars snapshot: codes for texts, and each player's best entry marked."""

    def __init__(self, ranked: pl.DataFrame, population: Population) -> None:
        self.ranked = ranked.with_columns(
            pl.col("country").cast(pl.Enum(sorted(population.countries.codes))),
            pl.col("race").cast(pl.Enum(population.catalog.race_codes)),
            pl.col("letter_rank").cast(pl.Enum(LETTERS)),
            is_best=pl.col("player_id").is_first_distinct(),
        )

    async def page(self, query: LeaderboardQuery) -> Answer:
        """See `Engine`."""
        filters = query.filters
        conditions: list[pl.Expr] = []
        if filters.best_race_only:
            conditions.append(pl.col("is_best"))
        if filters.countries is not None:
            codes = pl.Series(list(filters.countries), dtype=self.ranked.schema["country"])
            conditions.append(pl.col("country").is_in(codes.implode(), nulls_equal=True))
        if filters.races is not None:
            codes = pl.Series(list(filters.races), dtype=self.ranked.schema["race"])
            conditions.append(pl.col("race").is_in(codes.implode()))
        if filters.rank is not None:
            conditions.append(pl.col("letter_rank") == filters.rank)
        if filters.min_games:
            conditions.append(pl.col("games_played") >= filters.min_games)
        shown = self.ranked.filter(*conditions) if conditions else self.ranked
        skip = (clamp_page(query.page, page_count(shown.height, query.page_size)) - 1) * query.page_size
        page = shown.slice(skip, query.page_size)
        page = page.with_columns(
            filter_rank=pl.int_range(skip + 1, skip + 1 + page.height, eager=True),
            percentile=pl.int_range(shown.height - skip, shown.height - skip - page.height, -1, eager=True)
            * 100
            / max(1, shown.height),
        )
        return Answer(
            leaderboard_rows(page, page=1, page_size=query.page_size, certainty=CERTAINTY, now_us=NOW_US), shown.height
        )


def ranked_snapshot(entries: pl.DataFrame, *, now_us: int = NOW_US) -> pl.DataFrame:
    """The frame that Polars answers from."""
    return ranked_entries(entries, now_us=now_us, inactivity_us=INACTIVITY_US)


def polars_page(ranked: pl.DataFrame, query: LeaderboardQuery) -> Answer:
    """The page by the reference query."""
    shown = filtered_entries(ranked, query.filters)
    page = clamp_page(query.page, page_count(shown.height, query.page_size))
    return Answer(
        leaderboard_rows(shown, page=page, page_size=query.page_size, certainty=CERTAINTY, now_us=NOW_US), shown.height
    )
