"""`toprung match …`, `toprung why` and `toprung verify`: matches, what they did, and whether all adds up."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.domain.errors import InvalidInput
from toprung.domain.listing import Page
from toprung.domain.matches.match import MatchId, MatchResult, MatchState
from toprung.interfaces.cli.matches.match_life_commands import add_match_life_commands
from toprung.interfaces.cli.terminal.actor import attributed
from toprung.interfaces.cli.terminal.language import retold, words
from toprung.interfaces.cli.terminal.output import (
    EXIT_REFUSED,
    confirmed,
    print_json,
    progress_bar,
    reporting,
    run,
    say,
    say_next,
    say_text,
    stderr,
    stdout,
)
from toprung.interfaces.cli.terminal.parameters import Cursor, Database, Game, Limit, MatchNumber, options
from toprung.interfaces.cli.terminal.performing import performed, previewed
from toprung.interfaces.cli.terminal.spoken import Commands

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.matches.match_history import MatchView
    from toprung.application.ports.progress import Progress
    from toprung.domain.game.catalog import Catalog
    from toprung.interfaces.cli.terminal.builder import Builder, Options

DIFFERENCES_SHOWN_MAX: Final = 50

_Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the API gives it.")]


def add_match_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    match = Commands(help="Open, play, look at and correct matches.")
    cli.add_typer(match, name="match")
    _add_looking(match, builder)
    _add_why(cli, builder)
    add_match_life_commands(match, builder)
    _add_resolve(match, builder)
    _add_verify(cli, builder)


def _add_looking(match: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @match.command(name="list")
    def list_matches(
        player: Annotated[str | None, typer.Option("--player", metavar="NAME", help="Only this player's.")] = None,
        state: Annotated[
            list[MatchState] | None, typer.Option("--state", help="Only in this state. May be given again.")
        ] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        as_json: _Json = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """List the latest matches, the newest first; `--state conflict` lists what waits for an organiser."""
        with reporting():
            from toprung.interfaces.cli.matches.match_screen import show_matches
            from toprung.interfaces.match_shapes import match_json

            opened = options(database=database, game=game)
            page, catalog = run(_latest(builder(), opened, limit, cursor, player, state or ()))
            if as_json:
                print_json({"matches": [match_json(view, catalog) for view in page.rows], "next": page.next})
            else:
                show_matches(stdout(), page.rows, catalog)
                say_next(page.next)

    @match.command()
    def show(
        number: MatchNumber,
        viewer: Annotated[str | None, typer.Option("--as", metavar="PLAYER", help="As this player sees it.")] = None,
        as_json: _Json = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Show one match, how it stands and what it did to ratings."""
        with reporting():
            from toprung.interfaces.cli.matches.match_screen import (
                say_sentences,
                say_standing,
                show_matches,
                show_meeting_place,
                show_replays,
            )
            from toprung.interfaces.match_shapes import match_json

            opened = options(database=database, game=game)
            view, catalog = run(_match(builder(), opened, MatchId(number), viewer))
            if as_json:
                print_json(match_json(view, catalog))
                return
            show_matches(stdout(), [view], catalog)
            say(stdout())
            if view.changes is None:
                say_standing(stdout(), view)
            else:
                say_sentences(stdout(), view.explanation(), "why.")
            show_meeting_place(stdout(), view, catalog)
            show_replays(stdout(), view)


