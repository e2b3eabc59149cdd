"""The test of the test: bugs that the machine of `test_board_stateful` must find, each a line or two of difference.

A bug whose line is not found any more has to be seeded anew; one that survives shows what the machine does not look at.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.leaderboard.test_board_stateful import BoardMachine
from tests.support.seeding import Seed, both, line
from toprung.domain.leaderboard import board_order
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.board_expiry import ExpiryQueue
from toprung.domain.leaderboard.board_order import BoardOrder, Bools, Wanted
from toprung.domain.leaderboard.board_table import BoardTable
from toprung.domain.leaderboard.leaderboard import filtered_entries, ranked_entries
from toprung.domain.players.countries import Countries
from toprung.domain.players.name_search import NameSearch
from toprung.domain.ratings.certainty import CertaintyByDeviation

ENOUGH = settings(
    max_examples=400,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


def coarse_seconds(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(board_order, "MICROSECONDS_PER_SECOND", 2_000_000)


def best_among_the_shown(patch: pytest.MonkeyPatch) -> None:
    right = Board._matches

    def wrong(self: Board, wanted: Wanted, start: int, stop: int) -> Bools:
        matches = right(self, replace(wanted, filters=wanted.filters.without("best_race_only")), 0, self._order.size)
        if wanted.filters.best_race_only:
            shown = np.flatnonzero(matches)
            seats = self._table.seats[self._order.slots[shown]]
            matches = np.zeros(self._order.size, np.bool_)
            matches[shown[np.unique(seats, return_index=True)[1]]] = True
        return matches[start:stop]

    patch.setattr(Board, "_matches", wrong)


VERSION_WITHOUT_EXPIRIES = both(
    line(Board.page, 'f"{seq}-{self._order.size}"', 'f"{seq}"'),
    line(Board.version, 'f"{seq}-{self._order.size}"', 'f"{seq}"'),
)
BEST_RACE_OF_THE_REFERENCE_LAST = line(
    filtered_entries,
    'shown = shown.filter(pl.col("letter_rank") == filters.rank)',
    'shown = ranked.filter(pl.col("letter_rank") == filters.rank)'
    '.unique("player_id", keep="first", maintain_order=True)',
)
LETTERS = "self._bounds = letter_bounds(order.size)"
BANS = "if player.is_banned != was_banned:"

BUGS: dict[str, Seed] = {
    "loaded ties stand by falling id": line(BoardOrder.replace, "(entry_ids, keys)", "(-entry_ids, keys)"),
    "the reference orders ties by falling id": line(ranked_entries, "[True, True, False]", "[True, True, True]"),
    "seconds of play are compared two at a time": coarse_seconds,
    "a changed entry keeps its old key": line(BoardOrder.move, "self.keys[target] = key", "pass"),
    "a move down lands one place too low": line(BoardOrder.move, "target -= 1", "pass"),
    "a tie is found at its first row": line(
        BoardOrder.position, "int(self.entry_ids[first:last].searchsorted(entry_id))", "0"
    ),
    "the last day is excluded": line(Board.advance, "now_us - self._inactivity_us", "now_us - self._inactivity_us + 1"),
    "the window is a microsecond too long": line(
        Board.advance, "now_us - self._inactivity_us", "now_us - self._inactivity_us - 1"
    ),
    "the reference excludes the last day": line(ranked_entries, 'pl.col("last_played") >=', 'pl.col("last_played") >'),
    "a clock that was set back is ignored": line(Board.advance, "self._rebuild(now_us)", "pass"),
    "a lapse is not remembered for a clock set back": line(
        Board._lapse, "self._newest_lapsed_us = max(self._newest_lapsed_us, int(table.last_played_us[slot]))", "pass"
    ),
    "a late correction is not remembered for a clock set back": line(
        Board._settle, "self._newest_lapsed_us = max(self._newest_lapsed_us, last_played_us)", "pass"
    ),
    "an entry lapses although it played again": line(Board._lapse, "if table.last_played_us[slot] == time_us", ""),
    "an entry that played again never lapses": line(
        Board._settle,
        "self._expiry.push(last_played_us, slot)",
        "place is None and self._expiry.push(last_played_us, slot)",
    ),
    "many that lapse at once stay": line(
        Board._lapse, "self._rebuild(now_us)", "self._expiry.replace(np.zeros(0, np.int64), np.zeros(0, np.int32))"
    ),
    "the queue forgets what was pushed": line(ExpiryQueue.next_time_us, "if self._heap and", "if False and"),
    "the queue gives again what it gave": line(ExpiryQueue.pop_before, "self._taken = max(self._taken, last)", "pass"),
    "the version does not count expiries": VERSION_WITHOUT_EXPIRIES,
    "a filter looks for the old number of games": line(BoardOrder.move, "self.games[target] = games", "pass"),
    "an entry that joins has no games": line(BoardOrder.insert, "country, False, games)", "country, False, 0)"),
    "a load counts the games of other rows": line(BoardOrder.replace, "games[order]", "games"),
    "a game more than was asked for is needed": line(
        Board._matches, ">= wanted.filters.min_games", "> wanted.filters.min_games"
    ),
    "the reference needs a game more": line(filtered_entries, ">= filters.min_games", "> filters.min_games"),
    "drawn games do not count": line(
        Board._matches,
        "order.games[start:stop]",
        "(order.games[start:stop] - self._table.games_drawn[order.slots[start:stop]])",
    ),
    "a total knows no minimum of games": line(Board._total, "if wanted.filters.min_games:", "if False:"),
    "a minimum of games takes the best race among what is left": line(
        filtered_entries,
        'shown = shown.filter(pl.col("games_played") >= filters.min_games)',
        'shown = shown.filter(pl.col("games_played") >= filters.min_games) if not filters.best_race_only else '
        'ranked.filter(pl.col("games_played") >= filters.min_games)'
        '.unique("player_id", keep="first", maintain_order=True)',
    ),
    "letters stay when an entry joins": line(Board._settle, LETTERS, "pass"),
    "letters stay when an entry leaves": line(Board._unrank, LETTERS, "pass"),
    "a rebuild leaves the letters": line(Board._rebuild, LETTERS, "pass"),
    "a country's total keeps who moved away": line(
        Board.put_player, "self._counts[race, table.country[seat], best] += 1", "pass"
    ),
    "a filter looks for the old country": line(
        Board.put_player, "order.countries[place] = table.country[seat]", "pass"
    ),
    "a total under a letter counts all letters": line(
        Board._total, "if wanted.stop - wanted.start <", "if False and 0 <"
    ),
    "a best flag is counted where it was": line(
        Board._mark_best,
        "self._counts[order.races[place], order.countries[place], int(order.is_best[place])] += 1",
        "pass",
    )
    if False
    else line(Board._unrank, "int(order.is_best[place])", "0"),
    "the best flag does not follow a game": line(Board.put_entry, "self._mark_best(int(table.seats[slot]))", "pass"),
    "the best flag lapses with its entry": line(Board._lapse, "self._mark_best(int(table.seats[slot]))", "pass"),
    "a player's older entries are forgotten": line(
        BoardTable.put_entry, "self.next_slot[slot] = self.first_slot[seat]", "self.next_slot[slot] = _NO_SLOT"
    ),
    "the best race is chosen among what is shown": best_among_the_shown,
    "the reference chooses the best race by letter": BEST_RACE_OF_THE_REFERENCE_LAST,
    "a ban keeps the entries": line(Board.put_player, BANS, "if was_banned and not player.is_banned:"),
    "an unban brings nothing back": line(Board.put_player, BANS, "if player.is_banned and not was_banned:"),
    "a load ranks banned players": line(BoardTable.may_rank, " & ~self.is_banned[self.seats[used]]", ""),
    "an entry without games is ranked": line(BoardTable.may_rank_slot, "[slot] > 0", "[slot] >= 0"),
    "a filter renumbers the ladder": line(Board._rows, "(positions + 1).tolist(),", "list(filter_ranks),"),
    "the rank within a filter is the global one": line(
        Board._rows, "range(skip + 1, skip + 1 + len(positions))", "(positions + 1).tolist()"
    ),
    "the percentile leaves oneself out": line(Board._rows, "(total - filter_rank + 1)", "(total - filter_rank)"),
    "a page past the end is empty": line(Board.page, "clamp_page(query.page, total_pages)", "max(1, query.page)"),
    "a late page begins too early": line(Board._positions, "found[len(found) - needed :][:take]", "found[:take]"),
    "a second stretch begins anew": line(Board._nearest, "+ start", ""),
    "a player is found where nobody filters": line(
        Board.find_player, "self._matches(wanted, wanted.start, place)", "self._matches(wanted, 0, place)"
    ),
    "a player is found one page late": line(Board.find_player, "skip // query", "(skip + 1) // query"),
    "a search knows old names": line(Board.put_player, "self._search = None", "pass"),
    "a search finds the banned": line(Board.search, "not table.is_banned[seat]", "True"),
    "an organiser's search does not find the banned": line(Board.search, "with_banned or not", "not"),
    "a banned player looks like any other": line(Board.search, "bool(table.is_banned[seat])", "False"),
    "a part of a name is as close as a name": line(
        Board.search, "self._search.closest if closest else self._search.find", "self._search.find"
    ),
    "an accent keeps a name away": line(
        NameSearch._kinds,
        "yield filter(is_wanted, sorted({*self._folded.whole(plain), *self._bare.whole(plain)}))",
        "pass",
    ),
    "an accent keeps a part of a name away": line(NameSearch._parts, ", (self._bare, plain)", ""),
    "another case is as close as the name itself": line(NameSearch._kinds, "self._names[index] == exact", "True"),
    "an empty ladder forgets its last activity": line(Board.page, "self._table.last_activity_us()", "None"),
    "other means only those who said other": line(Countries.expand, "if OTHER not in chosen:", "if True:"),
    "other leaves out the unknown": line(
        Countries.expand, "{PREFER_NOT_TO_SAY, OTHER, None}", "{PREFER_NOT_TO_SAY, OTHER}"
    ),
    "a changed deviation is not taken": line(
        BoardTable.put_entry, "NO_DEVIATION if skill is None else skill.deviation", "self.deviation[slot]"
    ),
    "an absence makes nobody less sure": line(CertaintyByDeviation.marks, "volatility * growth", "0"),
    "the marks are those of other rows": line(
        Board._rows, "table.volatility[slots], played", "table.volatility[slots][::-1], played"
    ),
    "a refused country leaves the new name": line(
        BoardTable.put_player,
        "country = self.country_codes[player.country]\n",
        "self.names[self.seat_of[player.id]] = player.name; country = self.country_codes[player.country]\n",
    ),
}


@pytest.mark.timeout(900)  # some take hundreds of lives to meet
@pytest.mark.parametrize("bug", BUGS)
def test_the_machine_finds_the_seeded_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    with pytest.raises(
        (AssertionError, LookupError, ValueError, ArithmeticError)
    ):  # not one that means that the seed cannot be run
        run_state_machine_as_test(BoardMachine, settings=ENOUGH)


def test_the_machine_finds_nothing_where_nothing_is_seeded() -> None:
    run_state_machine_as_test(BoardMachine, settings=settings(ENOUGH, max_examples=40))
