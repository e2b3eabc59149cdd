"""The filters on the site and in the API by their names in addresses; the page's controls are in `_filters.html`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from toprung.domain.errors import InvalidInput
from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.filters import MIN_GAMES_MAX, Filters
from toprung.domain.leaderboard.ranks import LETTERS
from toprung.domain.players.countries import Countries
from toprung.interfaces.texts.wording import Wording
from toprung.interfaces.web.leaderboard.parameters import boolean, short, whole

VALUES_MAX: Final = 300
REPEATABLE: Final = frozenset({"race", "country"})
FILTERS: Final = frozenset({"race", "country", "rank", "best_race_only", "min_games"})
GAMES_OFFERED: Final = (5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class ActiveFilter:
    """One value that a filter lets through: how it is said, and what is left when it is taken away.

    `name` is the filter's, which goes as a whole where it has no other value.
    """

    name: str
    key: str
    label: str
    without: Filters


def read_filters(
    one: Mapping[str, str], several: Mapping[str, Sequence[str]], catalog: Catalog, countries: Countries
) -> Filters:
    """The filters that parameters ask for, in their canonical order. Raises `InvalidInput`.

    `one` are the parameters that are given once, and `several` those that may be given again.
    """
    rank = one.get("rank")
    if rank is not None and rank not in LETTERS:
        ranks = ", ".join(LETTERS)
        sentence = "There is no rank {rank}; the ranks are {ranks}."
        raise InvalidInput("rank", sentence, "rank", rank=ascii(short(rank)), ranks=ranks)
    races = {catalog.race(code).code for code in several.get("race", ())}
    return Filters.chosen(
        rank=rank,
        races=[code for code in catalog.race_codes if code in races],
        countries=sorted({countries.parse(code) for code in several.get("country", ())}),
        best_race_only=boolean(one, "best_race_only"),
        min_games=whole(one, "min_games", 0, MIN_GAMES_MAX) or 0,
    )


def filter_pairs(filters: Filters) -> list[tuple[str, str]]:
    """The filters as parameters, in the one order in which they are written."""
    pairs = [("rank", filters.rank)] if filters.rank else []
    pairs += [("race", race) for race in filters.races or ()]
    pairs += [("country", str(code)) for code in filters.countries or ()]
    pairs += [("best_race_only", "true")] if filters.best_race_only else []
    pairs += [("min_games", str(filters.min_games))] if filters.min_games else []
    return pairs


def active_filters(
    filters: Filters,
    wording: Wording,
    race_name: Callable[[str], str],
    country_name: Callable[[str | None], str],
) -> Iterator[ActiveFilter]:
    """What the filters let through, in the order in which it is said."""
    if filters.rank:
        yield _whole(filters, "rank", wording.say("site.rank_filter", rank=filters.rank))
    for race in filters.races or ():
        others = tuple([one for one in filters.races or () if one != race]) or None
        yield ActiveFilter("races", key=race, label=race_name(race), without=replace(filters, races=others))
    for code in filters.countries or ():
        rest = tuple([one for one in filters.countries or () if one != code]) or None
        label, without = country_name(code), replace(filters, countries=rest)
        yield ActiveFilter("countries", key=str(code), label=label, without=without)
    if filters.best_race_only:
        yield _whole(filters, "best_race_only", wording.say("site.best_race_only"), key="best")
    if filters.min_games:
        yield _whole(filters, "min_games", wording.say("site.at_least_games", count=filters.min_games), key="games")


def _whole(filters: Filters, name: str, label: str, key: str = "") -> ActiveFilter:
    return ActiveFilter(name, key=key or name, label=label, without=filters.without(name))


def filter_choices(filters: Filters, wording: Wording) -> dict[str, list[tuple[str, str, bool]]]:
    """The values of each filter of which one is chosen, by its parameter: (value, label, whether it is chosen)."""
    chosen = {"rank": filters.rank or "", "min_games": str(filters.min_games or "")}
    games = sorted({*GAMES_OFFERED, filters.min_games} - {0})
    offered = {
        "rank": {"": wording.say("site.all_ranks")} | {letter: letter for letter in LETTERS},
        "min_games": {"": wording.say("site.any_games")} | {str(number): f"{number:,}+" for number in games},
    }
    return {
        name: [(value, label, value == chosen[name]) for value, label in labels.items()]
        for name, labels in offered.items()
    }


def filter_schemas(catalog: Catalog, countries: Countries) -> list[tuple[str, dict[str, Any], str]]:
    """Each parameter with its JSON schema and what it means, with this game's codes."""
    races = {"type": "string", "enum": list(catalog.race_codes)}
    codes = {"type": "string", "enum": sorted(countries.codes)}
    many = {"type": "array", "minItems": 1, "maxItems": VALUES_MAX}
    other = "ZZ is every country that is not common, XX and unknown too."
    return [
        ("race", {**many, "items": races}, "Races to list; repeat it for several."),
        ("country", {**many, "items": codes}, f"Countries to list; repeat it for several. {other}"),
        ("rank", {"type": "string", "enum": list(LETTERS)}, "One letter rank to list."),
        (
            "best_race_only",
            {"type": "boolean", "default": False},
            "Only each player's best entry; applied first.",
        ),
        (
            "min_games",
            {"type": "integer", "minimum": 0, "maximum": MIN_GAMES_MAX, "default": 0},
            "Only entries with at least so many games, drawn ones included.",
        ),
    ]
