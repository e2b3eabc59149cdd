"""`toprung serve`, `toprung demo` and `toprung db …`: running a ladder."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.domain.database_address import without_password
from toprung.interfaces.cli.terminal.output import end_echoed_line, progress_bar, reporting, run, say, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, Host, InactivityDays, Port, options

if TYPE_CHECKING:  # the module loads Polars, which `toprung --help` should not wait for
    from toprung.interfaces.cli.terminal.builder import Builder

DEMO_DATABASE: Final = "sqlite:///toprung-demo.db"


def add_server_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""

    @cli.command()
    def serve(
        host: Host = None,
        port: Port = None,
        inactivity_days: InactivityDays = None,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Serve the site and its API until Ctrl-C."""
        with reporting():
            opened = options(database=database, game=game, inactivity_days=inactivity_days, host=host, port=port)
            console = stdout()

            def started(address: str) -> None:
                say(
                    console,
                    "Toprung serves ",
                    (f"{address.rstrip('/')}/leaderboard", "bold cyan"),
                    "  (Ctrl-C ends it)",
                )

            run(builder().serve(opened, started=started))
            end_echoed_line()

    @cli.command()
    def demo(
        host: Host = None,
        port: Port = None,
        database: Annotated[
            str, typer.Option("--database", metavar="URL", help="Where the made-up ladder is kept.")
        ] = DEMO_DATABASE,
        game: Game = None,
    ) -> None:
        """Play a made-up season into a database of its own, then serve it while matches go on."""
        with reporting(), ExitStack() as bar:
            # A database of its own unless one is named here: a demonstration has no business in TOPRUNG_DATABASE.
            opened = options(database=database, game=game, host=host, port=port)
            tell = bar.enter_context(progress_bar("Playing a season", "matches"))

            def started(address: str) -> None:
                bar.close()
                _show_demo(address, database, game)

            run(builder().demo(opened, progress=tell, started=started))
            end_echoed_line()

    db = typer.Typer(no_args_is_help=True, help="Look after the database.")
    cli.add_typer(db, name="db")

    @db.command()
    def migrate(database: Database = None, game: Game = None) -> None:
        """Bring the database's schema up to date; an existing SQLite file is copied first."""
        with reporting():
            summary = run(builder().migrate(options(database=database, game=game)))
            console = stdout()
            if summary.before == summary.after:
                say(console, f"The schema is up to date: {summary.after}.")
            else:
                say(console, f"Migrated the schema: {summary.before or 'new database'} -> {summary.after}.")
            if summary.backup is not None:
                say(console, f"The database as it was before: {summary.backup}")


def _show_demo(address: str, database: str, game: str | None) -> None:
    from shlex import join

    site = address.rstrip("/")
    command = ["toprung", "leaderboard", "--database", without_password(database), *(["--game", game] if game else [])]
    console = stdout()
    say(console)
    say(console, "  The ladder is live at  ", (f"{site}/leaderboard", "bold cyan underline"))
    say(console)
    say(console, ("  in another terminal    ", "dim"), join(command))
    say(console, ("  for programs           ", "dim"), f"curl '{site}/api/v1/leaderboard?page_size=5'")
    say(console)
    say(console, ("  Matches end every few seconds. Ctrl-C ends it.", "dim"))
