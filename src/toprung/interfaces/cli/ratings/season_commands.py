"""`toprung season …`: starting and ending seasons, and their last boards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.filters import NO_FILTERS
from toprung.domain.moment import to_iso
from toprung.domain.ratings.season import RESET_DEVIATION_DEFAULT, LadderSeason
from toprung.interfaces.cli.leaderboard.past_options import Corrected
from toprung.interfaces.cli.terminal.actor import attributed
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import padded, reporting, run, say, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, InactivityDays, options
from toprung.interfaces.cli.terminal.performing import performed
from toprung.interfaces.cli.terminal.spoken import Commands

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.interfaces.cli.terminal.builder import Builder, Options

_Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with it.")]
NO_RESET = "none"
_CODE_CELLS: Final = 16


def add_season_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    season = Commands(help="Start and end seasons, and look at their boards.")
    cli.add_typer(season, name="season")
    _add_changing(season, builder)
    _add_looking(season, builder)


def _add_changing(season: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @season.command()
    def start(
        code: Annotated[str, typer.Argument(metavar="CODE", help="A short name, such as 2026-autumn.")],
        reason: _Reason = "",
        name: Annotated[
            str | None, typer.Option("--name", metavar="TEXT", help="Its name; the code if not said.")
        ] = None,
        reset_deviation: Annotated[
            str,
            typer.Option(
                "--reset-deviation",
                metavar="N|none",
                help="Make every rating at least so unsure (Glicko-2), or leave them as they are.",
            ),
        ] = f"{RESET_DEVIATION_DEFAULT:g}",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Start a season. Ratings stay; they become less sure, so that the season's first games count for more."""
        with reporting():
            from toprung.application.organising.rating_operations import StartSeason

            reset_to = _reset_to(reset_deviation)
            opened = options(database=database, game=game)
            operation = StartSeason(code=code, name=name or code, reset_deviation=reset_to, by=attributed(reason))
            started = performed(builder(), opened, operation)
            season_code = (started.season.code, "bold")
            if started.season.reset_deviation is None:
                say_text(stdout(), "cli.season.started", season=season_code)
            else:
                say_text(stdout(), "cli.season.started_reset", season=season_code, count=started.entries_reset)

    @season.command()
    def end(reason: _Reason = "", database: Database = None, game: Game = None) -> None:
        """End the season that runs. Its last board is kept."""
        with reporting():
            from toprung.application.organising.rating_operations import EndSeason

            opened = options(database=database, game=game)
            ended = performed(builder(), opened, EndSeason(by=attributed(reason)))
            say_text(stdout(), "cli.season.ended", season=(ended.code, "bold"))
            say(stdout(), f"  toprung season board {ended.code}")


def _add_looking(season: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @season.command(name="list")
    def list_seasons(database: Database = None, game: Game = None) -> None:
        """List the seasons, the oldest first."""
        with reporting():
            seasons = run(_seasons(builder(), options(database=database, game=game)))
            if not seasons:
                say_text(stdout(), "cli.season.none")
            for one in seasons:
                ended = words("cli.season.running") if one.ended_at_us is None else to_iso(one.ended_at_us)
                say(
                    stdout(),
                    (padded(one.code, _CODE_CELLS), "bold"),
                    f" {to_iso(one.started_at_us)} – {ended}  {one.name}",
                )

    @season.command()
    def board(
        code: Annotated[str, typer.Argument(metavar="CODE", help="The season's code.")],
        corrected: Corrected = False,
        page: Annotated[int, typer.Option("--page", metavar="N", help="Which page; 1 is the first.")] = 1,
        as_json: Annotated[bool, typer.Option("--json", help="Print the page as JSON.")] = False,
        inactivity_days: InactivityDays = None,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Show a season's last board; of one that runs, the present one."""
        with reporting():
            from toprung.interfaces.cli.leaderboard.leaderboard_answer import Question, answer
            from toprung.interfaces.cli.leaderboard.leaderboard_screen import show_json, show_page
            from toprung.interfaces.cli.leaderboard.past_options import look

            opened = options(database=database, game=game, inactivity_days=inactivity_days)
            found = run(_season(builder(), opened, code))
            as_of = None if found.ended_at_us is None else to_iso(found.ended_at_us)
            question = Question(
                filters=NO_FILTERS,
                page=page,
                page_size=None,
                find=None,
                look=look(as_of, corrected and bool(as_of), None),
            )
            answered = run(answer(builder(), opened, question))
            show_json(answered) if as_json else show_page(answered)


def _reset_to(text: str) -> float | None:
    if text.strip().casefold() == NO_RESET:
        return None
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(
            "reset_deviation",
            "--reset-deviation takes a number such as {example}, or none.",
            "reset_deviation_option",
            example=RESET_DEVIATION_DEFAULT,
        ) from None


async def _seasons(builder: "Builder", opened: "Options") -> list[LadderSeason]:
    async with builder.reading(opened) as reading:
        return await reading.ladder.seasons.all()


async def _season(builder: "Builder", opened: "Options", code: str) -> LadderSeason:
    async with builder.reading(opened) as reading:
        return await reading.ladder.seasons.get(code)
