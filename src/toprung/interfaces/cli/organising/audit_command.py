"""`toprung audit`: what organisers did, by whom and why."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.domain.listing import Page
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import print_json, reporting, run, say, say_next, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Cursor, Database, Game, Limit, options

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.ports.records import AuditRow
    from toprung.domain.players.player import PlayerId
    from toprung.interfaces.cli.terminal.builder import Builder, Options

MOVES_SHOWN_MAX: Final = 8


def add_audit_command(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the command."""

    @cli.command()
    def audit(
        limit: Limit = 20,
        cursor: Cursor = None,
        as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Show what organisers did, by whom and why, the newest first."""
        with reporting():
            from toprung.interfaces.audit_shapes import audit_shape

            page, names = run(_latest(builder(), options(database=database, game=game), limit, cursor))
            if as_json:
                print_json([audit_shape(row) for row in page.rows])
            elif not page.rows:
                say_text(stdout(), "cli.audit.none")
            else:
                for row in page.rows:
                    _show(row, names)
            say_next(page.next, to_programs=as_json)


def _show(row: "AuditRow", names: "Mapping[PlayerId, str]") -> None:
    """Prints a row, with today's names of the players whom it knows by their numbers."""
    from toprung.domain.moment import to_iso
    from toprung.domain.players.player import PlayerId

    def named(player_id: PlayerId) -> str:
        return names.get(player_id, words("cli.audit.player", id=str(player_id)))

    kind, _, number = row.subject.partition(" ")
    name = f" ({named(PlayerId(int(number)))})" if kind == "player" and number.isdecimal() else ""
    why = (f": {row.reason}", "bold") if row.reason else (f" {words('cli.audit.no_reason')}", "dim")
    say(stdout(), (to_iso(row.at_us), "dim"), f"  {row.actor}  {row.action} {row.subject}{name}", why)
    details = json.loads(row.details)
    moves = details.pop("moves", [])
    if "player" in details:
        details["player"] = named(details["player"])
    if "former" in details:
        details["former"] = ", ".join(
            words("cli.audit.named_player", name=named(one), id=str(one)) for one in details["former"]
        )
    kept = {key.replace("_", " "): value for key, value in details.items() if value not in (None, [], "")}
    shown = [f"{key}: {_told(key, value)}" for key, value in kept.items()]
    if shown:
        say(stdout(), (f"    {', '.join(shown)}", "dim"))
    for player_id, race, before, after in moves[:MOVES_SHOWN_MAX]:
        move = {"player": named(player_id), "race": race, "before": str(before), "after": str(after)}
        say_text(stdout(), "cli.audit.move", "dim", **move)
    if len(moves) > MOVES_SHOWN_MAX:
        say_text(stdout(), "cli.audit.more_moves", "dim", count=len(moves) - MOVES_SHOWN_MAX)


def _told(key: str, value: object) -> object:
    """A value of the details; counts and constants as a list of them."""
    if not isinstance(value, dict):
        return value
    if key.startswith("constants"):
        return ", ".join(f"{name}={one:g}" for name, one in value.items())
    return ", ".join(f"{count:,} {what}" for what, count in value.items())


async def _latest(
    builder: "Builder", opened: "Options", limit: int, cursor: str | None
) -> "tuple[Page[AuditRow], Mapping[PlayerId, str]]":
    async with builder.reading(opened) as reading:
        audit = reading.ladder.audit
        page = await audit.latest(limit, cursor)
        return page, await audit.names(page.rows)
