"""Options that several commands share."""

from typing import TYPE_CHECKING, Annotated

import typer

from toprung.domain.errors import InvalidInput
from toprung.domain.listing import LISTED_MAX
from toprung.domain.moment import from_iso

if TYPE_CHECKING:  # the module loads Polars, which `toprung --help` should not wait for
    from toprung.interfaces.cli.terminal.builder import Options

_WHERE = "Which ladder"

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The database: sqlite:///path or postgresql://… (else the environment's TOPRUNG_DATABASE).",
        rich_help_panel=_WHERE,
    ),
]
Game = Annotated[
    str | None,
    typer.Option(
        "--game",
        metavar="CODE",
        help="The game, such as sc2 (else the environment's TOPRUNG_GAME).",
        rich_help_panel=_WHERE,
    ),
]
InactivityDays = Annotated[
    str | None,
    typer.Option(
        "--inactivity-days",
        metavar="N|off",
        help="Rank who played in the last N days, or everybody (else the environment's TOPRUNG_INACTIVITY_DAYS).",
        rich_help_panel=_WHERE,
    ),
]
Now = Annotated[
    str | None,
    typer.Option(
        "--now", metavar="ISO-TIME", help="Look at the ladder as if it were this time.", rich_help_panel=_WHERE
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", help="At most N.", min=1, max=LISTED_MAX)]
Cursor = Annotated[
    str | None,
    typer.Option("--cursor", metavar="CURSOR", help="Continue a list with the cursor that it ended with."),
]
# Larger ones are no ids of a database, which would fail on them rather than say that there is no such match.
MatchNumber = Annotated[int, typer.Argument(metavar="MATCH", help="The match's number.", min=1, max=2**63 - 1)]
Host = Annotated[str | None, typer.Option("--host", metavar="HOST", help="The address to listen on.")]
Port = Annotated[int | None, typer.Option("--port", metavar="PORT", help="The port to listen on.", min=0, max=65535)]


def options(
    *,
    database: str | None,
    game: str | None,
    inactivity_days: str | None = None,
    host: str | None = None,
    port: int | None = None,
    now: str | None = None,
) -> "Options":
    """The options as the builder takes them. Raises `InvalidInput` for a `now` that is no time."""
    from toprung.interfaces.cli.terminal.builder import Options

    now_us = None
    if now is not None:
        try:
            now_us = from_iso(now)
        except ValueError as error:
            raise InvalidInput("now", "--now: {problem}.", "now", problem=str(error)) from None
    return Options(database=database, game=game, inactivity_days=inactivity_days, host=host, port=port, now_us=now_us)
