"""The leaderboard: what is asked, what is answered, and the query over a Polars frame that defines the right answer.

This query is short enough to be read as the definition, and bulk work uses it. What serves requests is the `Board`,
which gives the same answers from columns that it keeps in order; tests hold the two against each other.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.filters import NO_FILTERS, Filters
from toprung.domain.leaderboard.past import PastMoment
from toprung.domain.leaderboard.ranks import letter_counts
from toprung.domain.moment import to_datetime
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.certainty import Certainty, RatingColumns
from toprung.domain.ratings.rating import EntryId

PAGE_SIZE_DEFAULT: Final = 40

ENTRY_SCHEMA: Final = pl.Schema(
    {
        "entry_id": pl.Int64(),
        "player_id": pl.Int64(),
        "player_name": pl.String(),
        "country": pl.String(),
        "race": pl.String(),
        "mmr": pl.Int64(),
        "games_played": pl.Int64(),
        "games_won": pl.Int64(),
        "games_lost": pl.Int64(),
        "games_drawn": pl.Int64(),
        "last_played": pl.Datetime("us", "UTC"),
        "is_banned": pl.Boolean(),
        "known_at": pl.Int64(),
        "deviation": pl.Float64(),
        "volatility": pl.Float64(),
    }
)
"""The columns of a frame of entries; `ranked_entries` adds `global_rank` and `letter_rank`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardQuery:
    """What is asked of the leaderboard.

    `page` may lie anywhere: a page before the first is the first, one past the end is the last.
    """

    filters: Filters = NO_FILTERS
    page: int = 1
    page_size: int = PAGE_SIZE_DEFAULT

    def __post_init__(self) -> None:
        if self.page_size < 1:
            raise InvalidInput(
                "page_size",
                "A page needs at least one row; {rows} were asked for.",
                "page_size",
                rows=str(self.page_size),
            )


