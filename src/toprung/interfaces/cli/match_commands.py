"""`toprung match …`, `toprung why` and `toprung verify`: matches, what they did, and whether all adds up."""

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.domain.errors import InvalidInput
from toprung.domain.match import MatchId, MatchResult
from toprung.interfaces.cli.output import EXIT_REFUSED, progress_bar, reporting, run, say, stderr, stdout
from toprung.interfaces.cli.parameters import Database, Game, options

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.entry_file import Progress
    from toprung.application.match_history import MatchView
    from toprung.application.rating_service import CorrectionOutcome
    from toprung.domain.catalog import Catalog
    from toprung.interfaces.cli.builder import Builder, Options

DIFFERENCES_SHOWN_MAX: Final = 50

# Larger ones are no ids of a database, which would fail on them rather than say that there is no such match.
_MatchNumber = Annotated[int, typer.Argument(metavar="MATCH", help="The match's number.", min=1, max=2**63 - 1)]


def add_match_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    match = typer.Typer(no_args_is_help=True, help="Look at matches, and correct results.")
    cli.add_typer(match, name="match")
    _add_looking(cli, match, builder)
    _add_resolve(match, builder)
    _add_verify(cli, builder)


def _add_looking(cli: typer.Typer, match: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @match.command(name="list")
    def list_matches(
        player: Annotated[str | None, typer.Option("--player", metavar="NAME", help="Only this player's.")] = None,
        limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.", min=1, max=200)] = 20,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """List the latest matches, the newest first."""
        with reporting():
            from toprung.interfaces.cli.match_screen import show_matches

            opened = options(database=database, game=game)
            views, catalog = run(_latest(builder(), opened, limit, player))
            show_matches(stdout(), views, catalog)

    @match.command()
    def show(number: _MatchNumber, database: Database = None, game: Game = None) -> None:
        """Show one match and what it did to ratings."""
        with reporting():
            from toprung.interfaces.cli.match_screen import show_matches

            view, catalog = run(_match(builder(), options(database=database, game=game), MatchId(number)))
            show_matches(stdout(), [view], catalog)
            say(stdout())
            for sentence in view.explanation():
                say(stdout(), sentence)

    @cli.command()
    def why(number: _MatchNumber, database: Database = None, game: Game = None) -> None:
        """Say in a few sentences why a match changed two ratings as it did."""
        with reporting():
            view, _ = run(_match(builder(), options(database=database, game=game), MatchId(number)))
            for sentence in view.explanation():
                say(stdout(), sentence)


def _add_resolve(match: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @match.command()
    def resolve(
        number: _MatchNumber,
        winner: Annotated[str | None, typer.Option("--winner", metavar="NAME", help="Who won after all.")] = None,
        draw: Annotated[bool, typer.Option("--draw", help="Nobody won.")] = False,
        flip: Annotated[bool, typer.Option("--flip", help="The other one won.")] = False,
        void: Annotated[bool, typer.Option("--void", help="It counts for nothing.")] = False,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the correction.")] = "",
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Judge a finished match anew. Every later game that this touches is rated again.

        Who moves by how much is shown before anything is changed.
        """
        with reporting():
            if sum((winner is not None, draw, flip, void)) != 1:
                raise InvalidInput("result", "Say one of --winner NAME, --draw, --flip and --void.")
            if not reason.strip():
                raise InvalidInput("reason", "Say why with --reason TEXT; it is kept with the correction.")
            from toprung.interfaces.cli.match_screen import show_preview

            opened = options(database=database, game=game)
            view, catalog = run(_match(builder(), opened, MatchId(number)))
            result = _wanted(view, winner, draw=draw, flip=flip)
            show_preview(stdout(), view, run(_preview(builder(), opened, view.stored.id, result)), catalog)
            if not yes and not typer.confirm("Correct it so?", err=True):
                say(stdout(), "Nothing was changed.")
                return
            outcome = run(_correct(builder(), opened, view.stored.id, result, reason))
            say(stdout(), f"Match {outcome.match_id} is corrected; {outcome.rated_anew:,} changes were rated anew.")


def _add_verify(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @cli.command()
    def verify(database: Database = None, game: Game = None) -> None:
        """Play the rating log again and hold the ladder against it; ends with 1 where something differs."""
        with reporting():
            opened = options(database=database, game=game)
            with progress_bar("Playing the log", "rows") as tell:
                differences = run(_verify(builder(), opened, tell))
            for difference in differences[:DIFFERENCES_SHOWN_MAX]:
                say(stderr(), (difference, "red"))
            if differences:
                say(stderr(), (_counted(len(differences)), "bold red"))
                raise typer.Exit(EXIT_REFUSED)
            say(stdout(), "All adds up: the log leads to every rating that is stored.")


def _counted(differences: int) -> str:
    if differences == 1:
        return "1 difference."
    unlisted = f", {DIFFERENCES_SHOWN_MAX} of them listed" if differences > DIFFERENCES_SHOWN_MAX else ""
    return f"{differences:,} differences{unlisted}."


def _wanted(view: "MatchView", winner: str | None, *, draw: bool, flip: bool) -> MatchResult | None:
    """The result that was asked for; None is void."""
    if winner is not None:
        names = [player.name for player in view.players]
        matching = [place for place, name in enumerate(names) if name.casefold() == winner.strip().casefold()]
        if len(matching) != 1:
            raise InvalidInput("winner", f"Match {view.stored.id} was played by {names[0]} and {names[1]}; name one.")
        return (MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON)[matching[0]]
    if draw:
        return MatchResult.DRAW
    if not flip:
        return None
    return {
        MatchResult.SIDE_1_WON: MatchResult.SIDE_2_WON,
        MatchResult.SIDE_2_WON: MatchResult.SIDE_1_WON,
        MatchResult.DRAW: MatchResult.DRAW,
    }[view.stored.match.result]


def _actor() -> str:
    """Who is at the terminal, for the audit. A process may run as a user without a name, as in a container."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


async def _latest(
    builder: "Builder", opened: "Options", limit: int, player: str | None
) -> "tuple[list[MatchView], Catalog]":
    async with builder.reading(opened) as reading:
        return await reading.services.matches.latest(limit, player), reading.services.catalog


async def _match(builder: "Builder", opened: "Options", match_id: MatchId) -> "tuple[MatchView, Catalog]":
    async with builder.reading(opened) as reading:
        return await reading.services.matches.get(match_id), reading.services.catalog


async def _preview(
    builder: "Builder", opened: "Options", match_id: MatchId, result: MatchResult | None
) -> "CorrectionOutcome":
    async with builder.reading(opened) as reading:
        return await reading.services.administration.preview_correction(match_id, result)


async def _correct(
    builder: "Builder", opened: "Options", match_id: MatchId, result: MatchResult | None, reason: str
) -> "CorrectionOutcome":
    async with builder.administering(opened) as administration:
        return await administration.correct_match(match_id, result, reason=reason, actor=_actor())


async def _verify(builder: "Builder", opened: "Options", tell: "Progress") -> list[str]:
    async with builder.reading(opened) as reading:
        return await reading.services.ratings.verify(tell)
