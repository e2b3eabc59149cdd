"""What worker processes run. They import this module, so it imports nothing itself: its functions do."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from toprung.domain.leaderboard.leaderboard import LeaderboardQuery


def do_nothing() -> None:
    """Returns at once."""


def import_polars() -> None:
    """Has Polars afterwards."""
    import polars as pl  # noqa: F401


def import_program() -> None:
    """Has all that the program's server imports afterwards: what a pool in it would bring into each worker."""
    import toprung.bootstrap.wiring  # noqa: F401


def own_memory_mb() -> float:
    """The memory of this process that would be free if it ended."""
    from benchmarks.memory import own_mb

    return own_mb()


def filtered_page(ranked: "pl.DataFrame", query: "LeaderboardQuery") -> tuple[Any, int, int]:
    """The page that the founding report's function gives: its rows, the number of rows and of pages."""
    from benchmarks.population import CERTAINTY, NOW_US
    from toprung.application.leaderboard.leaderboard_service import _get_filtered_leaderboard_dataframe
    from toprung.domain.leaderboard.leaderboard import clamp_page, leaderboard_rows

    filtered, total, pages = _get_filtered_leaderboard_dataframe(
        ranked, page_size=query.page_size, filters=query.filters
    )
    page = clamp_page(query.page, pages)
    return (
        leaderboard_rows(filtered, page=page, page_size=query.page_size, certainty=CERTAINTY, now_us=NOW_US),
        total,
        pages,
    )


def memory_after_page_mb(ranked: "pl.DataFrame", query: "LeaderboardQuery") -> float:
    """The memory of this process after it has answered one page."""
    filtered_page(ranked, query)
    return own_memory_mb()
