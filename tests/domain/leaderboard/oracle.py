"""The whole leaderboard in lists and dicts: slow, obvious, and written from the rules rather than from the code.

Only the values (players, entries, rows) are the product's own.
"""

import math
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import polars as pl

from toprung.domain.leaderboard.leaderboard import ENTRY_SCHEMA, FoundPlayer, LeaderboardRow, PlayerStanding
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry, EntryId

HOUR_US = 3_600_000_000
SHARES = {"S": 1, "A": 7, "B": 21, "C": 21, "D": 21, "E": 21, "F": 8}


def letters_of(ranked: int) -> list[str]:
    """The letter of each position of a ladder with so many ranked entries."""
    counts = {letter: int(Fraction(share * ranked, 100)) for letter, share in SHARES.items()}
    receivers = ["D", "C", "E", "B"]
    while sum(counts.values()) < ranked:
        if not receivers:
            receivers = ["A", "F", "S"] if counts["F"] > counts["S"] + counts["A"] else ["F", "A", "S"]
        counts[receivers.pop(0)] += 1
    return list("".join(letter * count for letter, count in counts.items()))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of the oracle. `countries` is what a user chose, ZZ not yet expanded; None is no filter."""

    countries: frozenset[str | None] | None = None
    races: frozenset[str] | None = None
    best_race_only: bool = False
    rank: str | None = None
    min_games: int = 0


@dataclass
class Oracle:
    """A ladder. `common` are the countries that ZZ does not stand for."""

    inactivity_us: int | None
    common: frozenset[str] = frozenset()
    players: dict[PlayerId, Player] = field(default_factory=dict)
    entries: dict[EntryId, Entry] = field(default_factory=dict)

    def is_ranked(self, entry: Entry, now_us: int) -> bool:
        """Not banned, has a game, and that was not too long ago."""
        if (
            self.players[entry.player_id].is_banned
            or entry.state.games_played == 0
            or entry.state.last_played_us is None
        ):
            return False
        return self.inactivity_us is None or now_us - entry.state.last_played_us <= self.inactivity_us

    def ranked(self, now_us: int) -> list[tuple[int, str, Entry]]:
        """Global rank, letter and entry of all that are ranked, best first."""
        entries = [entry for entry in self.entries.values() if self.is_ranked(entry, now_us)]
        entries.sort(key=lambda entry: entry.id)
        entries.sort(key=lambda entry: (entry.state.last_played_us or 0) // 1_000_000, reverse=True)
        entries.sort(key=lambda entry: entry.mmr, reverse=True)
        letters = letters_of(len(entries))
        return [(rank, letters[rank - 1], entry) for rank, entry in enumerate(entries, 1)]

    def lets_through(self, country: str | None, chosen: Collection[str | None]) -> bool:
        """Whether somebody of this country is shown; ZZ is everybody who is of no common country."""
        return country in chosen or ("ZZ" in chosen and (country not in self.common or country == "XX"))

    def rows(self, asked: Asked, now_us: int) -> list[LeaderboardRow]:
        """Every row under the filters."""
        shown = []
        seen: set[PlayerId] = set()
        for rank, letter, entry in self.ranked(now_us):
            is_best = entry.player_id not in seen
            seen.add(entry.player_id)
            country = self.players[entry.player_id].country
            if (
                (is_best or not asked.best_race_only)
                and (asked.countries is None or self.lets_through(country, asked.countries))
                and (asked.races is None or entry.race in asked.races)
                and (asked.rank is None or letter == asked.rank)
                and entry.state.games_won + entry.state.games_lost + entry.state.games_drawn >= asked.min_games
            ):
                shown.append((rank, letter, entry))
        return [
            LeaderboardRow(
                global_rank=rank,
                filter_rank=place,
                letter_rank=letter,
                percentile=(len(shown) - place + 1) * 100 / len(shown),
                entry_id=entry.id,
                player_id=entry.player_id,
                player_name=self.players[entry.player_id].name,
                country=self.players[entry.player_id].country,
                race=entry.race,
                mmr=entry.mmr,
                games_played=entry.state.games_played,
                games_won=entry.state.games_won,
                games_lost=entry.state.games_lost,
                games_drawn=entry.state.games_drawn,
                last_played_us=entry.state.last_played_us or 0,
                deviation=round(self.deviation(entry, now_us)),
                is_provisional=self.deviation(entry, now_us) > 160,
            )
            for place, (rank, letter, entry) in enumerate(shown, 1)
        ]

    def deviation(self, entry: Entry, now_us: int) -> float:
        """How far the rating may be off by now: a newcomer's 350 where nothing is known, and never more than that."""
        _, deviation, volatility = entry.state.skill or (0, 350.0, 0.06)
        days = max(0, now_us // HOUR_US * HOUR_US - (entry.state.last_played_us or 0)) / 86_400_000_000
        return max(deviation, min(350.0, math.sqrt(deviation**2 + (173.7178 * volatility) ** 2 * days)))

    def last_activity_us(self, now_us: int) -> int | None:
        """When somebody last played, if the ladder is empty because all are inactive."""
        everybody = Oracle(None, players=self.players, entries=self.entries).ranked(now_us)
        times = [entry.state.last_played_us for _, _, entry in everybody if entry.state.last_played_us is not None]
        return max(times, default=None) if not self.ranked(now_us) else None

    def standing(self, player_id: PlayerId, rows: Iterable[LeaderboardRow], page_size: int) -> PlayerStanding | None:
        """The first of these rows that is the player's, and the page it is on."""
        for row in rows:
            if row.player_id == player_id:
                page = next(page for page in range(1, row.filter_rank + 1) if row.filter_rank <= page * page_size)
                return PlayerStanding(page=page, row=row)
        return None

    def search(
        self,
        text: str,
        *,
        now_us: int,
        order: Iterable[PlayerId],
        limit: int = 1_000,
        with_banned: bool = False,
        closest: bool = False,
    ) -> list[FoundPlayer]:
        """Players by name, the closest first, each degree in `order`; or those of the first degree that there is."""
        players = [self.players[player_id] for player_id in order]
        players = [player for player in players if with_banned or not player.is_banned]
        ranks = closeness([player.name for player in players], text)
        found = [players[index].id for index, _ in ranks]
        if closest:
            found = [players[index].id for index, degree in ranks if degree == ranks[0][1]]
        listed = {entry.player_id for _, _, entry in self.ranked(now_us)}
        return [
            FoundPlayer(
                player_id=player_id,
                player_name=self.players[player_id].name,
                country=self.players[player_id].country,
                is_listed=player_id in listed,
                is_banned=self.players[player_id].is_banned,
            )
            for player_id in found[:limit]
        ]

    def frame(self) -> pl.DataFrame:
        """All entries as a frame of `ENTRY_SCHEMA`, built row by row."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        rows = [
            (
                entry.id,
                entry.player_id,
                self.players[entry.player_id].name,
                self.players[entry.player_id].country,
                entry.race,
                entry.mmr,
                entry.state.games_played,
                entry.state.games_won,
                entry.state.games_lost,
                entry.state.games_drawn,
                None
                if entry.state.last_played_us is None
                else epoch + timedelta(microseconds=entry.state.last_played_us),
                self.players[entry.player_id].is_banned,
                next(time for time in (entry.state.known_at_us, entry.state.last_played_us, -1) if time is not None),
                entry.state.skill.deviation if entry.state.skill else 0.0,
                entry.state.skill.volatility if entry.state.skill else 0.0,
            )
            for entry in self.entries.values()
        ]
        return pl.DataFrame(rows, schema=ENTRY_SCHEMA, orient="row")


def folded(text: str) -> str:
    """Text as names are compared in a search."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def bare(text: str) -> str:
    """The same with accents and apostrophes put aside, letter by letter."""
    apostrophes = "'`\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u2018\u2019\u201a\u201b\u2032\u2035"
    parts = unicodedata.normalize("NFD", folded(text)).replace(" \u0301", "'")
    kept = [part for part in parts if part not in apostrophes and not 0x300 <= ord(part) <= 0x36F]
    strokes = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
    return unicodedata.normalize("NFKC", "".join(strokes.get(part, part) for part in kept))


def closeness(names: Sequence[str], text: str) -> list[tuple[int, int]]:
    """The index of each name that a text may mean, and how close it is: 0 exactly, 1 but for case, width and
    composition, 2 but for accents and apostrophes, 3 a part of it. The closest first; of parts those that are so
    without putting accents aside, and beginnings, come first."""
    exact, fold, plain = (
        unicodedata.normalize("NFC", text).strip(),
        folded(text).strip(),
        bare(folded(text).strip()).strip(),
    )
    ranked: list[tuple[int, int, int]] = []
    for index, name in enumerate(names):
        same, like = (folded(name), fold) if fold else ("", "-"), (bare(name), plain) if plain else ("", "-")
        if same[0] == same[1]:
            ranked.append((0 if name == exact else 1, 0, index))
        elif like[0] == like[1]:
            ranked.append((2, 0, index))
        else:
            ways = [shown.startswith(part) for shown, part in (same, (folded(name), like[1]), like)]
            holds = [part in shown for shown, part in (same, (folded(name), like[1]), like)]
            order = [way for pair in zip(ways, holds, strict=True) for way in pair]
            if any(order):
                ranked.append((3, order.index(True), index))
    return [(index, degree) for degree, _, index in sorted(ranked)]