class LeaderboardRow(NamedTuple):
    """One ranked entry as a page shows it.

    `global_rank` and `letter_rank` are the place on the whole ladder and never depend on a filter; `filter_rank` is
    the place among what the filters let through, and `percentile` the share of those, in percent, that stand at this
    row's place or below it: 100 for the first. `deviation` is how far the rating may be off at the page's moment, where
    the rating system knows.
    """

    global_rank: int
    filter_rank: int
    letter_rank: str
    percentile: float
    entry_id: EntryId
    player_id: PlayerId
    player_name: str
    country: str | None
    race: str
    mmr: int
    games_played: int
    games_won: int
    games_lost: int
    games_drawn: int
    last_played_us: int
    deviation: int | None
    is_provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How an entry moved since an earlier moment: so many places up, so much MMR gained. Both may be below zero."""

    places: int
    mmr: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardPage:
    """One page, of one version of the ladder.

    `total_players` counts the rows under the filters (players, with best race only; entries otherwise). `version` is
    equal for equal ladders: it names the last change that is included and how many entries are ranked, and so changes
    when an entry lapses as well. `last_activity_us` is given where nobody is ranked because everybody is inactive: when
    somebody last played.

    `past` is the moment of a board that is not the present one. Where it was asked how entries moved, `movements` says
    so of each row, None being an entry that was not ranked at `since_us`; `since_version` is that of the board from
    then. `marked_us` is the moment of `deviation` and `is_provisional`.
    """

    players: tuple[LeaderboardRow, ...]
    total_pages: int
    current_page: int
    total_players: int
    total_ranked: int
    last_activity_us: int | None
    version: str
    past: PastMoment | None = None
    movements: tuple[Movement | None, ...] | None = None
    since_us: int | None = None
    since_version: str = ""
    marked_us: int = 0

    @property
    def tag(self) -> str:
        """Equal where everything on the page is, marks and movements included, as long as the same is asked for."""
        tag = f"{self.version}.{self.marked_us}"
        return tag if self.since_us is None else f"{tag}.{self.since_us}.{self.since_version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerStanding:
    """Where a player is found under a query: the page, and the best placed row there."""

    page: int
    row: LeaderboardRow


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlayer:
    """A player that a name search found."""

    player_id: PlayerId
    player_name: str
    country: str | None
    is_listed: bool
    is_banned: bool = False


def page_count(total: int, page_size: int) -> int:
    """The number of pages that `total` rows fill; an empty leaderboard has one page."""
    return max(1, -(-total // page_size))


def clamp_page(page: int, total_pages: int) -> int:
    """The page that is shown when `page` is asked for."""
    return min(max(page, 1), total_pages)


def ranked_entries(entries: pl.DataFrame, *, now_us: int, inactivity_us: int | None) -> pl.DataFrame:
    """The entries that are ranked at `now_us`, best first, with `global_rank` and `letter_rank`.

    An entry is ranked if its player is not banned, it has a game, and that was at most `inactivity_us` ago (None: no
    matter when). The order is total: MMR, then the later second of play, then the older entry.
    """
    is_ranked = ~pl.col("is_banned") & (pl.col("games_played") > 0) & pl.col("last_played").is_not_null()
    if inactivity_us is not None:
        is_ranked &= pl.col("last_played") >= pl.lit(to_datetime(now_us) - timedelta(microseconds=inactivity_us))
    ranked = entries.filter(is_ranked).sort(
        pl.col("mmr"), pl.col("last_played").dt.truncate("1s"), pl.col("entry_id"), descending=[True, True, False]
    )
    letters = [letter for letter, count in letter_counts(ranked.height).items() for _ in range(count)]
    return ranked.with_columns(
        global_rank=pl.int_range(1, ranked.height + 1, eager=True),
        letter_rank=pl.Series(letters, dtype=pl.String()),
    )


def filtered_entries(ranked: pl.DataFrame, filters: Filters = NO_FILTERS) -> pl.DataFrame:
    """The rows of a ranked frame that the filters let through, in order, with `filter_rank` and `percentile`.

    Best race comes first, so that it is each player's best ranked entry whatever else is asked, and the counts of all
    letters add up to the number of players; the other filters combine freely. Nothing is ranked anew.
    """
    shown = ranked
    if filters.best_race_only:
        shown = shown.unique("player_id", keep="first", maintain_order=True)
    if filters.countries is not None:
        countries = pl.Series(list(filters.countries), dtype=pl.String())
        shown = shown.filter(pl.col("country").is_in(countries.implode(), nulls_equal=True))
    if filters.races is not None:
        shown = shown.filter(pl.col("race").is_in(pl.Series(list(filters.races), dtype=pl.String()).implode()))
    if filters.rank is not None:
        shown = shown.filter(pl.col("letter_rank") == filters.rank)
    if filters.min_games:
        shown = shown.filter(pl.col("games_played") >= filters.min_games)
    return shown.with_columns(
        filter_rank=pl.int_range(1, shown.height + 1, eager=True),
        percentile=pl.Series(np.arange(shown.height, 0, -1) * 100 / max(1, shown.height)),
    )


def leaderboard_rows(
    filtered: pl.DataFrame, *, page: int, page_size: int, certainty: Certainty, now_us: int
) -> tuple[LeaderboardRow, ...]:
    """The rows of one page of a filtered frame at a moment; `page` counts from 1 and must exist."""
    shown = filtered.slice((page - 1) * page_size, page_size).with_columns(pl.col("last_played").dt.timestamp("us"))
    entries = (shown[field.removesuffix("_us")].to_numpy() for field in RatingColumns._fields)
    marks = certainty.marks(RatingColumns._make(entries), now_us)
    *names, _, _ = (field.removesuffix("_us") for field in LeaderboardRow._fields)
    rows = zip(shown.select(names).iter_rows(), *marks, strict=True)
    return tuple(LeaderboardRow._make((*row, *mark)) for row, *mark in rows)
