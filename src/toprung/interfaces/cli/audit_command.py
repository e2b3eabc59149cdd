"""`toprung audit`: what organisers did, by whom and why."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.interfaces.cli.output import print_json, reporting, run, say, stdout
from toprung.interfaces.cli.parameters import Database, Game, options

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.ports.storage import AuditRow
    from toprung.interfaces.cli.builder import Builder, Options


def add_audit_command(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the command."""

    @cli.command()
    def audit(
        limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.", min=1, max=500)] = 20,
        as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Show what organisers did, by whom and why, the newest first."""
        with reporting():
            from toprung.interfaces.audit_shapes import audit_shape

            rows = run(_latest(builder(), options(database=database, game=game), limit))
            if as_json:
                print_json([audit_shape(row) for row in rows])
                return
            if not rows:
                say(stdout(), "No organiser has done anything yet.")
            for row in rows:
                shape = audit_shape(row)
                why = (f": {row.reason}", "bold") if row.reason else (" (no reason given)", "dim")
                say(stdout(), (str(shape["at"]), "dim"), f"  {row.actor}  {row.action} {row.subject}", why)
                say(stdout(), (f"    {row.details}", "dim"))


async def _latest(builder: "Builder", opened: "Options", limit: int) -> "list[AuditRow]":
    async with builder.reading(opened) as reading:
        return await reading.services.audit.latest(limit)
