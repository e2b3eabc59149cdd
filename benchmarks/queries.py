"""What is asked: pages as readers ask for them, and deep pages under narrow filters apart from those."""

from dataclasses import replace
from typing import Final

from toprung.domain.leaderboard.filters import Filters
from toprung.domain.leaderboard.leaderboard import LeaderboardQuery
from toprung.domain.players.countries import OTHER, Countries

Named = dict[str, LeaderboardQuery]

RACE: Final = "sc2_zerg"
_TWO_RACES: Final = ("bw_terran", "sc2_protoss")
_THREE_RACES: Final = ("bw_zerg", "sc2_terran", "sc2_zerg")
_MIDDLING_COUNTRY: Final = "SE"


def page_queries(countries: Countries) -> Named:
    """Combinations of filters and pages as readers ask for them, from none at all to four filters at once."""
    common = countries.common
    return {
        "no filter": LeaderboardQuery(),
        "no filter, page 25": LeaderboardQuery(page=25),
        "one race": LeaderboardQuery(filters=Filters(races=(RACE,))),
        "three races, page 3": LeaderboardQuery(filters=Filters(races=_THREE_RACES), page=3),
        "largest country": LeaderboardQuery(filters=Filters(countries=common[:1])),
        "five countries, page 2": LeaderboardQuery(filters=Filters(countries=common[:5]), page=2),
        "rare country": LeaderboardQuery(filters=Filters(countries=common[-1:])),
        "other countries": LeaderboardQuery(filters=Filters.chosen(countries=countries.expand([OTHER]))),
        "best race": LeaderboardQuery(filters=Filters(best_race_only=True)),
        "best race, two races, page 2": LeaderboardQuery(
            filters=Filters(races=_TWO_RACES, best_race_only=True), page=2
        ),
        "rank S": LeaderboardQuery(filters=Filters(rank="S")),
        "at least 20 games": LeaderboardQuery(filters=Filters(min_games=20)),
        "one race, best race, at least 20 games": LeaderboardQuery(
            filters=Filters(races=(RACE,), best_race_only=True, min_games=20)
        ),
        "best race, three countries, two races, rank B": LeaderboardQuery(
            filters=Filters(countries=common[:3], races=_TWO_RACES, best_race_only=True, rank="B")
        ),
    }


def first_page_names(queries: Named) -> list[str]:
    """Those that ask for the first page."""
    return [name for name, query in queries.items() if query.page == 1]


def deep_queries(countries: Countries) -> Named:
    """Filters under which the middle page is asked for (see `at_the_middle`): the farthest from either end."""
    common = countries.common
    return {
        "no filter": LeaderboardQuery(),
        "one race": LeaderboardQuery(filters=Filters(races=(RACE,))),
        "middling country": LeaderboardQuery(filters=Filters(countries=(_MIDDLING_COUNTRY,))),
        "rare country": LeaderboardQuery(filters=Filters(countries=common[-1:])),
        "rare country, one race, best race": LeaderboardQuery(
            filters=Filters(countries=common[-1:], races=(RACE,), best_race_only=True)
        ),
        "three countries, two races, best race": LeaderboardQuery(
            filters=Filters(countries=common[10:13], races=_TWO_RACES, best_race_only=True)
        ),
    }


def at_the_middle(query: LeaderboardQuery, total_pages: int) -> LeaderboardQuery:
    """The same question, about the page in the middle."""
    return replace(query, page=(total_pages + 1) // 2)


def founding_query(countries: Countries) -> LeaderboardQuery:
    """What the founding report's measurement asks: two countries, one race, best race only."""
    return LeaderboardQuery(filters=Filters(countries=countries.common[:2], races=(RACE,), best_race_only=True))
