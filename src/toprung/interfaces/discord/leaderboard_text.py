"""The leaderboard as text: aligned rows, totals, filters, and what to say where there are no rows."""

from collections.abc import Collection, Sequence
from typing import Final

from toprung.domain.catalog import Catalog
from toprung.domain.countries import flag_emoji
from toprung.domain.leaderboard import LeaderboardRow
from toprung.domain.player import PlayerId
from toprung.interfaces.discord.layouts import OPTIONS_MAX
from toprung.interfaces.discord.markdown import Markdown, cells, in_code

NAME_CELLS_MAX: Final = 16
NAME_CELLS_MIN: Final = 8
ROWS_CHARACTERS_MAX: Final = 2_600
_STEPS: Final = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)

LETTER_MARKS: Final = {"S": "🟨", "A": "🟪", "B": "🟦", "C": "🟩", "D": "🟧", "E": "🟫", "F": "⬛"}


def board_rows(
    rows: Sequence[LeaderboardRow], catalog: Catalog, *, found: Collection[PlayerId | None] = ()
) -> Markdown:
    """One line a row: rank, letter, race, flag, name and MMR in columns; the rows of players found are marked.

    Letters and flags stand between two code spans: emoji all have one width there, and inside they would not be drawn.
    """
    if not rows:
        return Markdown("")
    races = {race.code: race.short for race in catalog.races}
    rank_width = max(len(str(row.global_rank)) for row in rows)
    race_width = max(cells(races[row.race]) for row in rows)
    mmr_width = max(len(str(row.mmr)) for row in rows)
    name_width = min(max(NAME_CELLS_MIN, *(cells(row.player_name) for row in rows)), NAME_CELLS_MAX)
    return Markdown(
        "\n".join(
            f"`{row.global_rank:>{rank_width}}` {LETTER_MARKS[row.letter_rank]} "
            f"`{row.letter_rank} {in_code(races[row.race], race_width)}` {flag_emoji(row.country)} "
            f"`{in_code(row.player_name, name_width)} {row.mmr:>{mmr_width}}`{' ◀' if row.player_id in found else ''}"
            for row in rows
        )
    )


def page_choices(current: int, total: int, limit: int = OPTIONS_MAX) -> list[int]:
    """At most `limit` pages to offer, in order: this one, both ends, those around, and ever wider steps beyond.

    Whatever page is chosen offers its own, so that any page is a few choices away from any other.
    """
    wanted = dict.fromkeys((current, 1, total))
    for step in _STEPS:
        wanted.update(dict.fromkeys(page for page in (current - step, current + step) if 1 <= page <= total))
    for step in range(1, limit):
        wanted.update(dict.fromkeys(page for page in (current - step, current + step) if 1 <= page <= total))
    for page in range(1, min(total, limit) + 1):
        wanted.setdefault(page)
    return sorted(list(wanted)[:limit])


def listed(names: Sequence[str], limit: int) -> str:
    """Names with commas between; where there are more than `limit`, how many are left out."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" +{more}" if more > 0 else "")
