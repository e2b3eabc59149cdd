"""The leaderboard as text: aligned rows, totals, filters, and what to say where there are no rows."""

from collections.abc import Collection, Sequence
from typing import Final

from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.leaderboard import LeaderboardRow
from toprung.domain.players.countries import flag_emoji
from toprung.domain.players.player import PlayerId
from toprung.interfaces.discord.messages.layouts import OPTIONS_MAX
from toprung.interfaces.discord.messages.markdown import Markdown, cells, escaped, fitted, in_code, length

ROWS_CHARACTERS_MAX: Final = 2_700
FOUND_MARK: Final = "◂"
_NAME_CELLS: Final = (20, 16, 12)
_STEPS: Final = (1, 2, 4, 10, 25, 75, 200, 600, 2_000, 6_000, 20_000)  # both ways and with three more they are 25

LETTER_MARKS: Final = {"S": "🟨", "A": "🟪", "B": "🟦", "C": "🟩", "D": "🟧", "E": "🟫", "F": "⬛"}


def board_rows(
    rows: Sequence[LeaderboardRow], catalog: Catalog, *, found: Collection[PlayerId | None] = ()
) -> Markdown:
    """One line a row: rank, letter, race, MMR, flag and name; the rows of players found stand out.

    Figures stand in code spans, which are all of one width, and letters and flags between them as emoji, which are too.
    The name comes last: no client draws Chinese or Korean exactly two cells wide, so a column behind names cannot be
    straight. Names are whole unless so many are long that the message would not hold all rows.
    """
    lines = _figures(rows, catalog)
    for width in (None, *_NAME_CELLS):
        shown = "\n".join(f"{line} {_name(row, found, width)}" for line, row in zip(lines, rows, strict=True))
        if length(shown) <= ROWS_CHARACTERS_MAX:
            break
    return Markdown(shown)


def _figures(rows: Sequence[LeaderboardRow], catalog: Catalog) -> list[str]:
    """What stands before each name, as wide in every row."""
    race_width = max(cells(race.short) for race in catalog.races)
    races = {race.code: in_code(race.short, race_width) for race in catalog.races}
    rank_width = max((len(str(row.global_rank)) for row in rows), default=0)
    mmr_width = max((len(str(row.mmr)) for row in rows), default=0)
    return [
        f"`{row.global_rank:>{rank_width}}` {LETTER_MARKS[row.letter_rank]} "
        f"`{row.letter_rank} {races[row.race]} {row.mmr:>{mmr_width}}` {flag_emoji(row.country)}"
        for row in rows
    ]


def _name(row: LeaderboardRow, found: Collection[PlayerId | None], width: int | None) -> str:
    name = row.player_name if width is None or cells(row.player_name) <= width else fitted(row.player_name, width)
    return f"**{escaped(name)}** {FOUND_MARK}" if row.player_id in found else escaped(name)


def page_choices(current: int, total: int, limit: int = OPTIONS_MAX) -> list[int]:
    """At most `limit` pages to offer, in order: this one, both ends, the next few both ways in widening steps; then the
    widest gaps are halved until there are enough.

    Whatever page is chosen offers its own, so that any page is a few choices away from any other.
    """
    near = (page for step in _STEPS for page in (current - step, current + step))
    wanted = sorted({page for page in (current, 1, total, *near) if 1 <= page <= total})
    while len(wanted) < min(limit, total):
        gap = max(range(len(wanted) - 1), key=lambda place: wanted[place + 1] - wanted[place])
        wanted.insert(gap + 1, (wanted[gap] + wanted[gap + 1]) // 2)
    return wanted


def listed(names: Sequence[str], limit: int) -> str:
    """Names with commas between; where there are more than `limit`, how many are left out."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" +{more}" if more > 0 else "")
