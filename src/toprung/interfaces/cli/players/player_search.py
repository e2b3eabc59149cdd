"""What `toprung player search` finds, and how it shows it."""

from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from toprung.domain.errors import NotFound
from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.leaderboard import FoundPlayer, LeaderboardRow
from toprung.interfaces.cli.leaderboard.leaderboard_table import country_mark, letter_badge, player_name, race_mark
from toprung.interfaces.cli.terminal.builder import Builder, Options
from toprung.interfaces.cli.terminal.language import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The players whose name matches, each with the best placed row if there is one."""

    catalog: Catalog
    players: tuple[tuple[FoundPlayer, LeaderboardRow | None], ...]


async def search_players(builder: Builder, options: Options, text: str, limit: int) -> Found:
    """Opens the ladder and searches. Raises `NotFound` if no name matches."""
    async with builder.reading(options) as reading:
        leaderboard = reading.ladder.leaderboard
        players: list[tuple[FoundPlayer, LeaderboardRow | None]] = []
        for match in await leaderboard.search_players(text, limit=limit, with_banned=True):
            standing = await leaderboard.find_player(match.player_id) if match.is_listed else None
            players.append((match, standing.row if standing else None))
        if not players:
            raise NotFound("Nobody on this ladder has {text} in their name.", "nobody", text=repr(text))
        return Found(catalog=reading.ladder.catalog, players=tuple(players))


def show_players(console: Console, found: Found) -> None:
    """Prints the players as a table."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column(words("site.player"), no_wrap=True)
    table.add_column("id", justify="right", no_wrap=True)
    for header in (words("cli.heading.place"), "", "", words("site.mmr")):
        table.add_column(header, justify="right", no_wrap=True)
    for player, row in found.players:
        place = [
            Text(words("cli.player.banned" if player.is_banned else "cli.player.not_ranked"), style="dim"),
            Text(),
            Text(),
            Text(),
        ]
        if row is not None:
            race = race_mark(found.catalog, row.race)
            place = [
                Text(f"{row.global_rank:,}"),
                letter_badge(row.letter_rank),
                race,
                Text(str(row.mmr), style="bold"),
            ]
        name = Text(player_name(player.player_name), style="bold")
        table.add_row(country_mark(player.country), name, Text(str(player.player_id), style="dim"), *place)
    console.print(table)
