"""`toprung player …`: finding players, and what an organiser does to them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.interfaces.cli.players.set_rating_command import add_set_rating_command
from toprung.interfaces.cli.terminal.actor import Reason, attributed
from toprung.interfaces.cli.terminal.output import print_json, reporting, run, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, InactivityDays, Now, options
from toprung.interfaces.cli.terminal.performing import performed
from toprung.interfaces.cli.terminal.spoken import Commands

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.matches.match_history import Rivals
    from toprung.domain.players.player import Player
    from toprung.interfaces.cli.terminal.builder import Builder, Options

_PLAYER = typer.Argument(metavar="NAME", help="The player's name.")
_WHO_CAME_BACK = typer.Argument(metavar="NAME", help='The name of today, or the old one ("Deleted player 7").')
_COUNTRY_HELP = "Two letters, such as KR; XX is for who prefers not to say."


def add_player_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    player = Commands(help="Find players; add, rename, ban them.")
    cli.add_typer(player, name="player")

    _add_search(player, builder)
    _add_head_to_head(player, builder)
    _add_editing(player, builder)
    _add_bans(player, builder)
    _add_pardon(player, builder)
    _add_restore(player, builder)
    add_set_rating_command(player, builder)


def _add_search(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @player.command()
    def search(
        text: Annotated[str, typer.Argument(metavar="TEXT", help="A part of the name.")],
        limit: Annotated[int, typer.Option("--limit", metavar="N", help="List at most N.", min=1, max=50)] = 20,
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


def _add_head_to_head(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @player.command(name="head-to-head")
    def head_to_head(
        name: Annotated[str, _PLAYER],
        opponent: Annotated[str, typer.Argument(metavar="OPPONENT", help="The opponent's name.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as the API gives it.")] = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Show the games between two players."""
        with reporting():
            from toprung.domain.moment import to_iso
            from toprung.interfaces.match_shapes import head_to_head_json

            rivals = run(_rivals(builder(), options(database=database, game=game), name, opponent))
            games = rivals.games
            if as_json:
                print_json(head_to_head_json(rivals))
                return
            who = {"player": (rivals.player.name, "bold"), "opponent": (rivals.opponent.name, "bold")}
            if games.last_played_us is None:
                say_text(stdout(), "cli.player.no_head_to_head", **who)
                return
            counts = {"count": games.played, "won": games.won, "lost": games.lost, "drawn": games.drawn}
            say_text(stdout(), "cli.player.head_to_head", **who, **counts, when=to_iso(games.last_played_us))


async def _rivals(builder: "Builder", opened: "Options", name: str, opponent: str) -> "Rivals":
    async with builder.reading(opened) as reading:
        return await reading.ladder.matches.head_to_head(name, opponent)


def _add_editing(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
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
            from toprung.application.organising.player_operations import RegisterPlayer

            operation = RegisterPlayer(name=name, country=country, by=attributed(reason))
            made = performed(builder(), options(database=database, game=game), operation)
            say_text(stdout(), "cli.player.added", **_described(made))

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
            from toprung.application.organising.player_operations import RenamePlayer

            operation = RenamePlayer(name=name, new_name=new_name, by=attributed(reason))
            renamed = performed(builder(), options(database=database, game=game), operation)
            say_text(stdout(), "cli.player.renamed", before=name, **_described(renamed))

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
            from toprung.application.organising.player_operations import SetCountry

            chosen = None if code.strip().casefold() == "none" else code
            operation = SetCountry(name=name, country=chosen, by=attributed(reason))
            moved = performed(builder(), options(database=database, game=game), operation)
            code = "cli.player.country" if moved.country else "cli.player.no_country"
            given = {"country": moved.country} if moved.country else {}
            say_text(stdout(), code, player=(moved.name, "bold"), **given)


def _add_bans(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @player.command()
    def ban(name: Annotated[str, _PLAYER], reason: Reason = "", database: Database = None, game: Game = None) -> None:
        """Ban a player, who leaves the leaderboard; what was played stays."""
        with reporting():
            from toprung.application.organising.player_operations import BanPlayer

            operation = BanPlayer(name=name, by=attributed(reason))
            banned = performed(builder(), options(database=database, game=game), operation)
            say_text(stdout(), "cli.player.now_banned", **_described(banned))

    @player.command()
    def unban(name: Annotated[str, _PLAYER], reason: Reason = "", database: Database = None, game: Game = None) -> None:
        """Lift a player's ban."""
        with reporting():
            from toprung.application.organising.player_operations import UnbanPlayer

            operation = UnbanPlayer(name=name, by=attributed(reason))
            freed = performed(builder(), options(database=database, game=game), operation)
            say_text(stdout(), "cli.player.unbanned", **_described(freed))


def _add_pardon(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @player.command()
    def pardon(
        name: Annotated[str, _PLAYER], reason: Reason = "", database: Database = None, game: Game = None
    ) -> None:
        """Lift a player's penalties for matches that did not come about."""
        with reporting():
            from toprung.application.organising.player_operations import PardonPlayer

            operation = PardonPlayer(name=name, by=attributed(reason))
            lifted = performed(builder(), options(database=database, game=game), operation).pardoned
            say_text(stdout(), "cli.player.pardoned", count=lifted)


def _add_restore(player: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @player.command()
    def restore(
        name: Annotated[str, _WHO_CAME_BACK], reason: Reason = "", database: Database = None, game: Game = None
    ) -> None:
        """Give somebody who left and came back the old entry back."""
        with reporting():
            from toprung.application.organising.player_operations import RestorePlayer

            operation = RestorePlayer(name=name, by=attributed(reason))
            given = performed(builder(), options(database=database, game=game), operation)
            say_text(stdout(), "cli.player.restored", **_described(given))


def _described(player: "Player") -> dict[str, object]:
    """The parameters of a sentence about a player."""
    country = f" ({player.country})" if player.country else ""
    return {"player": (player.name, "bold"), "country": country, "id": str(player.id)}
