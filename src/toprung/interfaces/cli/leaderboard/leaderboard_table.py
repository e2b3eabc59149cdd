"""A page of the leaderboard as a table for a terminal, as wide as that and no wider."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from unicodedata import bidirectional

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.leaderboard import LeaderboardRow, Movement
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.countries import flag_emoji
from toprung.domain.players.player import PlayerId
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import printable

LETTER_STYLES: Final[Mapping[str, str]] = {
    "S": "bold black on bright_yellow",
    "A": "bold white on magenta",
    "B": "bold white on blue",
    "C": "bold black on cyan",
    "D": "bold black on green",
    "E": "black on white",
    "F": "white on grey30",
}
RACE_STYLES: Final = ("bright_blue", "bright_magenta", "bright_yellow", "bright_cyan", "bright_red", "bright_green")
FOUND_MARK: Final = "▸"
UNSURE_MARK: Final = "?"
FOUND_ROW_STYLE: Final = "bold"
FOUND_NAME_STYLE: Final = "bold reverse"

_NAME_KEPT_CELLS: Final = 18  # columns go before names become shorter than this
_NAME_MIN_CELLS: Final = 4
_GAP_CELLS: Final = 2  # one of padding, one that the box puts between columns
_SECONDS_BY_UNIT: Final = {"years": 365 * 86_400, "months": 30 * 86_400, "days": 86_400, "hours": 3_600, "minutes": 60}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column and how it shows a row. Where room is short, the column with the largest `goes` goes first; 0 stays."""

    key: str
    heading: str
    goes: int
    cell: Callable[[LeaderboardRow, Catalog, int], Text]
    justify: Literal["left", "right"] = "right"

    @property
    def header(self) -> str:
        """The heading, which is a code of the catalogue, in words."""
        return words(self.heading) if self.heading else ""


_COLUMNS: Final = (
    _Column("rank", "cli.heading.place", 0, lambda row, _catalog, _now_us: Text(f"{row.global_rank:,}")),
    _Column("filter_rank", "cli.heading.in_filter", 2, lambda row, _catalog, _now_us: Text(f"{row.filter_rank:,}")),
    _Column("letter", "", 0, lambda row, _catalog, _now_us: letter_badge(row.letter_rank), "left"),
    _Column("race", "", 1, lambda row, catalog, _now_us: race_mark(catalog, row.race), "left"),
    _Column("country", "", 3, lambda row, _catalog, _now_us: country_mark(row.country), "left"),
    _Column("name", "site.player", 0, lambda row, _catalog, _now_us: Text(player_name(row.player_name)), "left"),
    _Column("mmr", "site.mmr", 0, lambda row, _catalog, _now_us: Text(str(row.mmr), style="bold")),
    _Column("record", "cli.heading.record", 4, lambda row, _catalog, _now_us: _record(row)),
    _Column(
        "won",
        "cli.heading.won",
        6,
        lambda row, _catalog, _now_us: _won(row),
    ),
    _Column(
        "played",
        "cli.heading.played",
        5,
        lambda row, _catalog, now_us: _played(row, now_us),
    ),
    _Column(
        "percentile",
        "cli.heading.percentile",
        7,
        lambda row, _catalog, _now_us: _percentile(row),
    ),
)


