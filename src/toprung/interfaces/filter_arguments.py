"""The filters as both front ends hand them to the leaderboard service."""

from typing import TypedDict

from toprung.domain.leaderboard.past import PastMoment, Since


class FilterArguments(TypedDict):
    """Keyword arguments of `LeaderboardService`; empty is no filter. Apart, so that naming them loads no Polars."""

    country_filter: tuple[str, ...]
    race_filter: tuple[str, ...]
    best_race_only: bool
    rank_filter: str | None


class LookArguments(TypedDict):
    """What moment is looked at, and since when movement is wanted, as `get_leaderboard_data` takes them."""

    past: PastMoment | None
    movement_since: Since | None
    is_movement_corrected: bool
