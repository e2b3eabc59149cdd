"""What `toprung leaderboard` shows: a page with its title and footer, or why there is nothing to show, or JSON."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from statistics import median
from typing import Final

from rich.console import Console
from rich.text import Text

from toprung.domain.errors import Conflict
from toprung.domain.leaderboard.leaderboard import FoundPlayer, LeaderboardPage
from toprung.domain.leaderboard.past import PastMoment
from toprung.domain.moment import MICROSECONDS_PER_SECOND, to_iso
from toprung.interfaces.cli.leaderboard.filters import as_option, in_words
from toprung.interfaces.cli.leaderboard.leaderboard_answer import Answer
from toprung.interfaces.cli.leaderboard.leaderboard_table import (
    UNSURE_MARK,
    ago,
    country_mark,
    leaderboard_table,
    player_name,
    race_mark,
)
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import (
    ADVICE_STYLE,
    line,
    padded,
    print_bytes,
    say,
    say_text,
    stderr,
    stdout,
)
from toprung.interfaces.shapes import leaderboard_json

_READ_BOUNDS_MS: Final = (0.05, 0.1, 0.25, 0.5, 1, 5, 25, 100)
_BAR_MAX_CELLS: Final = 30
_LABEL_CELLS: Final = 13


def show_json(answer: Answer) -> None:
    """Prints the page as JSON and nothing else. Raises `Conflict` where a name search found several players."""
    if answer.matches:
        names = ", ".join(match.player_name for match in answer.matches)
        raise Conflict("Several players have that in their name; say which one: {names}.", "several", names=names)
    text = json.dumps(leaderboard_json(answer.page), ensure_ascii=False, indent=2)
    print_bytes(f"{text}\n".encode())


def show_page(answer: Answer) -> None:
    """Prints the page for a person, or what stands in its place."""
    console = stdout()
    if answer.matches:
        _show_matches(console, answer, answer.matches)
        return
    console.print(_title(answer), no_wrap=True, overflow="ellipsis")
    console.print()
    if not answer.page.total_ranked:
        _show_nobody_ranked(console, answer)
    elif not answer.page.total_players:
        _show_nobody_listed(console, answer)
    else:
        _show_rows(console, answer)


def show_timing(answer: Answer) -> None:
    """Prints to stderr how long it took to open the ladder, and how long each read took."""
    console = stderr()
    say_text(console, "cli.timing.opened", ms=f"{answer.open_seconds * 1000:,.1f}")
    reads_ms = [seconds * 1000 for seconds in answer.read_seconds]
    if not reads_ms:
        say_text(console, "cli.timing.none")
        return
    times = {"fastest": min(reads_ms), "median": median(reads_ms), "slowest": max(reads_ms)}
    told = {name: f"{time_ms:.3f}" for name, time_ms in times.items()}
    say_text(console, "cli.timing.reads", count=len(reads_ms), **told)
    for row in histogram(reads_ms):
        say(console, row)


def histogram(reads_ms: Sequence[float]) -> list[str]:
    """One line for each stretch of times that has reads in it, with a bar and their number."""
    counts = [0] * (len(_READ_BOUNDS_MS) + 1)
    for read_ms in reads_ms:
        counts[bisect_left(_READ_BOUNDS_MS, read_ms)] += 1
    labels = [words("cli.timing.up_to", ms=f"{bound:g}") for bound in _READ_BOUNDS_MS]
    labels.append(words("cli.timing.over", ms=f"{_READ_BOUNDS_MS[-1]:g}"))
    most = max(counts)
    bars = ["█" * max(1, round(_BAR_MAX_CELLS * count / most)) for count in counts]
    return [
        f"  {padded(label, _LABEL_CELLS, to_the_right=True)} {bar} {count:,}"
        for label, bar, count in zip(labels, bars, counts, strict=True)
        if count
    ]


def _title(answer: Answer) -> Text:
    ladder, filters = answer.ladder, answer.filters
    said = in_words(filters, ladder)
    said += [past_said(answer.page.past)] if answer.page.past else []
    title = line((ladder.catalog.name, "bold"))
    title.append_text(line((f" · {' · '.join(said or [words('cli.leaderboard.title')])}", "dim")))
    return title


def _show_rows(console: Console, answer: Answer) -> None:
    catalog, page = answer.ladder.catalog, answer.page
    found = answer.standing.row.player_id if answer.standing else None
    table = leaderboard_table(
        page.players,
        catalog,
        now_us=answer.now_us,
        is_filtered=bool(answer.filters.active()),
        found=found,
        width=console.width,
        movements=page.movements,
    )
    console.print(table)
    console.print()
    parts = [
        words("cli.leaderboard.page", page=page.current_page, pages=page.total_pages),
        _total(answer),
        words("cli.leaderboard.version", version=str(page.version)),
    ]
    if page.current_page < page.total_pages:
        parts.append(words("cli.leaderboard.next", page=str(page.current_page + 1)))
    console.print(line((" · ".join(parts), ADVICE_STYLE)), no_wrap=False)
    for note in _notes(page):
        say(console, (note, ADVICE_STYLE))
    shown = {row.race for row in page.players}
    legend = Text()
    for race in catalog.races:
        if race.code in shown and len(catalog.races) > 1:
            legend.append("  " if legend else "").append_text(race_mark(catalog, race.code))
            legend.append(f" {race.name}", ADVICE_STYLE)
    if legend:
        console.print(legend)


def past_said(past: PastMoment) -> str:
    """Which moment is looked at, in a few words."""
    code = "cli.leaderboard.as_of_corrected" if past.is_corrected else "cli.leaderboard.as_of"
    return words(code, moment=to_iso(past.at_us))


def _notes(page: LeaderboardPage) -> list[str]:
    """What the marks in the table mean, where there are any."""
    notes = []
    unsure = [row for row in page.players if row.is_provisional]
    if unsure:
        code = "cli.leaderboard.unsure" if unsure[0].deviation is None else "cli.leaderboard.unsure_or_long_ago"
        notes.append(words(code, mark=UNSURE_MARK))
    if page.since_us is not None:
        notes.append(words("cli.leaderboard.moved_note", moment=to_iso(page.since_us)))
    if page.past is not None:
        notes.append(words("cli.leaderboard.past_note"))
    return notes


def _show_nobody_listed(console: Console, answer: Answer) -> None:
    say_text(console, "cli.leaderboard.nobody_listed")
    for dropped in answer.would_list:
        outcome = words("site.entries", count=dropped.rows) if dropped.rows else words("cli.leaderboard.still_nobody")
        option = (as_option(answer.filters, dropped.name), "bold")
        say_text(console, "cli.leaderboard.without", filter=option, outcome=outcome)


def _show_nobody_ranked(console: Console, answer: Answer) -> None:
    last_us, days = answer.page.last_activity_us, answer.ladder.inactivity_days
    if last_us is None:
        say_text(console, "cli.leaderboard.nobody_played")
        for command, code in (
            ("toprung import FILE.csv", "cli.leaderboard.begin_import"),
            ("toprung import-games FILE.csv", "cli.leaderboard.begin_import_games"),
            ("toprung demo", "cli.leaderboard.begin_demo"),
        ):
            say(console, (f"  {command:<31}", "bold"), words(code))
        return
    whole_second_us = last_us - last_us % MICROSECONDS_PER_SECOND
    last = {"ago": ago(last_us, answer.now_us), "moment": to_iso(whole_second_us)}
    say_text(console, "cli.leaderboard.nobody_ranked", **last)
    if days is not None:
        say_text(console, "cli.leaderboard.inactivity", days=f"{days:g}")
        say(console, ("  --inactivity-days off         ", "bold"), words("cli.leaderboard.inactivity_here"))
        say(console, ("  TOPRUNG_INACTIVITY_DAYS=off   ", "bold"), words("cli.leaderboard.inactivity_always"))


def _show_matches(console: Console, answer: Answer, matches: Sequence[FoundPlayer]) -> None:
    say_text(console, "cli.leaderboard.several")
    for match in matches:
        row = Text("  ").append_text(country_mark(match.country)).append(f"  {player_name(match.player_name)}", "bold")
        console.print(row.append(_unranked(match), ADVICE_STYLE), soft_wrap=True)
    if answer.filters.active():
        say_text(console, "cli.leaderboard.several_filters", ADVICE_STYLE)


def _unranked(match: FoundPlayer) -> str:
    if match.is_listed:
        return ""
    return f"  {words('cli.player.banned' if match.is_banned else 'cli.player.not_ranked')}"


def _total(answer: Answer) -> str:
    """How many rows the filters let through, and of how many where they do."""
    page, filters = answer.page, answer.filters
    entries = words("site.entries", count=page.total_ranked)
    if filters.best_race_only:
        players = words("site.players", count=page.total_players)
        return words("cli.leaderboard.players_of", players=players, entries=entries)
    if filters.active():
        return words("cli.leaderboard.listed_of", listed=page.total_players, entries=entries)
    return entries
