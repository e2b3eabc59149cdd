"""The one way a front end gets the leaderboard."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from time import perf_counter
from typing import Final

import polars as pl

from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.leaderboard.leaderboard_history import LeaderboardHistory
from toprung.application.ports.clock import Clock
from toprung.domain.errors import InvalidInput
from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.leaderboard import (
    PAGE_SIZE_DEFAULT,
    FoundPlayer,
    LeaderboardPage,
    LeaderboardQuery,
    PlayerStanding,
    filtered_entries,
    page_count,
    ranked_entries,
)
from toprung.domain.leaderboard.past import PastMoment, Since
from toprung.domain.leaderboard.ranks import LETTERS
from toprung.domain.players.countries import Countries
from toprung.domain.players.player import PlayerId

SEARCH_TEXT_MAX_CODE_POINTS: Final = 64
SEARCH_RESULTS_MAX: Final = 50

Codes = Collection[str] | None


class LeaderboardService:
    """Answers from memory, on the caller's event loop, in microseconds; holds no state of any reader."""

    def __init__(
        self,
        *,
        store: DataAccessService,
        clock: Clock,
        catalog: Catalog,
        countries: Countries,
        inactivity_us: int | None,
        history: LeaderboardHistory,
        observe_read_seconds: Callable[[float], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._catalog = catalog
        self._countries = countries
        self._inactivity_us = inactivity_us
        self._history = history
        self._observe_read_seconds = observe_read_seconds

    async def get_leaderboard_data(
        self,
        *,
        country_filter: Codes = None,
        race_filter: Codes = None,
        best_race_only: bool = False,
        rank_filter: str | None = None,
        current_page: int = 1,
        page_size: int = PAGE_SIZE_DEFAULT,
        past: PastMoment | None = None,
        movement_since: Since | None = None,
        is_movement_corrected: bool = False,
    ) -> LeaderboardPage:
        """The page of the leaderboard under these filters, as of the last commit and of now, or as of a past moment.

        An empty filter is no filter. The country `ZZ` stands for every country that is not a common one. A page that
        does not exist becomes the nearest one. With `movement_since` each row says how it moved since then. Raises
        `InvalidInput` for a code, rank, page size or moment that cannot be.
        """
        query = self._query(country_filter, race_filter, best_race_only, rank_filter, current_page, page_size)
        if past is not None:
            page = await self._history.page(past, query)
        else:
            await self._store.ensure_fresh()
            started = perf_counter()
            page = self._store.board.page(query, now_us=self._clock.now_us(), seq=self._store.seq)
            self._observe_read_seconds(perf_counter() - started)
        if movement_since is None:
            return page
        return await self._with_movements(page, movement_since, is_movement_corrected)

    async def _with_movements(self, page: LeaderboardPage, since: Since, is_corrected: bool) -> LeaderboardPage:
        shown_us = self._clock.now_us() if page.past is None else page.past.at_us
        since_us = since.before(shown_us)
        if not 0 <= since_us < shown_us:
            raise InvalidInput("movement_since", f"Movement is since before what is shown; {since.text} is not that.")
        board, movements = await self._history.movements(
            PastMoment(at_us=since_us, is_corrected=is_corrected), page.players
        )
        return replace(page, movements=movements, since_us=since_us, since_version=board.version)

    async def find_player(
        self,
        player_id: PlayerId,
        *,
        country_filter: Codes = None,
        race_filter: Codes = None,
        best_race_only: bool = False,
        rank_filter: str | None = None,
        page_size: int = PAGE_SIZE_DEFAULT,
        past: PastMoment | None = None,
    ) -> PlayerStanding | None:
        """The page and ranks of a player's best placed entry under these filters; None if it is not listed."""
        query = self._query(country_filter, race_filter, best_race_only, rank_filter, 1, page_size)
        if past is not None:
            return await self._history.find_player(past, player_id, query)
        await self._store.ensure_fresh()
        return self._store.board.find_player(player_id, query, now_us=self._clock.now_us())

    async def search_players(self, text: str, *, limit: int = 10) -> list[FoundPlayer]:
        """At most `limit` players whose name is, begins with or holds `text`, regardless of case and width."""
        if len(text) > SEARCH_TEXT_MAX_CODE_POINTS:
            raise InvalidInput("search", f"Search for at most {SEARCH_TEXT_MAX_CODE_POINTS} characters of a name.")
        await self._store.ensure_fresh()
        limit = max(1, min(limit, SEARCH_RESULTS_MAX))
        return self._store.board.search(text, limit=limit, now_us=self._clock.now_us())

    async def version(self) -> str:
        """The version that a page asked for now would have."""
        await self._store.ensure_fresh()
        return self._store.board.version(now_us=self._clock.now_us(), seq=self._store.seq)

    async def tag(self) -> str:
        """The tag that a page of the present, without movements, would have now."""
        return f"{await self.version()}.{self._store.board.certainty.marked_us(self._clock.now_us())}"

    def next_lapse_us(self) -> int | None:
        """When, at the earliest, the board changes although nothing is written."""
        return self._store.board.next_lapse_us()

    async def filtered_frame(
        self,
        *,
        country_filter: Codes = None,
        race_filter: Codes = None,
        best_race_only: bool = False,
        rank_filter: str | None = None,
    ) -> pl.DataFrame:
        """Every ranked row under these filters as a frame, for bulk work: the reference query, in a thread."""
        query = self._query(country_filter, race_filter, best_race_only, rank_filter, 1, PAGE_SIZE_DEFAULT)
        entries = await self._store.entries_frame()
        now_us = self._clock.now_us()

        def work() -> pl.DataFrame:
            ranked = ranked_entries(entries, now_us=now_us, inactivity_us=self._inactivity_us)
            filtered, _, _ = _get_filtered_leaderboard_dataframe(
                ranked, query.countries, query.races, query.best_race_only, query.rank
            )
            return filtered

        return await asyncio.to_thread(work)

    def _query(
        self,
        country_filter: Codes,
        race_filter: Codes,
        best_race_only: bool,
        rank_filter: str | None,
        page: int,
        page_size: int,
    ) -> LeaderboardQuery:
        races = frozenset(_as_codes(race_filter))
        for race in races:
            if race not in self._catalog.race_codes:
                known = ", ".join(self._catalog.race_codes)
                raise InvalidInput("race", f"There is no race {race!r} in this game; its races are {known}.")
        if rank_filter and rank_filter not in LETTERS:
            raise InvalidInput("rank", f"There is no rank {rank_filter!r}; the ranks are {', '.join(LETTERS)}.")
        countries = [self._countries.parse(code) for code in _as_codes(country_filter)]
        return LeaderboardQuery(
            countries=self._countries.expand(countries),
            races=races or None,
            best_race_only=best_race_only,
            rank=rank_filter or None,
            page=page,
            page_size=page_size,
        )


def _as_codes(codes: Codes) -> Iterable[str]:
    return (codes,) if isinstance(codes, str) else codes or ()


def _get_filtered_leaderboard_dataframe(
    df: pl.DataFrame,
    country_filter: Collection[str | None] | None = None,
    race_filter: Collection[str] | None = None,
    best_race_only: bool = False,
    rank_filter: str | None = None,
    page_size: int = PAGE_SIZE_DEFAULT,
) -> tuple[pl.DataFrame, int, int]:
    """`(filtered_df, total_players, total_pages)` of a ranked frame: the reference query with its totals.

    Synchronous and pure: whoever calls it from the event loop does so through `asyncio.to_thread`. `df` is what
    `ranked_entries` gives; countries are taken literally (`ZZ` is expanded by the service).
    """
    filtered = filtered_entries(
        df,
        countries=country_filter or None,
        races=race_filter or None,
        best_race_only=best_race_only,
        rank=rank_filter or None,
    )
    return filtered, filtered.height, page_count(filtered.height, page_size)
