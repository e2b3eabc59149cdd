"""`toprung match create|confirm|abort|report|withdraw|cancel`: taking a match from two players to a result."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.domain.matches.match import MatchId, Outcome
from toprung.domain.matches.match_life import Step
from toprung.domain.ratings.explanation import state_words
from toprung.interfaces.cli.terminal.actor import Reason, attributed
from toprung.interfaces.cli.terminal.language import retold
from toprung.interfaces.cli.terminal.output import reporting, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, MatchNumber, options
from toprung.interfaces.cli.terminal.performing import performed

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.interfaces.cli.terminal.builder import Builder

_As = Annotated[str, typer.Option("--as", metavar="PLAYER", help="The player for whom this is done.")]

_Act = Callable[[int, str, Step, Outcome | None, str, str | None, str | None], None]


def add_match_life_commands(match: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    _add_create(match, builder)

    def act(
        number: int,
        player: str,
        step: Step,
        outcome: Outcome | None,
        reason: str,
        database: str | None,
        game: str | None,
    ) -> None:
        with reporting():
            from toprung.application.organising.match_operations import ActForPlayer

            opened, by = options(database=database, game=game), attributed(reason)
            operation = ActForPlayer(match_id=MatchId(number), player=player, step=step, outcome=outcome, by=by)
            state = performed(builder(), opened, operation).state
            say_text(stdout(), "cli.match.is", number=str(number), state=retold(state_words(state), "cli.state."))

    _add_beginning(match, act)
    _add_reports(match, act)


def _add_create(match: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @match.command()
    def create(
        first: Annotated[str, typer.Argument(metavar="PLAYER", help="Who plays.")],
        second: Annotated[str, typer.Argument(metavar="OPPONENT", help="Against whom.")],
        race_1: Annotated[str, typer.Option("--race-1", metavar="CODE", help="The race of the first.")],
        race_2: Annotated[str, typer.Option("--race-2", metavar="CODE", help="The race of the second.")],
        map_name: Annotated[str | None, typer.Option("--map", metavar="NAME", help="Else one of the pool.")] = None,
        key: Annotated[
            str | None, typer.Option("--key", metavar="KEY", help="A name for it: the same key is the same match.")
        ] = None,
        reason: Reason = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Open a match between two players, who then have to confirm it."""
        with reporting():
            from toprung.application.organising.match_operations import OpenMatch

            operation = OpenMatch(
                player_1=first,
                race_1=race_1,
                player_2=second,
                race_2=race_2,
                key=key,
                map_name=map_name,
                by=attributed(reason),
            )
            number = performed(builder(), options(database=database, game=game), operation).match_id
            say_text(stdout(), "cli.match.opened", number=str(number))


def _add_beginning(match: typer.Typer, act: _Act) -> None:
    @match.command()
    def confirm(
        number: MatchNumber, player: _As, reason: Reason = "", database: Database = None, game: Game = None
    ) -> None:
        """Confirm a match; when both have, it is in progress."""
        act(number, player, Step.CONFIRM, None, reason, database, game)

    @match.command()
    def abort(
        number: MatchNumber, player: _As, reason: Reason = "", database: Database = None, game: Game = None
    ) -> None:
        """Abort a match that has not begun; this costs a while without matches."""
        act(number, player, Step.ABORT, None, reason, database, game)

    @match.command()
    def cancel(
        number: MatchNumber, player: _As, reason: Reason = "", database: Database = None, game: Game = None
    ) -> None:
        """Ask for a match in progress to count for nothing; when both have, it is void."""
        act(number, player, Step.CANCEL, None, reason, database, game)


def _add_reports(match: typer.Typer, act: _Act) -> None:
    @match.command()
    def report(
        number: MatchNumber,
        outcome: Annotated[Outcome, typer.Argument(help="How it ended for this player.")],
        player: _As,
        reason: Reason = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Report how a match ended; who lost is believed at once, anything else is for the opponent to answer."""
        act(number, player, Step.REPORT, outcome, reason, database, game)

    @match.command()
    def withdraw(
        number: MatchNumber, player: _As, reason: Reason = "", database: Database = None, game: Game = None
    ) -> None:
        """Take a report back, while the opponent has not answered it."""
        act(number, player, Step.WITHDRAW, None, reason, database, game)
