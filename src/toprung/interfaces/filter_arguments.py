"""The filters as both front ends hand them to the leaderboard service."""

from typing import TypedDict


class FilterArguments(TypedDict):
    """Keyword arguments of `LeaderboardService`; empty is no filter. Apart, so that naming them loads no Polars."""

    country_filter: tuple[str, ...]
    race_filter: tuple[str, ...]
    best_race_only: bool
    rank_filter: str | None
