"""`toprung player set-rating`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.domain.errors import InvalidInput
from toprung.interfaces.cli.terminal.actor import attributed
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import confirmed, reporting, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, options
from toprung.interfaces.cli.terminal.performing import performed, previewed

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.ratings.rating_adjustment import RatingSetOutcome
    from toprung.interfaces.cli.terminal.builder import Builder


def add_set_rating_command(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the command."""

    @player.command(name="set-rating")
    def set_rating(
        name: Annotated[str, typer.Argument(metavar="NAME", help="The player's name.")],
        race: Annotated[str, typer.Option("--race", metavar="CODE", help="With which race.")],
        mmr: Annotated[int, typer.Option("--mmr", metavar="N", help="What the rating is to be.")],
        deviation: Annotated[
            float | None, typer.Option("--deviation", metavar="N", help="By how much it may be off: 90 to 350 points.")
        ] = None,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with it.")] = "",
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Set a player's rating by hand. Games stay counted; the rating counts as unsure until games confirm it."""
        with reporting():
            if not reason.strip():
                raise InvalidInput(
                    "reason", "Say why with --reason TEXT; it is kept with the rating.", "say_why_rating"
                )
            from toprung.application.organising.rating_operations import SetRating

            opened = options(database=database, game=game)
            operation = SetRating(name=name, race=race, mmr=mmr, deviation=deviation, by=attributed(reason))
            outcome = previewed(builder(), opened, operation)
            player = (outcome.player_name, "bold")
            before = words("cli.rating.none") if outcome.mmr_before is None else str(outcome.mmr_before)
            after = f"{outcome.mmr_after}{_deviations(outcome)}"
            say_text(stdout(), "cli.rating.preview", player=player, race=outcome.race, before=before, after=after)
            if not yes and not confirmed(words("cli.rating.ask")):
                say_text(stdout(), "admin.nothing_changed")
                return
            outcome = performed(builder(), opened, operation)
            say_text(stdout(), "cli.rating.set", player=(outcome.player_name, "bold"), mmr=str(outcome.mmr_after))


def _deviations(outcome: "RatingSetOutcome") -> str:
    if outcome.deviation_after is None:
        return ""
    before = "" if outcome.deviation_before is None else f"{outcome.deviation_before:.0f} -> "
    return f" (± {before}{outcome.deviation_after:.0f})"