def ago(moment_us: int, now_us: int) -> str:
    """How long ago a moment was, in its largest unit; a moment that is still to come is now."""
    seconds = (now_us - moment_us) // MICROSECONDS_PER_SECOND
    for unit, length in _SECONDS_BY_UNIT.items():
        if seconds >= length:
            return words(f"time.{unit}_ago", **{unit: seconds // length})
    return words("time.just_now")


def letter_badge(letter: str) -> Text:
    """A letter rank in its colour."""
    return Text(f" {letter} ", style=LETTER_STYLES[letter])


def race_mark(catalog: Catalog, code: str) -> Text:
    """The race's short mark in a colour of its own."""
    index = catalog.race_codes.index(code)
    return Text(catalog.races[index].short, style=RACE_STYLES[index % len(RACE_STYLES)])


def country_mark(code: str | None) -> Text:
    """The flag and the code of a country; a dash where there is none."""
    flag = flag_emoji(code)
    if flag.endswith("\N{VARIATION SELECTOR-16}"):
        flag = "  "  # the white flag: terminals do not agree how wide a character is that is only asked to be an emoji
    return Text(f"{flag} {code or '–'}")


def player_name(name: str, cells: int | None = None) -> str:
    """A name as one line of a terminal shows it, in at most so many cells.

    A name that is written from right to left stands between two isolates, so that a terminal which knows about such
    scripts does not turn the numbers beside it round.
    """
    shown = printable(name)
    if cells is not None and cell_len(shown) > cells:
        shown = set_cell_size(shown, max(0, cells - 1)).rstrip() + "…"
    is_right_to_left = any(bidirectional(char) in ("R", "AL") for char in shown)
    return f"\u2068{shown}\u2069" if is_right_to_left else shown


def leaderboard_table(
    rows: Sequence[LeaderboardRow],
    catalog: Catalog,
    *,
    now_us: int,
    is_filtered: bool,
    found: PlayerId | None,
    width: int,
    movements: Sequence[Movement | None] | None = None,
) -> Table:
    """The rows as a table of at most `width` cells: the least useful columns go, then names are cut short.

    Without a filter the rank in the filter is the rank, and is left out. The rows of the player `found` stand out.
    """
    columns = [column for column in _COLUMNS if is_filtered or column.key != "filter_rank"]
    if movements is not None:
        moved = {row.entry_id: _moved(movement) for row, movement in zip(rows, movements, strict=True)}
        columns.insert(1, _Column("moved", "cli.heading.moved", 0, lambda row, _catalog, _now_us: moved[row.entry_id]))
    cells = {column.key: [column.cell(row, catalog, now_us) for row in rows] for column in columns}
    if any(row.is_provisional for row in rows):
        for row, mmr in zip(rows, cells["mmr"], strict=True):
            mmr.append(*((UNSURE_MARK, "yellow") if row.is_provisional else (" ",)))
    for row, rank in zip(rows, cells["rank"], strict=True):
        if found is not None:  # also seen without colours
            rank.append(f" {FOUND_MARK}" if row.player_id == found else "  ")
    widths = {
        column.key: max(cell_len(column.header), *(text.cell_len for text in cells[column.key])) for column in columns
    }
    columns, name_cells = _fitting(columns, widths, width)
    cells["name"] = [
        Text(player_name(row.player_name, name_cells), FOUND_NAME_STYLE if row.player_id == found else "")
        for row in rows
    ]
    widths["name"] = name_cells
    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP_CELLS - 1, 0, 0), header_style="dim"
    )
    for column in columns:
        table.add_column(Text(column.header), justify=column.justify, no_wrap=True, width=widths[column.key])
    for index, row in enumerate(rows):
        style = FOUND_ROW_STYLE if row.player_id == found else ""
        table.add_row(*(cells[column.key][index] for column in columns), style=style)
    return table


def _moved(movement: Movement | None) -> Text:
    """The places and the MMR that an entry gained; with its sign, so that it needs no colour."""
    if movement is None:
        return Text(words("site.moved_new"), "dim")
    places = movement.places
    style = "green" if places > 0 else "red" if places < 0 else "dim"
    arrow = "▲" if places > 0 else "▼" if places < 0 else "="
    return Text.assemble((f"{arrow}{abs(places) or ''}", style), (f" {movement.mmr:+d}", "dim"))


def _record(row: LeaderboardRow) -> Text:
    return Text(f"{row.games_won}-{row.games_lost}-{row.games_drawn}")


def _won(row: LeaderboardRow) -> Text:
    return Text(f"{row.games_won / max(1, row.games_played):.0%}")


def _played(row: LeaderboardRow, now_us: int) -> Text:
    return Text(ago(row.last_played_us, now_us), style="dim")


def _percentile(row: LeaderboardRow) -> Text:
    return Text(f"{row.percentile:.1f}", style="dim")


def _fitting(columns: list[_Column], widths: Mapping[str, int], width: int) -> tuple[list[_Column], int]:
    """The columns that there is room for, and how many cells the name gets."""
    while True:
        others = sum(widths[column.key] for column in columns if column.key != "name")
        room = width - others - _GAP_CELLS * (len(columns) - 1)
        least = max(columns, key=lambda column: column.goes)
        if room >= min(widths["name"], _NAME_KEPT_CELLS) or least.goes == 0:
            return columns, min(widths["name"], max(room, _NAME_MIN_CELLS))
        columns = [column for column in columns if column is not least]
