"""`toprung watch`: what is unusual in a season, for organisers to look at."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.text import Text

from toprung.domain.matches.watch.limits import DAYS_MAX
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import line, print_json, printable, reporting, run, say, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, Now, options
from toprung.interfaces.cli.terminal.tables import plain_table

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from rich.console import Console
    from rich.table import Table

    from toprung.application.ratings.watch_service import WatchReport
    from toprung.domain.matches.match import MatchId
    from toprung.domain.matches.watch.pairs import UnusualPair
    from toprung.domain.matches.watch.players import UnusualPlayer
    from toprung.interfaces.cli.terminal.builder import Builder, Options

MATCHES_SHOWN_MAX: Final = 12
NAME_CELLS_MAX: Final = 24

_COUNTS: Final = (
    *("cli.watch.games", "cli.watch.points", "cli.watch.expected"),
    *("cli.watch.others", "cli.watch.short"),
)


def add_watch_command(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the command."""

    @cli.command()
    def watch(
        season: Annotated[
            str | None, typer.Option("--season", metavar="CODE", help="This season; the one that runs if omitted.")
        ] = None,
        days: Annotated[
            int | None,
            typer.Option(
                "--days", metavar="N", help="The last N days; 90 if omitted and no season runs.", min=1, max=DAYS_MAX
            ),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
        database: Database = None,
        game: Game = None,
        now: Now = None,
    ) -> None:
        """Look for unusual results: pairs, players and game accounts worth a second look.

        It accuses nobody and changes nothing, and says how many honest players look like this.
        """
        with reporting():
            from toprung.interfaces.watch_shapes import watch_json

            report = run(_report(builder(), options(database=database, game=game, now=now), season, days))
            if as_json:
                print_json(watch_json(report))
            else:
                _show(stdout(), report)


async def _report(builder: "Builder", opened: "Options", season: str | None, days: int | None) -> "WatchReport":
    async with builder.reading(opened) as reading:
        return await reading.ladder.watch.report(season=season, days=days)


def _show(console: "Console", report: "WatchReport") -> None:
    from toprung.domain.moment import to_datetime

    period, looked = report.period, report.looked
    since, until = (f"{to_datetime(moment):%Y-%m-%d}" for moment in (period.since_us, period.until_us))
    code = "cli.watch.days" if period.season is None else "cli.watch.season"
    season = {} if period.season is None else {"season": period.season.code}
    say_text(console, code, "bold", count=looked.games, since=since, until=until, **season)
    if report.is_cut:
        say_text(console, "cli.watch.cut", "dim", count=looked.games)
    say(console)
    _show_pairs(console, report)
    say(console)
    _show_players(console, report)
    if looked.accounts:
        say(console)
        _show_accounts(console, report)
    say(console)
    say_text(console, "watch.nobody", "dim")


def _show_pairs(console: "Console", report: "WatchReport") -> None:
    looked = report.looked
    if looked.pairs:
        table = _table("cli.heading.player", "cli.watch.against")
        for pair in looked.pairs:
            races = [None, None] if pair.races is None else list(pair.races)
            whom = [_whom(report, who, race) for who, race in zip(pair.players, races, strict=True)]
            others = " + ".join(map(str, pair.other_games))
            table.add_row(*map(line, (*whom, *_counts(pair, others))), Text(printable(_matches(pair.match_ids))))
        console.print(table)
    else:
        say_text(console, "cli.watch.no_pairs")
    by_chance = f"{looked.honest_pairs:.1f}"
    say_text(console, "watch.pairs_by_chance", "dim", count=looked.pairs_looked_at, by_chance=by_chance)


def _show_players(console: "Console", report: "WatchReport") -> None:
    looked = report.looked
    if looked.players:
        say_text(console, "cli.watch.players")
        table = _table("cli.heading.player")
        for player in looked.players:
            others = words("cli.watch.of", points=f"{player.other_points:g}", games=str(player.other_games))
            whom = _whom(report, player.player, None)
            table.add_row(*map(line, (whom, *_counts(player, others))), Text(printable(_matches(player.match_ids))))
        console.print(table)
    else:
        say_text(console, "cli.watch.no_players")
    by_chance = f"{looked.honest_players:.1f}"
    say_text(console, "watch.players_by_chance", "dim", count=looked.players_looked_at, by_chance=by_chance)


def _table(*headings: str) -> "Table":
    """A table of some, their counts, and the numbers of their matches, which take as many lines as they need."""
    table = plain_table(*headings, *_COUNTS, to_the_right=_COUNTS)
    table.add_column(words("cli.watch.matches"), overflow="fold", header_style="dim")
    return table


def _show_accounts(console: "Console", report: "WatchReport") -> None:
    for account in report.looked.accounts:
        names = ", ".join(report.names[player_id] for player_id in account.players)
        say_text(console, "watch.account", handle=account.handle, names=(names, "bold"))
        say_text(console, "watch.matches", "dim", matches=_matches(account.match_ids))


def _whom(report: "WatchReport", player_id: int, race: str | None) -> str:
    from toprung.domain.players.player import PlayerId
    from toprung.interfaces.cli.leaderboard.leaderboard_table import player_name

    name = player_name(report.names[PlayerId(player_id)], NAME_CELLS_MAX)
    return name if race is None else f"{name} {race}"


def _counts(found: "UnusualPair | UnusualPlayer", others: str) -> Sequence[str]:
    """Games, points, what was expected, of how many others, and how many were short."""
    known = found.known_lengths
    short = words("cli.watch.of", points=str(found.short_games), games=str(known)) if known else "–"
    return str(found.games), f"{found.points:g}", f"{found.expected:.1f}", others, short


def _matches(match_ids: "Sequence[MatchId]") -> str:
    shown = " ".join(map(str, match_ids[-MATCHES_SHOWN_MAX:]))
    more = len(match_ids) - MATCHES_SHOWN_MAX
    return shown if more <= 0 else f"{shown} {words('cli.watch.more_matches', count=more)}"
