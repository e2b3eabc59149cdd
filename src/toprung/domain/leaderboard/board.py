"""The board: columns kept in order that answer the leaderboard's query in microseconds, at any size.

It gives what `leaderboard.ranked_entries` and `filtered_entries` define. A changed entry is found by binary search and
moved; letters are boundaries on positions; totals come from a table of counts; time is looked at in every call, so
entries lapse by the clock and not by the next write. It belongs to one thread.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Final

import numpy as np

from toprung.domain.leaderboard.board_expiry import ExpiryQueue
from toprung.domain.leaderboard.board_order import (
    BoardOrder,
    Bools,
    Int64s,
    Wanted,
    among,
    codes_of,
    order_key,
    order_keys,
)
from toprung.domain.leaderboard.board_table import NEVER, BoardTable, EntryColumns, PlayerColumns, TableSnapshot
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.leaderboard.leaderboard import (
    FoundPlayer,
    LeaderboardPage,
    LeaderboardQuery,
    LeaderboardRow,
    PlayerStanding,
    clamp_page,
    page_count,
)
from toprung.domain.leaderboard.ranks import LETTERS, letter_bounds
from toprung.domain.players.name_search import NameSearch
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.certainty import Certainty, RatingColumns
from toprung.domain.ratings.rating import Entry

REBUILD_ABOVE: Final = 64
"""When more entries than this lapse at once, building the order anew is cheaper than taking them out one by one."""

FIRST_STRETCH: Final = 512  # the rows that are looked at first where only some pass


class Board:
    """All entries, the ranked ones in order. Every method that reads takes the clock's moment."""

    def __init__(
        self,
        *,
        races: Sequence[str],
        countries: Sequence[str],
        inactivity_us: int | None,
        certainty: Certainty,
        rebuild_above: int = REBUILD_ABOVE,
        first_stretch: int = FIRST_STRETCH,
    ) -> None:
        self._inactivity_us = inactivity_us
        self._rebuild_above, self._first_stretch = rebuild_above, first_stretch
        self.certainty = certainty
        self._table = BoardTable(races, countries)
        self._order = BoardOrder()
        self._expiry = ExpiryQueue()
        self._counts = np.zeros((len(self._table.races), len(self._table.countries), 2), np.int64)
        self._earliest_us = 0  # an entry last played before this is not ranked
        self._newest_lapsed_us = NEVER
        self._bounds = letter_bounds(0)
        self._search: NameSearch | None = None

    # Writing

    def load(self, players: PlayerColumns, entries: EntryColumns, *, now_us: int) -> None:
        """Takes these players and entries in place of all that were there. Raises KeyError for an unknown code."""
        self._table.load(players, entries)
        self._search = None
        self._rebuild(now_us)

    def put_player(self, player: Player) -> None:
        """Takes a new or changed player. Raises KeyError for an unknown country."""
        table, order = self._table, self._order
        known = table.seat_of.get(player.id)
        was_banned = known is not None and bool(table.is_banned[known])
        seat = table.put_player(player)
        self._search = None
        for slot in table.slots_of_seat(seat):
            place = self._place(slot)
            if place is not None:
                race, best = order.races[place], int(order.is_best[place])
                self._counts[race, order.countries[place], best] -= 1
                self._counts[race, table.country[seat], best] += 1
                order.countries[place] = table.country[seat]
            if player.is_banned != was_banned:
                self._settle(slot, place)
        self._mark_best(seat)

    def put_entry(self, entry: Entry) -> None:
        """Takes a new or changed entry. Raises KeyError for an unknown race or player."""
        table = self._table
        known = table.slot_of.get(entry.id)
        place = None if known is None else self._place(known)
        slot = table.put_entry(entry)
        self._settle(slot, place)
        self._mark_best(int(table.seats[slot]))

    def _place(self, slot: int) -> int | None:
        """The position of a slot that is ranked, by the key that the table holds for it."""
        table, order = self._table, self._order
        last_played_us = int(table.last_played_us[slot])
        if last_played_us == NEVER:
            return None
        place = order.position(order_key(int(table.mmr[slot]), last_played_us), int(table.entry_ids[slot]))
        return place if place < order.size and order.slots[place] == slot else None

    def _settle(self, slot: int, place: int | None) -> None:
        """Brings the order in line with what the table now says of a slot that stood at `place` until now."""
        table, order = self._table, self._order
        last_played_us = int(table.last_played_us[slot])
        may_rank = table.may_rank_slot(slot)
        ranked = may_rank and last_played_us >= self._earliest_us
        if may_rank and not ranked:
            self._newest_lapsed_us = max(self._newest_lapsed_us, last_played_us)
        if not ranked:
            if place is not None:
                self._unrank(place)
            return
        key, games = order_key(int(table.mmr[slot]), last_played_us), int(table.games_played[slot])
        if place is not None:
            order.move(place, key, games)
        else:
            race, country = int(table.race[slot]), int(table.country[table.seats[slot]])
            order.insert(key, int(table.entry_ids[slot]), slot, race, country, games)
            self._counts[race, country, 0] += 1
            self._bounds = letter_bounds(order.size)
        if self._inactivity_us is not None:
            self._expiry.push(last_played_us, slot)

    def _unrank(self, place: int) -> None:
        order = self._order
        self._counts[order.races[place], order.countries[place], int(order.is_best[place])] -= 1
        order.remove(place)
        self._bounds = letter_bounds(order.size)

    def _mark_best(self, seat: int) -> None:
        """Makes the player's first ranked entry, and no other, the best one."""
        places = [place for slot in self._table.slots_of_seat(seat) if (place := self._place(slot)) is not None]
        best = min(places, default=None)
        order = self._order
        for place in places:
            if order.is_best[place] != (place == best):
                self._counts[order.races[place], order.countries[place], int(order.is_best[place])] -= 1
                order.is_best[place] = place == best
                self._counts[order.races[place], order.countries[place], int(order.is_best[place])] += 1

    # Time

    def advance(self, now_us: int) -> None:
        """Lets entries lapse that are too old at `now_us`; brings lapsed ones back if the clock was set back."""
        if self._inactivity_us is None:
            return
        earliest_us = now_us - self._inactivity_us
        if earliest_us <= self._newest_lapsed_us and earliest_us < self._earliest_us:
            self._rebuild(now_us)
            return
        self._earliest_us = earliest_us
        next_us = self._expiry.next_time_us()
        if next_us is not None and next_us < earliest_us:
            self._lapse(earliest_us, now_us)

    def _lapse(self, earliest_us: int, now_us: int) -> None:
        table = self._table
        due = [slot for time_us, slot in self._expiry.pop_before(earliest_us) if table.last_played_us[slot] == time_us]
        if len(due) > self._rebuild_above:
            self._rebuild(now_us)
            return
        for slot in due:
            place = self._place(slot)
            if place is not None:
                self._newest_lapsed_us = max(self._newest_lapsed_us, int(table.last_played_us[slot]))
                self._unrank(place)
                self._mark_best(int(table.seats[slot]))

    def next_lapse_us(self) -> int | None:
        """The first moment at which the next entry may have lapsed, if nothing changes until then."""
        earliest = self._expiry.next_time_us()
        return None if earliest is None or self._inactivity_us is None else earliest + self._inactivity_us + 1

    def _rebuild(self, now_us: int) -> None:
        table, order = self._table, self._order
        last_played_us = table.last_played_us[: table.entries]
        may_rank = table.may_rank()
        self._earliest_us = 0 if self._inactivity_us is None else now_us - self._inactivity_us
        ranked = may_rank & (last_played_us >= self._earliest_us)
        lapsed = last_played_us[may_rank & ~ranked]
        self._newest_lapsed_us = int(lapsed.max()) if len(lapsed) else NEVER
        slots = np.flatnonzero(ranked).astype(np.int32)
        seats = table.seats[slots]
        keys = order_keys(table.mmr[slots], last_played_us[slots])
        games = table.games_played[slots]
        order.replace(keys, table.entry_ids[slots], slots, table.race[slots], table.country[seats], games)
        if order.size:
            order.is_best[np.unique(table.seats[order.slots], return_index=True)[1]] = True
        self._counts[:] = 0
        np.add.at(self._counts, (order.races, order.countries, order.is_best.astype(np.int8)), 1)
        self._bounds = letter_bounds(order.size)
        if self._inactivity_us is not None:
            self._expiry.replace(last_played_us[slots], slots)

    # Reading

    def __len__(self) -> int:
        """The number of ranked entries, as of the last moment that was looked at."""
        return self._order.size

    @property
    def entries(self) -> int:
        """The number of entries, ranked or not."""
        return self._table.entries

    def page(self, query: LeaderboardQuery, *, now_us: int, seq: int) -> LeaderboardPage:
        """The page of the leaderboard that `query` asks for; `seq` is the last change that this board has seen."""
        self.advance(now_us)
        wanted = self._wanted(query.filters)
        total, matches = self._total(wanted)
        total_pages = page_count(total, query.page_size)
        current_page = clamp_page(query.page, total_pages)
        skip = (current_page - 1) * query.page_size
        positions = self._positions(wanted, total, matches, skip, min(query.page_size, total - skip))
        return LeaderboardPage(
            players=self._rows(positions, skip, total, now_us),
            total_pages=total_pages,
            current_page=current_page,
            total_players=total,
            total_ranked=self._order.size,
            last_activity_us=None if self._order.size else self._table.last_activity_us(),
            version=f"{seq}-{self._order.size}",
            marked_us=self.certainty.marked_us(now_us),
        )

    def version(self, *, now_us: int, seq: int) -> str:
        """The version that a page asked for at `now_us` would have."""
        self.advance(now_us)
        return f"{seq}-{self._order.size}"

    def find_player(self, player_id: PlayerId, query: LeaderboardQuery, *, now_us: int) -> PlayerStanding | None:
        """Where a player's best placed entry is under the query's filters; None if none of them is listed there."""
        self.advance(now_us)
        seat = self._table.seat_of.get(player_id)
        if seat is None:
            return None
        wanted = self._wanted(query.filters)
        places = [place for slot in self._table.slots_of_seat(seat) if (place := self._place(slot)) is not None]
        shown = [
            place
            for place in places
            if wanted.start <= place < wanted.stop and self._matches(wanted, place, place + 1)[0]
        ]
        if not shown:
            return None
        place = min(shown)
        total, _ = self._total(wanted)
        skip = (
            place - wanted.start
            if wanted.is_open
            else int(np.count_nonzero(self._matches(wanted, wanted.start, place)))
        )
        (row,) = self._rows(np.array([place], np.int64), skip, total, now_us)
        return PlayerStanding(page=skip // query.page_size + 1, row=row)

    def search(
        self, text: str, *, limit: int, now_us: int, with_banned: bool = False, closest: bool = False
    ) -> list[FoundPlayer]:
        """At most `limit` players by name, the closest first (see `NameSearch`), or of these the `closest` only.

        Banned players are found by who asks for them.
        """
        self.advance(now_us)
        table = self._table
        if self._search is None:
            self._search = NameSearch(table.names)
        find = self._search.closest if closest else self._search.find
        seats = find(text, limit, lambda seat: with_banned or not table.is_banned[seat])
        return [
            FoundPlayer(
                player_id=PlayerId(int(table.player_ids[seat])),
                player_name=table.names[seat],
                country=table.countries[table.country[seat]],
                is_listed=any(self._place(slot) is not None for slot in table.slots_of_seat(seat)),
                is_banned=bool(table.is_banned[seat]),
            )
            for seat in seats
        ]

    def snapshot(self) -> TableSnapshot:
        """A copy of every entry, of one version, for bulk work in another thread."""
        return self._table.snapshot()

    def _wanted(self, filters: Filters) -> Wanted:
        table = self._table
        start, stop = 0, self._order.size
        if filters.rank is not None:
            letter = LETTERS.index(filters.rank)
            start, stop = self._bounds[letter], self._bounds[letter + 1]
        return Wanted(
            filters,
            start,
            stop,
            None if filters.races is None else codes_of(table.race_codes, filters.races),
            None if filters.countries is None else codes_of(table.country_codes, filters.countries),
            is_open=filters.active() in ((), ("rank",)),
        )

    def _matches(self, wanted: Wanted, start: int, stop: int) -> Bools:
        """Which positions from `start` up to `stop` the filters let through, whatever the letter."""
        order = self._order
        kept = [order.is_best[start:stop]] if wanted.filters.best_race_only else []
        if wanted.races is not None:
            kept.append(among(order.races[start:stop], wanted.races))
        if wanted.countries is not None:
            kept.append(among(order.countries[start:stop], wanted.countries))
        if wanted.filters.min_games:
            kept.append(order.games[start:stop] >= wanted.filters.min_games)
        return reduce(np.logical_and, kept) if kept else np.ones(stop - start, np.bool_)

    def _total(self, wanted: Wanted) -> tuple[int, Int64s | None]:
        """How many rows the filter lets through, and their positions where finding the number found them too."""
        if wanted.is_open:
            return wanted.stop - wanted.start, None
        if wanted.stop - wanted.start < self._order.size:
            positions = np.flatnonzero(self._matches(wanted, wanted.start, wanted.stop)) + wanted.start
            return len(positions), positions
        if wanted.filters.min_games:  # of numbers of games there is no table: comparing them all is quick enough
            return int(np.count_nonzero(self._matches(wanted, 0, self._order.size))), None
        counts = self._counts[:, :, 1:] if wanted.filters.best_race_only else self._counts
        if wanted.races is not None:
            counts = counts[wanted.races]
        if wanted.countries is not None:
            counts = counts[:, wanted.countries]
        return int(counts.sum()), None

    def _positions(self, wanted: Wanted, total: int, matches: Int64s | None, skip: int, take: int) -> Int64s:
        """The positions of `take` rows after the first `skip`, looking from whichever end is nearer."""
        if take <= 0:
            return np.zeros(0, np.int64)
        if matches is not None:
            return matches[skip : skip + take]
        if wanted.is_open:
            return np.arange(wanted.start + skip, wanted.start + skip + take)
        from_end = skip + take > total // 2
        needed = total - skip if from_end else skip + take
        found = self._nearest(wanted, total, needed, from_end=from_end)
        return found[len(found) - needed :][:take] if from_end else found[skip:needed]

    def _nearest(self, wanted: Wanted, total: int, needed: int, *, from_end: bool) -> Int64s:
        """The positions of at least `needed` rows from one end, ascending; `total` tells how dense they lie."""
        size = self._order.size
        stretch = min(size, self._first_stretch + needed * size * 5 // (total * 4))
        parts: list[Int64s] = []
        seen = found = 0
        while found < needed and seen < size:
            until = min(size, seen + stretch)
            start, stop = (size - until, size - seen) if from_end else (seen, until)
            part = np.flatnonzero(self._matches(wanted, start, stop)) + start
            parts.insert(0, part) if from_end else parts.append(part)
            found, seen, stretch = found + len(part), until, 2 * stretch
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _rows(self, positions: Int64s, skip: int, total: int, now_us: int) -> tuple[LeaderboardRow, ...]:
        """The rows at these positions, the first of which is number `skip + 1` of `total` under the filter."""
        if not len(positions):
            return ()
        table = self._table
        slots = self._order.slots[positions]
        seats = table.seats[slots]
        letters = np.searchsorted(self._bounds[1:], positions, "right").tolist()
        filter_ranks = range(skip + 1, skip + 1 + len(positions))
        played, last_played_us = table.games_played[slots], table.last_played_us[slots]
        rated = RatingColumns(table.deviation[slots], table.volatility[slots], played, table.known_at_us[slots])
        marks = self.certainty.marks(rated, now_us)
        columns = (
            (positions + 1).tolist(),
            filter_ranks,
            [LETTERS[letter] for letter in letters],
            [(total - filter_rank + 1) * 100 / total for filter_rank in filter_ranks],
            table.entry_ids[slots].tolist(),
            table.player_ids[seats].tolist(),
            [table.names[seat] for seat in seats.tolist()],
            [table.countries[code] for code in table.country[seats].tolist()],
            [table.races[code] for code in table.race[slots].tolist()],
            table.mmr[slots].tolist(),
            played.tolist(),
            table.games_won[slots].tolist(),
            table.games_lost[slots].tolist(),
            table.games_drawn[slots].tolist(),
            last_played_us.tolist(),
            *marks,
        )
        return tuple(map(LeaderboardRow._make, zip(*columns, strict=True)))
