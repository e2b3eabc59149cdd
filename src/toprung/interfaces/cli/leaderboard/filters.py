"""The filters of the leaderboard as they are said on the command line."""

from dataclasses import dataclass, replace

from toprung.domain.game.catalog import Catalog
from toprung.interfaces.filter_arguments import FilterArguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What was asked for; empty is no filter."""

    races: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    rank: str | None = None
    best_race_only: bool = False

    @classmethod
    def said(
        cls, races: list[str] | None, countries: list[str] | None, rank: str | None, best_race_only: bool
    ) -> "Filters":
        """The filters of these options."""
        return cls(
            races=tuple(dict.fromkeys(races or ())),
            countries=tuple(dict.fromkeys(code.strip().upper() for code in countries or ())),
            rank=(rank or "").strip().upper() or None,
            best_race_only=best_race_only,
        )

    def in_game(self, catalog: Catalog) -> "Filters":
        """The same with each race by its code. What is no race of the game stays: the service says what is wrong."""
        races = (race if race in catalog.race_codes else _code(catalog, race) for race in self.races)
        return replace(self, races=tuple(dict.fromkeys(races)))

    @property
    def arguments(self) -> FilterArguments:
        """The filters as `LeaderboardService` takes them."""
        return FilterArguments(
            country_filter=self.countries,
            race_filter=self.races,
            best_race_only=self.best_race_only,
            rank_filter=self.rank,
        )

    @property
    def narrows(self) -> bool:
        """Whether any filter is there."""
        return self != Filters()

    def without_each(self) -> list[tuple[str, "Filters"]]:
        """For each filter that is there: how it was said, and the filters without it."""
        found: list[tuple[str, Filters]] = []
        if self.races:
            found.append((" ".join(f"--race {race}" for race in self.races), replace(self, races=())))
        if self.countries:
            found.append((" ".join(f"--country {code}" for code in self.countries), replace(self, countries=())))
        if self.rank is not None:
            found.append((f"--rank {self.rank}", replace(self, rank=None)))
        if self.best_race_only:
            found.append(("--best-race-only", replace(self, best_race_only=False)))
        return found


def _code(catalog: Catalog, text: str) -> str:
    by_short = {race.short.casefold(): race for race in catalog.races}
    race = catalog.race_by_alias(text) or by_short.get(text.strip().casefold())
    return race.code if race is not None else text
