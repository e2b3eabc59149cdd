"""The one way a front end gets the leaderboard."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import polars as pl

from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.leaderboard.leaderboard_history import LeaderboardHistory
from toprung.application.ports.clock import Clock
from toprung.domain.errors import InvalidInput
from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.filters import NO_FILTERS, Filters
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
from toprung.domain.players.countries import Countries
from toprung.domain.players.player import PlayerId

SEARCH_TEXT_MAX_CODE_POINTS: Final = 64
SEARCH_RESULTS_MAX: Final = 50

Codes = Collection[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """One of several filters: its name, what is left without it, and how many rows there are then."""

    name: str
    filters: Filters
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A player whom a text may mean, and where the best placed entry is.

    Where the filters hide the player, `hidden_by` names those which do, and `standing` is without them. None is a
    player who is not ranked at all.
    """

    player: FoundPlayer
    standing: PlayerStanding | None
    hidden_by: tuple[str, ...] = ()


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
        min_games: int = 0,
        filters: Filters | None = None,
    ) -> LeaderboardPage:
        """The page of the leaderboard under these filters, as of the last commit and of now, or as of a past moment.

        An empty filter is no filter. `filters` as one value stands in place of the single ones, which are the founding
        report's and `min_games`: a further filter is in `filters` only. The country `ZZ` stands for every country that
        is not a common one. A page that does not exist becomes the nearest one. With `movement_since` each row says how
        it moved since then. Raises `InvalidInput` for a code, rank, page size or moment that cannot be.
        """
        if filters is None:
            filters = Filters.chosen(
                rank=rank_filter,
                races=race_filter,
                countries=country_filter,
                best_race_only=best_race_only,
                min_games=min_games,
            )
        query = LeaderboardQuery(filters=self._expanded(filters), page=current_page, page_size=page_size)
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
            raise InvalidInput(
                "movement_since",
                "movement_since must lie before the moment shown; {since} does not.",
                "movement_later",
                since=since.text,
            )
        board, movements = await self._history.movements(
            PastMoment(at_us=since_us, is_corrected=is_corrected), page.players
        )
        return replace(page, movements=movements, since_us=since_us, since_version=board.version)

    async def find_player(
        self,
        player_id: PlayerId,
        filters: Filters = NO_FILTERS,
        *,
        page_size: int = PAGE_SIZE_DEFAULT,
        past: PastMoment | None = None,
    ) -> PlayerStanding | None:
        """The page and ranks of a player's best placed entry under these filters; None if it is not listed."""
        query = LeaderboardQuery(filters=self._expanded(filters), page_size=page_size)
        if past is not None:
            return await self._history.find_player(past, player_id, query)
        await self._store.ensure_fresh()
        return self._store.board.find_player(player_id, query, now_us=self._clock.now_us())

    async def search_players(self, text: str, *, limit: int = 10, with_banned: bool = False) -> list[FoundPlayer]:
        """At most `limit` players by name, the closest first (see `NameSearch`). Banned ones are for organisers."""
        return await self._named(text, limit=limit, with_banned=with_banned, closest=False)

    async def who_is_meant(
        self,
        text: str,
        filters: Filters = NO_FILTERS,
        *,
        limit: int = 10,
        page_size: int = PAGE_SIZE_DEFAULT,
        past: PastMoment | None = None,
        with_banned: bool = False,
    ) -> Sequence[Meant]:
        """The one player whom `text` means; several, at most `limit`, where it may mean each of them; or nobody.

        Meant are the closest, as `search_players` has them; a part of a name is less close than a name. Filters hide
        nobody here: they are looked at once it is known who is meant.
        """
        found = await self._named(text, limit=limit, with_banned=with_banned, closest=True)
        return [await self.whereabouts(player, filters, page_size=page_size, past=past) for player in found]

    async def whereabouts(
        self,
        player: FoundPlayer,
        filters: Filters = NO_FILTERS,
        *,
        page_size: int = PAGE_SIZE_DEFAULT,
        past: PastMoment | None = None,
    ) -> Meant:
        """Where a player stands under these filters or, failing that, without those that hide the player."""

        async def under(those: Filters) -> PlayerStanding | None:
            return await self.find_player(player.player_id, those, page_size=page_size, past=past)

        standing = await under(filters)
        if standing is not None or filters == NO_FILTERS:
            return Meant(player=player, standing=standing)
        hiding = tuple([name for name in filters.active() if await under(filters.only(name)) is None])
        standing = await under(filters.without(*hiding))
        if standing is None:  # they hide the player together
            hiding, standing = filters.active(), await under(NO_FILTERS)
        return Meant(player=player, standing=standing, hidden_by=() if standing is None else hiding)

    async def what_to_drop(self, filters: Filters, *, past: PastMoment | None = None) -> Sequence[Dropped]:
        """For filters that let nobody through: each that is set, and how much would be listed without it.

        A filter is dropped whole: with one race fewer of several there would be no more rows.
        """
        fewer = {name: filters.without(name) for name in filters.active()}
        pages = {name: await self.get_leaderboard_data(filters=fewer[name], page_size=1, past=past) for name in fewer}
        return [Dropped(name=name, filters=fewer[name], rows=page.total_players) for name, page in pages.items()]

    async def _named(self, text: str, *, limit: int, with_banned: bool, closest: bool) -> list[FoundPlayer]:
        if len(text) > SEARCH_TEXT_MAX_CODE_POINTS:
            raise InvalidInput(
                "search",
                "Search for at most {most} characters of a name.",
                "search_long",
                most=SEARCH_TEXT_MAX_CODE_POINTS,
            )
        await self._store.ensure_fresh()
        return self._store.board.search(
            text,
            limit=max(1, min(limit, SEARCH_RESULTS_MAX)),
            now_us=self._clock.now_us(),
            with_banned=with_banned,
            closest=closest,
        )

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

    async def filtered_frame(self, filters: Filters = NO_FILTERS) -> pl.DataFrame:
        """Every ranked row under these filters as a frame, for bulk work: the reference query, in a thread."""
        wanted = self._expanded(filters)
        entries = await self._store.entries_frame()
        now_us = self._clock.now_us()

        def work() -> pl.DataFrame:
            ranked = ranked_entries(entries, now_us=now_us, inactivity_us=self._inactivity_us)
            filtered, _, _ = _get_filtered_leaderboard_dataframe(ranked, filters=wanted)
            return filtered

        return await asyncio.to_thread(work)

    def _expanded(self, filters: Filters) -> Filters:
        """The filters with every country that they let through. Raises `InvalidInput` for a code that there is not."""
        for race in filters.races or ():
            if race not in self._catalog.race_codes:
                known = ", ".join(self._catalog.race_codes)
                raise InvalidInput(
                    "race",
                    "There is no race {race} in this game; its races are {races}.",
                    "race",
                    race=repr(race),
                    races=known,
                )
        if not filters.countries:
            return filters
        return replace(filters, countries=tuple(self._countries.expand(filters.countries) or ()))


def _get_filtered_leaderboard_dataframe(
    df: pl.DataFrame,
    country_filter: Collection[str | None] | None = None,
    race_filter: Collection[str] | None = None,
    best_race_only: bool = False,
    rank_filter: str | None = None,
    page_size: int = PAGE_SIZE_DEFAULT,
    min_games: int = 0,
    filters: Filters | None = None,
) -> tuple[pl.DataFrame, int, int]:
    """`(filtered_df, total_players, total_pages)` of a ranked frame: the reference query with its totals.

    Synchronous and pure: whoever calls it from the event loop does so through `asyncio.to_thread`. `df` is what
    `ranked_entries` gives; countries are taken literally (`ZZ` is expanded by the service). `filters`, where they are
    given, stand in place of the single ones.
    """
    if filters is None:
        filters = Filters.chosen(
            rank=rank_filter,
            races=race_filter,
            countries=country_filter,
            best_race_only=best_race_only,
            min_games=min_games,
        )
    filtered = filtered_entries(df, filters)
    return filtered, filtered.height, page_count(filtered.height, page_size)
