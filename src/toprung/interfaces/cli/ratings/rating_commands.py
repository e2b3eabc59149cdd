"""`toprung ratings …`: how well the rating systems predict, and which constants predict best."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.interfaces.cli.ratings.system_commands import Yes, add_system_commands, apply_system, refuse_what_cannot_be
from toprung.interfaces.cli.terminal.actor import Reason, attributed
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import (
    print_bytes,
    progress_bar,
    reporting,
    run,
    say,
    say_text,
    stderr,
    stdout,
)
from toprung.interfaces.cli.terminal.parameters import Database, Game, options
from toprung.interfaces.cli.terminal.performing import performed
from toprung.interfaces.cli.terminal.spoken import Commands
from toprung.interfaces.cli.transfer.transfer_commands import read_text

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.ratings.rating_quality import JudgedGames, QualityReport
    from toprung.interfaces.cli.terminal.builder import Builder, Options

_Csv = Annotated[
    str | None,
    typer.Option(
        "--csv",
        metavar="FILE",
        help="Games from a file, with ended_at,game_id,player_1,player_2,score_1,score_2 and, where there are, "
        "race_1,race_2,map,side_1 (home, away or empty); else the ladder's own.",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def add_rating_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    ratings = Commands(help="Judge the rating systems, and choose their constants.")
    cli.add_typer(ratings, name="ratings")
    _add_recompute(ratings, builder)
    add_system_commands(ratings, builder)

    @ratings.command()
    def evaluate(
        csv: _Csv = None,
        fit: Annotated[bool, typer.Option("--fit", help="Choose the constants first, on the games before.")] = False,
        as_json: _Json = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Say how well each system predicts the last 30 % of the games, which it has not seen."""
        with reporting():
            from toprung.application.ratings.rating_quality import evaluate as judged

            games = _games(builder, options(database=database, game=game), csv)
            with _trying(fit) as tried:
                report = judged(games, fit=fit, tried=tried)
            if as_json:
                print_bytes(_json(report))
            else:
                _show(report)
                if games.ladder is not None:
                    say_text(stdout(), "cli.ratings.rated_by", "dim", system=games.ladder.system)

    @ratings.command()
    def fit(
        csv: _Csv = None,
        as_json: _Json = False,
        apply: Annotated[
            str | None,
            typer.Option("--apply", metavar="SYSTEM", help="Rate the ladder by this system with its chosen constants."),
        ] = None,
        reason: Reason = "",
        yes: Yes = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Choose the constants that predict the first 70 % of the games best, and apply them if asked to."""
        with reporting():
            from toprung.application.ratings.rating_quality import fitted

            if apply is not None:
                refuse_what_cannot_be(apply, reason)
            opened = options(database=database, game=game)
            games = _games(builder, opened, csv)
            with _trying(True) as tried:
                chosen = asdict(fitted(games.games, tried))
            if as_json:
                print_bytes(json.dumps(chosen, indent=2).encode() + b"\n")
                return
            for name, parameters in chosen.items():
                say(stdout(), (name, "bold"))
                for constant, value in parameters.items():
                    say(stdout(), f"  {constant:<18} {value:.6g}")
            if apply is not None:
                apply_system(builder(), opened, apply, chosen.get(apply, {}), reason=reason, yes=yes)


def _add_recompute(ratings: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @ratings.command()
    def recompute(reason: Reason = "", database: Database = None, game: Game = None) -> None:
        """Play the whole rating log again and store what comes out; a ladder in order comes out the same."""
        with reporting():
            from toprung.application.organising.rating_operations import RecomputeRatings

            opened = options(database=database, game=game)
            with progress_bar(words("cli.progress.log"), words("cli.progress.rows")) as tell:
                done = performed(builder(), opened, RecomputeRatings(by=attributed(reason)), tell)
            changed, unchanged = done.entries_changed, done.entries_unchanged
            if changed:
                say_text(stdout(), "cli.ratings.recomputed", count=changed, unchanged=unchanged)
            else:
                say_text(stdout(), "cli.ratings.recomputed_same", unchanged=unchanged)


def _games(builder: "Callable[[], Builder]", opened: "Options", csv: str | None) -> "JudgedGames":
    if csv is not None:
        from toprung.application.ratings.rating_quality import read_games

        return read_games(read_text(csv))

    async def read() -> "JudgedGames":
        async with builder().reading(opened) as reading:
            return await reading.ladder.rating_quality.ladder_games()

    return run(read())


@contextmanager
def _trying(fit: bool) -> Iterator[Callable[[], None]]:
    """Shows on a terminal how many sets of constants were tried, while constants are chosen."""
    tried = 0
    console = stderr()
    with console.status(words("cli.ratings.judging")) as status:

        def tell() -> None:
            nonlocal tried
            tried += 1
            status.update(words("cli.ratings.choosing", tried=tried))

        yield tell
    if fit and console.is_terminal:
        say_text(console, "cli.ratings.tried", "dim", tried=tried)


def _json(report: "QualityReport") -> bytes:
    engines = {
        name: {**asdict(one.quality), "parameters": dict(one.parameters)} for name, one in report.engines.items()
    }
    told = {"games": report.games, "scored_games": report.scored_games, "engines": engines}
    return json.dumps(told, indent=2).encode() + b"\n"


def _show(report: "QualityReport") -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for heading in ("log_loss", "brier", "accuracy", "calibration"):
        table.add_column(words(f"cli.heading.{heading}"), justify="right")
    best = min(one.quality.log_loss for one in report.engines.values())
    for name, one in report.engines.items():
        found = one.quality
        slope = "–" if found.calibration_slope is None else f"{found.calibration_slope:.3f}"
        style = "bold" if found.log_loss == best else ""
        cells = (name, f"{found.log_loss:.4f}", f"{found.brier:.4f}", f"{found.accuracy:.1%}", slope)
        table.add_row(*cells, style=style)
    console = stdout()
    console.print(table)
    say_text(console, "cli.ratings.scored", scored=report.scored_games, games=report.games)
    say_text(console, "cli.ratings.how_to_read", "dim")
