"""Matches as a terminal shows them."""

from collections.abc import Sequence
from typing import Final, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from toprung.application.matches.match_history import MatchView
from toprung.application.ratings.rating_service import CorrectionOutcome
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import MatchResult, MatchState, Side
from toprung.domain.moment import to_datetime
from toprung.domain.ratings.explanation import state_words
from toprung.domain.ratings.rating import RatingChange
from toprung.interfaces.cli.leaderboard.leaderboard_table import player_name
from toprung.interfaces.cli.replays.verdict_text import verdict_text
from toprung.interfaces.cli.terminal.language import retold, words
from toprung.interfaces.cli.terminal.output import say, say_text

MOVES_SHOWN_MAX: Final = 20

_GAP_CELLS: Final = 2  # one of padding, one that the box puts between columns
_SIDE_CELLS_MIN: Final = 8
_MAP_CELLS_MAX: Final = 24
_MARKS: Final = {MatchResult.SIDE_1_WON: ">", MatchResult.SIDE_2_WON: "<", MatchResult.DRAW: "=", None: "x"}
_HEADINGS: Final = (
    *("cli.heading.match", "cli.heading.when", "cli.heading.first", "site.mmr", ""),
    *("cli.heading.second", "site.mmr", "cli.heading.map"),
)
_FIRST, _SECOND, _MAP = 2, 5, 7
_TO_THE_RIGHT: Final = (0, 3, 6)


def show_matches(console: Console, views: Sequence[MatchView], catalog: Catalog) -> None:
    """Prints matches as a table: who won, and what it did to both. Where room is short the map goes, then names."""
    if not views:
        say_text(console, "cli.match.none")
        return
    headers = [words(code) if code else "" for code in _HEADINGS]
    maps = [player_name(view.match.map_name or "", _MAP_CELLS_MAX) for view in views]
    rows = [_cells(view, catalog) for view in views]
    widths = [max(cell_len(header), *(row[at].cell_len for row in rows)) for at, header in enumerate(headers[:_MAP])]
    map_cells = max(cell_len(headers[_MAP]), *map(cell_len, maps)) if any(maps) else 0
    if _fit(widths, console.width - map_cells - _GAP_CELLS) and map_cells:
        widths.append(map_cells)
    else:
        _fit(widths, console.width, cut=True)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP_CELLS - 1, 0, 0))
    for at, width in enumerate(widths):
        justify: Literal["left", "right"] = "right" if at in _TO_THE_RIGHT else "left"
        table.add_column(headers[at], justify=justify, no_wrap=True, width=width, header_style="dim")
    for view, row, map_name in zip(views, rows, maps, strict=True):
        row[_FIRST] = _side(view, 0, catalog, widths[_FIRST])
        row[_SECOND] = _side(view, 1, catalog, widths[_SECOND])
        table.add_row(*row, *([Text(map_name)] if len(widths) > _MAP else []))
    console.print(table)


def say_standing(console: Console, view: MatchView) -> None:
    """Prints how a match stands, a sentence a line."""
    sentences = view.description()
    if None in view.players:  # such a player is a mark in English
        sentences = [sentence.replace("(hidden)", words("admin.hidden")) for sentence in sentences]
    say_sentences(console, sentences, "cli.stands.")


def say_sentences(console: Console, sentences: Sequence[str], group: str) -> None:
    """Prints what is said of a match, a sentence a line; `group` is where the catalogue has such sentences."""
    for sentence in sentences:
        say(console, retold(sentence, group))


def show_meeting_place(console: Console, view: MatchView, catalog: Catalog) -> None:
    """Prints where the players of an open match meet and find its map; nothing where the catalogue does not say."""
    if view.match.state.is_open:
        channel = catalog.chat_channel(view.match.id)
        if channel is not None:
            say_text(console, "cli.match.chat", "dim", channel=(channel, ""))
        for link in catalog.map_links(view.match.map_name, view.match.server):
            code = "cli.match.map" if link.game_region is None else "cli.match.map_in"
            where = {} if link.game_region is None else {"region": link.game_region}
            say_text(console, code, "dim", address=(link.address, ""), **where)


