"""Matches as a terminal shows them."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from toprung.application.match_history import MatchView
from toprung.domain.catalog import Catalog
from toprung.domain.match import MatchResult
from toprung.domain.moment import to_datetime
from toprung.domain.rating import RatingChange
from toprung.interfaces.cli.output import printable, say

WIDTH_WITH_MAP_MIN: Final = 110


def show_matches(console: Console, views: Sequence[MatchView], catalog: Catalog) -> None:
    """Prints matches as a table: who won, and what it did to both. Narrow terminals cut the map first."""
    if not views:
        say(console, "There are no matches.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("match", justify="right", no_wrap=True, min_width=5)
    table.add_column("ended (UTC)", no_wrap=True, min_width=16)
    for side in ("first", "second"):
        table.add_column(side, no_wrap=True)
        table.add_column("MMR", justify="right", no_wrap=True, min_width=11)
    with_map = console.width >= WIDTH_WITH_MAP_MIN
    if with_map:
        table.add_column("map", no_wrap=True, overflow="ellipsis", max_width=24)
    for view in views:
        match = view.stored.match
        result = view.stored.verdict.result
        cells: list[Text] = [
            Text(str(view.stored.id)),
            Text(f"{to_datetime(match.ended_at_us):%Y-%m-%d %H:%M}"),
        ]
        for place, won in enumerate((MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON)):
            style = "bold green" if result is won else "dim" if result is None else ""
            name, race = view.players[place].name, catalog.race(match.sides[place][0].race).short
            moved = "void" if result is None else _moved(view.changes[place])
            cells += [Text(printable(f"{name} {race}"), style), Text(moved)]
        if with_map:
            cells.append(Text(printable(match.map_name or "")))
        table.add_row(*cells)
    console.print(table)


def _moved(change: RatingChange) -> str:
    before = change.mmr_after if change.mmr_before is None else change.mmr_before
    return f"{change.mmr_after} ({change.mmr_after - before:+d})"