def _add_why(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @cli.command()
    def why(number: MatchNumber, as_json: _Json = False, database: Database = None, game: Game = None) -> None:
        """Say in a few sentences why a match changed two ratings as it did."""
        with reporting():
            view, _ = run(_match(builder(), options(database=database, game=game), MatchId(number)))
            sentences = view.explanation()
            if as_json:
                print_json({"match_id": str(number), "sentences": sentences})
                return
            from toprung.interfaces.cli.matches.match_screen import say_sentences

            say_sentences(stdout(), sentences, "why.")


def _add_resolve(match: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @match.command()
    def resolve(
        number: MatchNumber,
        winner: Annotated[str | None, typer.Option("--winner", metavar="NAME", help="Who won after all.")] = None,
        draw: Annotated[bool, typer.Option("--draw", help="Nobody won.")] = False,
        flip: Annotated[bool, typer.Option("--flip", help="The other one won.")] = False,
        void: Annotated[bool, typer.Option("--void", help="It counts for nothing.")] = False,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the correction.")] = "",
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Judge a match: one with a conflict, one that expired, or a finished one anew.

        Every later game that a correction touches is rated again.

        Who moves by how much is shown before anything is changed.
        """
        with reporting():
            if sum((winner is not None, draw, flip, void)) != 1:
                raise InvalidInput("result", "Say one of --winner NAME, --draw, --flip and --void.", "say_result")
            if not reason.strip():
                raise InvalidInput(
                    "reason", "Say why with --reason TEXT; it is kept with the correction.", "say_why_correction"
                )
            from toprung.application.organising.match_operations import CorrectMatch
            from toprung.interfaces.cli.matches.match_screen import show_preview

            opened = options(database=database, game=game)
            view, catalog = run(_match(builder(), opened, MatchId(number)))
            result = _wanted(view, winner, draw=draw, flip=flip)
            operation = CorrectMatch(match_id=view.match.id, result=result, by=attributed(reason))
            show_preview(stdout(), view, previewed(builder(), opened, operation), catalog)
            if not yes and not confirmed(words("cli.match.ask_correct")):
                say_text(stdout(), "admin.nothing_changed")
                return
            outcome = performed(builder(), opened, operation)
            changes = outcome.rated_anew
            say_text(stdout(), "cli.match.judged", number=str(outcome.match_id), changes=changes)


def _add_verify(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @cli.command()
    def verify(database: Database = None, game: Game = None) -> None:
        """Play the rating log again and hold the ladder against it; ends with 1 where something differs."""
        with reporting():
            opened = options(database=database, game=game)
            with progress_bar(words("cli.progress.log"), words("cli.progress.rows")) as tell:
                differences = run(_verify(builder(), opened, tell))
            for difference in differences[:DIFFERENCES_SHOWN_MAX]:
                say(stderr(), (retold(difference, "cli.difference."), "red"))
            if differences:
                say(stderr(), (_counted(len(differences)), "bold red"))
                raise typer.Exit(EXIT_REFUSED)
            say_text(stdout(), "cli.verify.all_well")


def _counted(differences: int) -> str:
    if differences <= DIFFERENCES_SHOWN_MAX:
        return words("cli.verify.differences", count=differences)
    return words("cli.verify.differences_listed", count=differences, listed=DIFFERENCES_SHOWN_MAX)


def _wanted(view: "MatchView", winner: str | None, *, draw: bool, flip: bool) -> MatchResult | None:
    """The result that was asked for; None is void."""
    if winner is not None:
        names = [player.name for player in view.players if player is not None]
        matching = [place for place, name in enumerate(names) if name.casefold() == winner.strip().casefold()]
        if len(matching) != 1:
            raise InvalidInput(
                "winner",
                "Match {number} was played by {first} and {second}; name one.",
                "winner",
                number=str(view.match.id),
                first=names[0],
                second=names[1],
            )
        return (MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON)[matching[0]]
    if draw:
        return MatchResult.DRAW
    if not flip:
        return None
    if view.match.result is None:
        raise InvalidInput(
            "flip",
            "Match {number} has no result to flip; say who won with --winner NAME.",
            "flip",
            number=str(view.match.id),
        )
    return {
        MatchResult.SIDE_1_WON: MatchResult.SIDE_2_WON,
        MatchResult.SIDE_2_WON: MatchResult.SIDE_1_WON,
        MatchResult.DRAW: MatchResult.DRAW,
    }[view.match.result]


async def _latest(
    builder: "Builder",
    opened: "Options",
    limit: int,
    cursor: str | None,
    player: str | None,
    states: Sequence[MatchState],
) -> "tuple[Page[MatchView], Catalog]":
    async with builder.reading(opened) as reading:
        return await reading.ladder.matches.latest(limit, player, states, cursor), reading.ladder.catalog


async def _match(
    builder: "Builder", opened: "Options", match_id: MatchId, viewer: str | None = None
) -> "tuple[MatchView, Catalog]":
    async with builder.reading(opened) as reading:
        return await reading.ladder.matches.get(match_id, viewer), reading.ladder.catalog


async def _verify(builder: "Builder", opened: "Options", tell: "Progress") -> list[str]:
    async with builder.reading(opened) as reading:
        return await reading.ladder.verification.verify(tell)
