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
from toprung.interfaces.cli.terminal.output import ADVICE_STYLE, line, print_bytes, say, stderr, stdout
from toprung.interfaces.shapes import leaderboard_json

_READ_BOUNDS_MS: Final = (0.05, 0.1, 0.25, 0.5, 1, 5, 25, 100)
_BAR_MAX_CELLS: Final = 30


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
    say(console, f"opened in {answer.open_seconds * 1000:,.1f} ms")
    reads_ms = [seconds * 1000 for seconds in answer.read_seconds]
    if not reads_ms:
        say(console, "no read was timed")
        return
    plural = "read" if len(reads_ms) == 1 else "reads"
    say(
        console,
        f"{len(reads_ms):,} {plural}: fastest {min(reads_ms):.3f} ms, median {median(reads_ms):.3f} ms, "
        f"slowest {max(reads_ms):.3f} ms",
    )
    for row in histogram(reads_ms):
        say(console, row)


def histogram(reads_ms: Sequence[float]) -> list[str]:
    """One line for each stretch of times that has reads in it, with a bar and their number."""
    counts = [0] * (len(_READ_BOUNDS_MS) + 1)
    for read_ms in reads_ms:
        counts[bisect_left(_READ_BOUNDS_MS, read_ms)] += 1
    labels = [f"up to {bound:g} ms" for bound in _READ_BOUNDS_MS] + [f"over {_READ_BOUNDS_MS[-1]:g} ms"]
    most = max(counts)
    return [
        f"  {label:>13} {'█' * max(1, round(_BAR_MAX_CELLS * count / most))} {count:,}"
        for label, count in zip(labels, counts, strict=True)
        if count
    ]


def _title(answer: Answer) -> Text:
    ladder, filters = answer.ladder, answer.filters
    said = in_words(filters, ladder)
    said += [past_said(answer.page.past)] if answer.page.past else []
    title = line((ladder.catalog.name, "bold"))
    title.append_text(line((f" · {' · '.join(said)}" if said else " · leaderboard", "dim")))
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
    parts = [f"page {page.current_page:,} of {page.total_pages:,}", _total(answer), f"version {page.version}"]
    if page.current_page < page.total_pages:
        parts.append(f"next: --page {page.current_page + 1}")
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
    corrected = ", corrected since" if past.is_corrected else ""
    return f"as of {to_iso(past.at_us)}{corrected}"


def _notes(page: LeaderboardPage) -> list[str]:
    """What the marks in the table mean, where there are any."""
    notes = []
    unsure = [row for row in page.players if row.is_provisional]
    if unsure:
        why = "too few games" if unsure[0].deviation is None else "too few games, or too long ago"
        notes.append(f"{UNSURE_MARK} provisional: {why} to be sure of the rating")
    if page.since_us is not None:
        notes.append(f"moved: places since {to_iso(page.since_us)}, and the MMR that was gained or lost")
    if page.past is not None:
        notes.append("names, countries and bans are those of today")
    return notes


def _show_nobody_listed(console: Console, answer: Answer) -> None:
    say(console, "Nobody is listed under these filters.")
    for dropped in answer.would_list:
        outcome = _number(dropped.rows, "entry") if dropped.rows else "still nobody"
        say(console, "  without ", (as_option(answer.filters, dropped.name), "bold"), f": {outcome}")


def _show_nobody_ranked(console: Console, answer: Answer) -> None:
    last_us, days = answer.page.last_activity_us, answer.ladder.inactivity_days
    if last_us is None:
        say(console, "Nobody has played on this ladder yet. Begin with one of these:")
        for command, what in (
            ("toprung import FILE.csv", "the ratings of an older ladder"),
            ("toprung import-games FILE.csv", "games that were played elsewhere, rated in their order"),
            ("toprung demo", "a ladder to look at, with players and matches that are made up"),
        ):
            say(console, (f"  {command:<31}", "bold"), what)
        return
    whole_second_us = last_us - last_us % MICROSECONDS_PER_SECOND
    say(
        console,
        f"Nobody is ranked: the last game was played {ago(last_us, answer.now_us)}, on {to_iso(whole_second_us)}.",
    )
    if days is not None:
        say(console, f"Only who played within the last {days:g} days is ranked. To see the others:")
        say(console, ("  --inactivity-days off", "bold"), "         here and now (a larger number does as well)")
        say(console, ("  TOPRUNG_INACTIVITY_DAYS=off", "bold"), "   in the environment, for every command and the site")


def _show_matches(console: Console, answer: Answer, matches: Sequence[FoundPlayer]) -> None:
    say(console, "Several players have that in their name; say which one:")
    for match in matches:
        row = Text("  ").append_text(country_mark(match.country)).append(f"  {player_name(match.player_name)}", "bold")
        console.print(row.append(_unranked(match), ADVICE_STYLE), soft_wrap=True)
    if answer.filters.active():
        say(console, ("The filters are looked at once there is one.", ADVICE_STYLE))


def _unranked(match: FoundPlayer) -> str:
    if match.is_listed:
        return ""
    return "  banned" if match.is_banned else "  not ranked"


def _total(answer: Answer) -> str:
    """How many rows the filters let through, and of how many where they do."""
    page, filters = answer.page, answer.filters
    if filters.best_race_only:
        return f"{_number(page.total_players, 'player')} with {_number(page.total_ranked, 'entry')} in all"
    if filters.active():
        return f"{page.total_players:,} of {_number(page.total_ranked, 'entry')}"
    return _number(page.total_ranked, "entry")


def _number(count: int, unit: str) -> str:
    plural = {"entry": "entries", "player": "players"}[unit]
    return f"{count:,} {unit if count == 1 else plural}"