def show_replays(console: Console, view: MatchView) -> None:
    """Prints what replays were brought for a match, by whom, and what is said of them; nothing where there are none."""
    for replay in view.replays:
        upload = replay.upload
        say(console)
        player = (replay.player.name, "bold")
        say_text(console, "cli.match.replay", "dim", upload=str(upload.id), player=player, state=upload.state.value)
        say(console, f"  {verdict_text(upload.sentence)}")


def show_preview(console: Console, view: MatchView, outcome: CorrectionOutcome, catalog: Catalog) -> None:
    """Says what a correction would do: how the match would count, and who would move by how much."""
    before = _judged(view, outcome.before, view.match.state)
    after = _judged(view, outcome.after, MatchState.VOIDED)
    say_text(console, "cli.match.preview", number=str(outcome.match_id), before=before, after=after)
    say_text(console, "cli.match.preview_moves", ratings=len(outcome.moves), changes=outcome.rated_anew)
    for move in outcome.moves[:MOVES_SHOWN_MAX]:
        change = move.mmr_after - move.mmr_before
        race = catalog.race(move.race).short
        say(
            console,
            f"  {change:+5d}  {move.mmr_before:>5} -> {move.mmr_after:>5}  ",
            (move.player_name, "bold"),
            f" {race}",
        )
    if len(outcome.moves) > MOVES_SHOWN_MAX:
        say_text(console, "cli.match.preview_more", "dim", count=len(outcome.moves) - MOVES_SHOWN_MAX)


def _judged(view: MatchView, result: MatchResult | None, otherwise: MatchState) -> str:
    first, second = (words("admin.hidden") if player is None else player.name for player in view.players)
    if result is None:
        return words("cli.match.judged_none", state=_state(otherwise), first=first, second=second)
    if result is MatchResult.DRAW:
        return words("cli.match.judged_draw", first=first, second=second)
    winner, loser = (first, second) if result is MatchResult.SIDE_1_WON else (second, first)
    return words("cli.match.judged_win", winner=winner, loser=loser)


def _state(state: MatchState) -> str:
    return retold(state_words(state), "cli.state.")


def _fit(widths: list[int], room: int, *, cut: bool = False) -> bool:
    """Whether the columns have room; with `cut`, the sides are made so narrow that they have, the wider one first."""
    spare = room - sum(widths) - _GAP_CELLS * (len(widths) - 1)
    while cut and spare < 0 and max(widths[_FIRST], widths[_SECOND]) > _SIDE_CELLS_MIN:
        wider = _FIRST if widths[_FIRST] > widths[_SECOND] else _SECOND
        widths[wider] -= 1
        spare += 1
    return spare >= 0


def _cells(view: MatchView, catalog: Catalog) -> list[Text]:
    match, result = view.match, view.match.standing_result
    is_void = match.state is MatchState.VOIDED
    moved = [_state(match.state) if is_void else ""] * 2
    if view.changes is not None and result is not None:
        moved = [_moved(change) for change in view.changes]
    at_us = match.assigned_at_us if match.ended_at_us is None else match.ended_at_us
    when = f"{to_datetime(at_us or 0):%Y-%m-%d %H:%M}"
    return [
        Text(str(match.id)),
        Text(when if result is not None or is_void else f"{when} {_state(match.state)}"),
        _side(view, 0, catalog),
        Text(moved[0]),
        Text(_MARKS[result] if result is not None or is_void else "", "dim"),
        _side(view, 1, catalog),
        Text(moved[1]),
    ]


def _side(view: MatchView, side: Side, catalog: Catalog, cells: int | None = None) -> Text:
    """A player and the race. Where room is short the name is cut, not the race."""
    result, player = view.match.standing_result, view.players[side]
    if player is None:
        return Text(words("cli.match.hidden"), "dim")
    race = catalog.race(view.match.sides[side].players[0].race).short
    name = player_name(player.name, None if cells is None else cells - cell_len(race) - 1)
    has_won = result is not None and result.score_of(side) == 1
    return Text(f"{name} {race}", "bold green" if has_won else "dim" if result is None else "")


def _moved(change: RatingChange) -> str:
    before = change.mmr_after if change.mmr_before is None else change.mmr_before
    return f"{change.mmr_after} ({change.mmr_after - before:+d})"
