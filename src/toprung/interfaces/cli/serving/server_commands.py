"""`toprung serve`, `toprung demo` and `toprung db …`: running a ladder."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.domain.database_address import without_password
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import (
    end_echoed_line,
    padded,
    progress_bar,
    reporting,
    run,
    say,
    say_text,
    stdout,
)
from toprung.interfaces.cli.terminal.parameters import Database, Game, Host, InactivityDays, Port, options
from toprung.interfaces.cli.terminal.spoken import Commands

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
                say_text(console, "cli.serve.serving", address=(f"{address.rstrip('/')}/leaderboard", "bold cyan"))

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
            tell = bar.enter_context(progress_bar(words("cli.progress.season"), words("cli.progress.matches")))

            def started(address: str) -> None:
                bar.close()
                _show_demo(address, database, game)

            run(builder().demo(opened, progress=tell, started=started))
            end_echoed_line()

    db = Commands(help="Look after the database.")
    cli.add_typer(db, name="db")

    @db.command()
    def migrate(database: Database = None, game: Game = None) -> None:
        """Bring the database's schema up to date; an existing SQLite file is copied first."""
        with reporting():
            summary = run(builder().migrate(options(database=database, game=game)))
            console = stdout()
            if summary.before == summary.after:
                say_text(console, "cli.db.up_to_date", revision=summary.after)
            else:
                before = summary.before or words("cli.db.new")
                say_text(console, "cli.db.migrated", before=before, after=summary.after)
            if summary.backup is not None:
                say_text(console, "cli.db.backup", file=summary.backup)


def _show_demo(address: str, database: str, game: str | None) -> None:
    from shlex import join

    from rich.cells import cell_len

    site = address.rstrip("/")
    command = ["toprung", "leaderboard", "--database", without_password(database), *(["--game", game] if game else [])]
    console = stdout()
    live, terminal, programs = (words(f"cli.demo.{code}") for code in ("live", "terminal", "programs"))
    cells = max(map(cell_len, (live, terminal, programs)))
    say(console)
    say(console, f"  {padded(live, cells)}  ", (f"{site}/leaderboard", "bold cyan underline"))
    say(console)
    say(console, (f"  {padded(terminal, cells)}  ", "dim"), join(command))
    say(console, (f"  {padded(programs, cells)}  ", "dim"), f"curl '{site}/api/v1/leaderboard?page_size=5'")
    say(console)
    say(console, (f"  {words('cli.demo.ends')}", "dim"))
