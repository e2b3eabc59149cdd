"""`toprung match create|confirm|abort|report|withdraw|cancel`: taking a match from two players to a result."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.domain.matches.match import MatchId, MatchState, Outcome
from toprung.domain.matches.match_life import Step
from toprung.domain.ratings.explanation import state_words
from toprung.interfaces.cli.terminal.actor import Reason, attributed
from toprung.interfaces.cli.terminal.output import reporting, run, say, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, MatchNumber, options

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.writing.audit import Attribution
    from toprung.interfaces.cli.terminal.builder import Builder, Options

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
            opened = options(database=database, game=game)
            state = run(_act(builder(), opened, MatchId(number), player, step, outcome, attributed(reason)))
            say(stdout(), f"Match {number} is {state_words(state)}; `toprung match show {number}` says more.")

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
            opened = options(database=database, game=game)
            number = run(
                _create(builder(), opened, (first, race_1), (second, race_2), key, map_name, attributed(reason))
            )
            say(stdout(), f"Match {number} is open; both players have to confirm it.")


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


async def _create(
    builder: "Builder",
    opened: "Options",
    first: tuple[str, str],
    second: tuple[str, str],
    key: str | None,
    map_name: str | None,
    by: "Attribution",
) -> MatchId:
    async with builder.administering(opened) as administration:
        return await administration.open_match(first, second, key=key, map_name=map_name, by=by)


async def _act(
    builder: "Builder",
    opened: "Options",
    match_id: MatchId,
    player: str,
    step: Step,
    outcome: Outcome | None,
    by: "Attribution",
) -> MatchState:
    async with builder.administering(opened) as administration:
        return await administration.act_on_match(match_id, player, step, outcome, by=by)
