"""The command line: `toprung …`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung import __version__
from toprung.interfaces.cli.jobs.job_commands import add_job_commands
from toprung.interfaces.cli.leaderboard.leaderboard_command import add_leaderboard_command
from toprung.interfaces.cli.matches.match_commands import add_match_commands
from toprung.interfaces.cli.organising.audit_command import add_audit_command
from toprung.interfaces.cli.organising.watch_command import add_watch_command
from toprung.interfaces.cli.players.player_commands import add_player_commands
from toprung.interfaces.cli.ratings.rating_commands import add_rating_commands
from toprung.interfaces.cli.ratings.season_commands import add_season_commands
from toprung.interfaces.cli.replays.pool_command import add_pool_command
from toprung.interfaces.cli.replays.replay_commands import add_replay_commands
from toprung.interfaces.cli.replays.replay_upload_commands import add_replay_upload_commands
from toprung.interfaces.cli.serving.server_commands import add_server_commands
from toprung.interfaces.cli.terminal.language import speak
from toprung.interfaces.cli.terminal.spoken import Commands, SpokenRoot
from toprung.interfaces.cli.transfer.transfer_commands import add_transfer_commands

if TYPE_CHECKING:  # the module loads Polars, which `toprung --help` should not wait for
    from toprung.interfaces.cli.terminal.builder import Builder


def create_cli(builder: "Callable[[], Builder]") -> typer.Typer:
    """The command line; `builder` is called by the command that runs, once its options are read."""
    cli = Commands(
        cls=SpokenRoot,
        name="toprung",
        help="The ladder for competitive 1v1 communities.",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @cli.callback()
    def main(
        version: Annotated[  # noqa: ARG001 - its callback has said it
            bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version and exit.")
        ] = False,
        language: Annotated[
            str | None, typer.Option("--language", metavar="TAG", help="en or ko; the locale's if omitted.")
        ] = None,
    ) -> None:
        """The ladder for competitive 1v1 communities."""
        speak(language)

    add_server_commands(cli, builder)
    add_leaderboard_command(cli, builder)
    add_transfer_commands(cli, builder)
    add_player_commands(cli, builder)
    add_match_commands(cli, builder)
    add_rating_commands(cli, builder)
    add_pool_command(cli, builder)
    replay = Commands(help="Read replays, upload them, and see what became of them.")
    cli.add_typer(replay, name="replay")
    add_replay_commands(replay, builder)
    add_replay_upload_commands(replay, builder)
    add_job_commands(cli, builder)
    add_season_commands(cli, builder)
    add_audit_command(cli, builder)
    add_watch_command(cli, builder)
    return cli


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"toprung {__version__}")
        raise typer.Exit
