"""`toprung leaderboard`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.filters import Filters
from toprung.interfaces.cli.leaderboard.filters import filtered
from toprung.interfaces.cli.leaderboard.past_options import AsOf, Corrected, MovementSince, look
from toprung.interfaces.cli.terminal.output import reporting, run
from toprung.interfaces.cli.terminal.parameters import Database, Game, InactivityDays, Now, options

if TYPE_CHECKING:  # the module loads Polars, which `toprung --help` should not wait for
    from toprung.interfaces.cli.terminal.builder import Builder


def add_leaderboard_command(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the command."""

    @cli.command()
    @filtered
    def leaderboard(
        filters: Filters,
        page: Annotated[int | None, typer.Option("--page", metavar="N", help="Which page; 1 is the first.")] = None,
        page_size: Annotated[
            int | None, typer.Option("--page-size", metavar="N", help="How many rows a page has; 40 if not said.")
        ] = None,
        find: Annotated[
            str | None, typer.Option("--find", metavar="NAME", help="Go to the page where this player stands.")
        ] = None,
        as_of: AsOf = None,
        corrected: Corrected = False,
        movement_since: MovementSince = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the page as JSON, as the web API has it.")] = False,
        timing: Annotated[
            bool, typer.Option("--timing", help="Say on stderr how long opening and reading took.")
        ] = False,
        now: Now = None,
        inactivity_days: InactivityDays = None,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Show the leaderboard."""
        with reporting():
            if find is not None and page is not None:
                raise InvalidInput(
                    "page", "--find goes to the page where the player stands; leave out --page.", "find_page"
                )
            # Here, since these load the ladder's own modules.
            from toprung.interfaces.cli.leaderboard.leaderboard_answer import Question, answer
            from toprung.interfaces.cli.leaderboard.leaderboard_screen import show_json, show_page, show_timing

            question = Question(
                filters=filters,
                page=page,
                page_size=page_size,
                find=find,
                look=look(as_of, corrected, movement_since),
            )
            opened = options(database=database, game=game, inactivity_days=inactivity_days, now=now)
            answered = run(answer(builder(), opened, question))
            show_json(answered) if as_json else show_page(answered)
            if timing:
                show_timing(answered)
