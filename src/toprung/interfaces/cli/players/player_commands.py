"""`toprung player …`: finding players, and what an organiser does to them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.interfaces.cli.players.set_rating_command import add_set_rating_command
from toprung.interfaces.cli.terminal.actor import Reason, attributed
from toprung.interfaces.cli.terminal.output import reporting, run, say, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, InactivityDays, Now, options

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.organising.admin_service import Administration
    from toprung.application.writing.audit import Attribution
    from toprung.domain.players.player import Player
    from toprung.interfaces.cli.terminal.builder import Builder, Options

    _Work = Callable[[Administration], Awaitable[Player]]
    _Change = Callable[[str | None, str | None, _Work], Player]

_PLAYER = typer.Argument(metavar="NAME", help="The player's name.")
_WHO_CAME_BACK = typer.Argument(metavar="NAME", help='The name of today, or the old one ("Deleted player 7").')
_COUNTRY_HELP = "Two letters, such as KR; XX is for who prefers not to say."


def add_player_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    player = typer.Typer(no_args_is_help=True, help="Find players; add, rename, ban them.")
    cli.add_typer(player, name="player")

    def change(database: str | None, game: str | None, work: "_Work") -> "Player":
        return run(_administer(builder(), options(database=database, game=game), work))

    _add_search(player, builder)
    _add_editing(player, change)
    _add_bans(player, change)
    _add_pardon(player, builder)
    _add_restore(player, change)
    add_set_rating_command(player, builder)


def _add_search(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @player.command()
    def search(
        text: Annotated[str, typer.Argument(metavar="TEXT", help="A part of the name.")],
        limit: Annotated[int, typer.Option("--limit", metavar="N", help="List at most so many.", min=1, max=50)] = 20,
        now: Now = None,
        inactivity_days: InactivityDays = None,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Find players by a part of their name."""
        with reporting():
            from toprung.interfaces.cli.players.player_search import search_players, show_players

            opened = options(database=database, game=game, inactivity_days=inactivity_days, now=now)
            show_players(stdout(), run(search_players(builder(), opened, text, limit)))


def _add_editing(player: typer.Typer, change: "_Change") -> None:
    @player.command()
    def add(
        name: Annotated[str, _PLAYER],
        country: Annotated[str | None, typer.Option("--country", metavar="CC", help=_COUNTRY_HELP)] = None,
        reason: Reason = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Add a player."""
        with reporting():
            by = attributed(reason)
            made = change(database, game, lambda administration: administration.register_player(name, country, by))
            say(stdout(), "Added ", *_described(made), ": 1 new player, 0 changed, 0 unchanged.")

    @player.command()
    def rename(
        name: Annotated[str, _PLAYER],
        new_name: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
        reason: Reason = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Give a player another name."""
        with reporting():
            by = attributed(reason)
            renamed = change(database, game, lambda administration: administration.rename_player(name, new_name, by))
            say(stdout(), f"{name} is now ", *_described(renamed), ".")

    @player.command()
    def country(
        name: Annotated[str, _PLAYER],
        code: Annotated[str, typer.Argument(metavar="CC|none", help=f"{_COUNTRY_HELP} Or none.")],
        reason: Reason = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Give a player another country, or none."""
        with reporting():
            chosen = None if code.strip().casefold() == "none" else code
            by = attributed(reason)
            moved = change(database, game, lambda administration: administration.set_country(name, chosen, by))
            say(stdout(), (moved.name, "bold"), f" now has {moved.country or 'no country'}.")


def _add_bans(player: typer.Typer, change: "_Change") -> None:
    @player.command()
    def ban(name: Annotated[str, _PLAYER], reason: Reason = "", database: Database = None, game: Game = None) -> None:
        """Ban a player, who leaves the leaderboard; what was played stays."""
        with reporting():
            by = attributed(reason)
            banned = change(database, game, lambda administration: administration.ban_player(name, by))
            say(stdout(), *_described(banned), " is banned and off the leaderboard.")

    @player.command()
    def unban(name: Annotated[str, _PLAYER], reason: Reason = "", database: Database = None, game: Game = None) -> None:
        """Lift a player's ban."""
        with reporting():
            by = attributed(reason)
            freed = change(database, game, lambda administration: administration.unban_player(name, by))
            say(stdout(), *_described(freed), " is not banned any more.")


def _add_pardon(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @player.command()
    def pardon(
        name: Annotated[str, _PLAYER], reason: Reason = "", database: Database = None, game: Game = None
    ) -> None:
        """Lift a player's penalties for matches that did not come about."""
        with reporting():
            lifted = run(_pardon(builder(), options(database=database, game=game), name, attributed(reason)))
            say(stdout(), f"{lifted} {'penalty is' if lifted == 1 else 'penalties are'} lifted.")


def _add_restore(player: typer.Typer, change: "_Change") -> None:
    @player.command()
    def restore(
        name: Annotated[str, _WHO_CAME_BACK], reason: Reason = "", database: Database = None, game: Game = None
    ) -> None:
        """Give somebody who left and came back the old entry back."""
        with reporting():
            by = attributed(reason)
            given = change(database, game, lambda administration: administration.restore_player(name, by))
            say(stdout(), *_described(given), " has the old entry back.")


async def _pardon(builder: "Builder", opened: "Options", name: str, by: "Attribution") -> int:
    async with builder.administering(opened) as administration:
        return await administration.pardon_player(name, by)


async def _administer(builder: "Builder", opened: "Options", work: "_Work") -> "Player":
    async with builder.administering(opened) as administration:
        return await work(administration)


def _described(player: "Player") -> tuple[str | tuple[str, str], ...]:
    country = f" ({player.country})" if player.country else ""
    return (player.name, "bold"), f"{country}, id {player.id}"
