"""The filters of the leaderboard as they are said on the command line: the only place here that knows each of them."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.filters import Filters
from toprung.interfaces.cli.terminal.language import wording, words
from toprung.interfaces.cli.terminal.output import reporting

if TYPE_CHECKING:  # the module loads Polars, which `toprung --help` should not wait for
    from toprung.application.ladder import Ladder

_WHICH_ROWS: Final = "Which rows"


def _said(
    races: Annotated[
        list[str] | None,
        typer.Option("--race", metavar="CODE", help="Only this race. May be given again.", rich_help_panel=_WHICH_ROWS),
    ] = None,
    countries: Annotated[
        list[str] | None,
        typer.Option(
            "--country",
            metavar="CC",
            help="Only this country, by its two letters; ZZ is every country that is not common. May be given again.",
            rich_help_panel=_WHICH_ROWS,
        ),
    ] = None,
    rank: Annotated[
        str | None,
        typer.Option("--rank", metavar="LETTER", help="Only this rank: S, A, B … F.", rich_help_panel=_WHICH_ROWS),
    ] = None,
    best_race_only: Annotated[
        bool,
        typer.Option("--best-race-only", help="Only each player's best ranked race.", rich_help_panel=_WHICH_ROWS),
    ] = False,
    min_games: Annotated[
        int,
        typer.Option(
            "--min-games", metavar="N", help="Only entries with at least N games.", rich_help_panel=_WHICH_ROWS
        ),
    ] = 0,
) -> Filters:
    """The filters of these options; races may still be said by their short marks (see `in_game`)."""
    return Filters.chosen(
        rank=(rank or "").strip().upper(),
        races=races,
        countries=[code.strip().upper() for code in countries or ()],
        best_race_only=best_race_only,
        min_games=min_games,
    )


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of every filter in place of its parameter `filters`."""
    own = inspect.signature(command).parameters
    options = inspect.signature(_said).parameters
    parameters = [one for name in own for one in (options.values() if name == "filters" else (own[name],))]

    @wraps(command)
    def with_options(**given: Any) -> None:
        with reporting():
            filters = _said(**{name: given.pop(name) for name in options})
        command(filters=filters, **given)

    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
    return with_options


def in_game(filters: Filters, catalog: Catalog) -> Filters:
    """The same with each race by its code. What is no race of the game stays: the service says what is wrong."""
    races = [race if race in catalog.race_codes else _code(catalog, race) for race in filters.races or ()]
    return replace(filters, races=tuple(dict.fromkeys(races)) or None)


def as_option(filters: Filters, name: str) -> str:
    """How one of the filters is said as an option."""
    said = {
        "races": " ".join(f"--race {race}" for race in filters.races or ()),
        "countries": " ".join(f"--country {code}" for code in filters.countries or ()),
        "rank": f"--rank {filters.rank}",
        "best_race_only": "--best-race-only",
        "min_games": f"--min-games {filters.min_games}",
    }
    return said[name]


def in_words(filters: Filters, ladder: "Ladder") -> list[str]:
    """How the filters are said in a title. Raises `UnknownRace`."""
    said = {
        "races": [ladder.catalog.race(code).name for code in filters.races or ()],
        "countries": [ladder.country_names.name(code, wording().language) for code in filters.countries or ()],
        "rank": [words("cli.filter.rank", rank=filters.rank)],
        "best_race_only": [words("cli.filter.best_race")],
        "min_games": [words("cli.filter.games", count=filters.min_games)],
    }
    return [words for name in filters.active() for words in said[name]]


def _code(catalog: Catalog, text: str) -> str:
    by_short = {race.short.casefold(): race for race in catalog.races}
    race = catalog.race_by_alias(text) or by_short.get(text.strip().casefold())
    return race.code if race is not None else text
