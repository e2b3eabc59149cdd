"""`toprung import`, `toprung import-games` and `toprung export`: files in and out."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.leaderboard.filters import Filters
from toprung.interfaces.cli.leaderboard.filters import filtered, in_game
from toprung.interfaces.cli.terminal.actor import Reason, attributed
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import print_bytes, progress_bar, reporting, run, say_text, stderr, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, InactivityDays, Now, options
from toprung.interfaces.cli.terminal.performing import performed

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.transfer.import_service import ImportSummary
    from toprung.interfaces.cli.terminal.builder import Builder, Options
    from toprung.interfaces.cli.transfer.export_files import ExportFormat

IMPORT_MAX_BYTES: Final = 256 * 1024 * 1024
STANDARD_STREAM: Final = "-"


def add_transfer_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    _add_imports(cli, builder)
    _add_export(cli, builder)


def _add_imports(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @cli.command(name="import")
    def import_entries(
        file: Annotated[str, typer.Argument(metavar="FILE.csv", help="The file, in UTF-8; - is standard input.")],
        reason: Reason = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Import ratings from CSV: all lines or, if any is wrong, none.

        The columns: discord_id,player_name,country,race,mmr,games_played,games_won,games_lost,games_drawn,last_played.

        As in an export there may also be player_id,rating,deviation,volatility. What is so already stays untouched.
        """
        with reporting():
            from toprung.application.organising.transfer_operations import ImportEntries

            operation = ImportEntries(text=read_text(file), file=_name_of(file), by=attributed(reason))
            opened = options(database=database, game=game)
            with progress_bar(words("cli.progress.import"), words("cli.progress.rows")) as tell:
                summary = performed(builder(), opened, operation, tell)
            say_text(stdout(), "cli.import.done", count=summary.rows, file=_shown_name(file))
            _say_counts(summary)

    @cli.command()
    def import_games(
        file: Annotated[str, typer.Argument(metavar="FILE", help="The file, in UTF-8; - is standard input.")],
        source: Annotated[
            str | None,
            typer.Option(
                "--source",
                metavar="NAME",
                help="Where the games come from: a game that is known from there is passed over. Else the file's name.",
            ),
        ] = None,
        reason: Reason = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Play games from CSV through the ladder, in the order in which they ended.

        The columns: ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2.

        In a game of one race the last two may be missing.
        """
        with reporting():
            from toprung.application.organising.transfer_operations import ImportGames

            named = source if source is not None else _source_of(file)
            text, by = read_text(file), attributed(reason)
            operation = ImportGames(text=text, source=named, file=_name_of(file), by=by)
            opened = options(database=database, game=game)
            with progress_bar(words("cli.progress.games"), words("cli.progress.of_games")) as tell:
                summary = performed(builder(), opened, operation, tell)
            new, known = summary.matches.new, summary.matches.unchanged
            if known:
                say_text(stdout(), "cli.import.games_known", count=new, source=repr(named), known=known)
            else:
                say_text(stdout(), "cli.import.games", count=new, source=repr(named))
            _say_counts(summary)


def _add_export(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @cli.command()
    @filtered
    def export(
        filters: Filters,
        file: Annotated[
            str, typer.Argument(metavar="FILE|-", help="Where to; - is standard output.")
        ] = STANDARD_STREAM,
        wanted: Annotated[
            Literal["csv", "json", "parquet"] | None,
            typer.Option("--format", help="Else what the file's name ends in; CSV on standard output."),
        ] = None,
        force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
        ranked: Annotated[
            bool, typer.Option("--ranked", help="What the leaderboard shows, with ranks, in place of every rating.")
        ] = False,
        now: Now = None,
        inactivity_days: InactivityDays = None,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Export every rating, Discord ids included, as `toprung import` takes it; or, with filters, the ranked rows.

        A filter asks for ranked rows, as --ranked does: what the leaderboard shows, and nothing that it does not.
        """
        with reporting():
            # Here, since it loads Polars.
            from toprung.interfaces.cli.transfer.export_files import chosen_format, refuse_target, write_whole

            target = None if file == STANDARD_STREAM else Path(file)
            chosen = chosen_format(target, wanted)
            if target is not None:
                refuse_target(target, force=force)
            elif chosen == "parquet" and sys.stdout.isatty():
                raise InvalidInput("file", "Parquet is not for reading on a terminal; name a file.", "parquet_terminal")
            opened = options(database=database, game=game, inactivity_days=inactivity_days, now=now)
            work = _exported(builder(), opened, chosen, filters if ranked or filters.active() else None)
            data, rows = run(work)
            if target is None:
                print_bytes(data)
            else:
                write_whole(target, data)
                say_text(stderr(), "cli.export.done", count=rows, file=str(target))


def read_text(file: str, *, bytes_max: int = IMPORT_MAX_BYTES) -> str:
    """The text of a file, or of standard input for `-`. Raises `NotFound` and `InvalidInput`."""
    name = words("cli.standard_input_subject") if file == STANDARD_STREAM else repr(file)
    try:
        if file == STANDARD_STREAM:
            data = sys.stdin.buffer.read(bytes_max + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(bytes_max + 1)
    except FileNotFoundError:
        raise NotFound("There is no file {file}.", "file", file=name) from None
    except OSError as error:
        raise InvalidInput(
            "file", "{file} cannot be read: {problem}.", "file_unreadable", file=name, problem=error.strerror
        ) from None
    if len(data) > bytes_max:
        limit_mib = bytes_max // (1024 * 1024)
        raise InvalidInput(
            "file",
            "{file} is larger than {most} MiB; import it in parts.",
            "file_too_large",
            file=name,
            most=str(limit_mib),
        )
    try:
        return data.decode("utf-8")  # a byte order mark stays, so that the text's hash is the file's
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        sentence = "{file} is not in UTF-8 (a byte on line {line} cannot be); save it as UTF-8 and try again."
        raise InvalidInput("file", sentence, "file_not_text", file=name, line=str(line)) from None


def _source_of(file: str) -> str:
    if file == STANDARD_STREAM:
        raise InvalidInput(
            "source", "Standard input has no name; say with --source where the games come from.", "source_unnamed"
        )
    return Path(file).stem


async def _exported(
    builder: "Builder", opened: "Options", chosen: "ExportFormat", filters: Filters | None
) -> tuple[bytes, int]:
    """The file's content and its number of rows; without filters every rating."""
    from toprung.interfaces.cli.transfer.export_files import RANKED_COLUMNS, csv_bytes, json_bytes, parquet_bytes

    async with builder.reading(opened) as reading:
        ladder = reading.ladder
        if filters is None and chosen == "csv":
            text = await ladder.exports.entries_csv()
            return text.encode(), text.count("\n") - 1  # no name holds a line break
        if filters is None:
            frame = await ladder.exports.entries_frame()
        else:
            frame = await ladder.leaderboard.filtered_frame(in_game(filters, ladder.catalog))
            frame = frame.select(RANKED_COLUMNS)
    encode = {"csv": csv_bytes, "json": json_bytes, "parquet": parquet_bytes}[chosen]
    return encode(frame), frame.height


def _say_counts(summary: "ImportSummary") -> None:
    for code, counts in (("cli.import.players", summary.players), ("cli.import.ratings", summary.ratings)):
        say_text(stdout(), code, new=counts.new, changed=counts.changed, unchanged=counts.unchanged)
    if summary.backup is not None:
        say_text(stdout(), "cli.db.backup", "dim", file=summary.backup)
    elif not (summary.players.touched or summary.ratings.touched):
        say_text(stdout(), "cli.import.nothing_changed", "dim")
    else:
        say_text(stdout(), "cli.import.no_copy", "dim")


def _name_of(file: str) -> str:
    """What the audit calls a file."""
    return "standard input" if file == STANDARD_STREAM else Path(file).name


def _shown_name(file: str) -> str:
    return words("cli.standard_input") if file == STANDARD_STREAM else Path(file).name
