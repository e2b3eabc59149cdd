"""Made-up ladders of any size, the same on every run: as columns for the board, as a Polars frame, as rows for SQL."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl

from toprung.adapters.catalog_files import GAMES_FOLDER, load_catalog
from toprung.adapters.countries import load_countries
from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.board_table import EntryColumns, PlayerColumns
from toprung.domain.matches.match import MatchResult
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.players.countries import Countries
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.certainty import Certainty, CertaintyByDeviation
from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.rating import Elo, Entry, EntryId, EntryState, Standing

NOW_US: Final = 1_790_251_200 * MICROSECONDS_PER_SECOND
INACTIVITY_US: Final = 14 * MICROSECONDS_PER_DAY
SEED: Final = 20_260_924
CERTAINTY: Final = CertaintyByDeviation(Glicko2())

_SPREAD_DAYS: Final = 28
_RACES_PER_PLAYER: Final = (0.55, 0.30, 0.15)  # one, two, three
_RARE_COUNTRY_SHARE, _NO_COUNTRY_SHARE = 0.02, 0.01
_MMR_MEAN, _MMR_DEVIATION = 1500, 300

PlayerRow = tuple[int, str, str | None]
EntryRow = tuple[int, int, str, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Players with one to three races each; a little more than half of the entries were played within the window."""

    catalog: Catalog
    countries: Countries
    players: PlayerColumns
    entries: EntryColumns

    def entry_columns(self) -> EntryColumns:
        """The entries in arrays of their own: a board keeps and changes the arrays that it is given."""
        columns = self.entries
        return replace(
            columns,
            mmr=columns.mmr.copy(),
            games_played=columns.games_played.copy(),
            games_won=columns.games_won.copy(),
            games_lost=columns.games_lost.copy(),
            games_drawn=columns.games_drawn.copy(),
            last_played_us=columns.last_played_us.copy(),
            deviation=columns.deviation.copy(),
            volatility=columns.volatility.copy(),
        )

    def new_board(self, certainty: Certainty = CERTAINTY) -> Board:
        """An empty board for this ladder's races and countries."""
        races, codes = self.catalog.race_codes, sorted(self.countries.codes)
        return Board(races=races, countries=codes, inactivity_us=INACTIVITY_US, certainty=certainty)

    def board(self) -> Board:
        """A board with everybody on it."""
        board = self.new_board()
        board.load(self.players, self.entry_columns(), now_us=NOW_US)
        return board

    def frame(self) -> pl.DataFrame:
        """Everybody as a frame of `ENTRY_SCHEMA`, row i being entry i + 1."""
        return self.board().snapshot().frame()

    def entry(self, row: int) -> Entry:
        """The entry in row `row` as the board was given it."""
        columns = self.entries
        return Entry(
            id=EntryId(int(columns.ids[row])),
            player_id=PlayerId(int(columns.player_ids[row])),
            race=columns.races[row],
            state=EntryState(
                mmr=int(columns.mmr[row]),
                games_won=int(columns.games_won[row]),
                games_lost=int(columns.games_lost[row]),
                games_drawn=int(columns.games_drawn[row]),
                last_played_us=int(columns.last_played_us[row]),
                skill=SkillEstimate(
                    float(columns.mmr[row]), float(columns.deviation[row]), float(columns.volatility[row])
                ),
            ),
        )

    def player_rows(self) -> Iterator[PlayerRow]:
        """(id, name, country) of each player."""
        return zip(self.players.ids, self.players.names, self.players.countries, strict=True)

    def entry_rows(self) -> Iterator[EntryRow]:
        """(id, player, race, mmr, games played, won, lost, drawn, last played) of each entry."""
        columns = self.entries
        return zip(
            columns.ids.tolist(),
            columns.player_ids.tolist(),
            columns.races,
            columns.mmr.tolist(),
            columns.games_played.tolist(),
            columns.games_won.tolist(),
            columns.games_lost.tolist(),
            columns.games_drawn.tolist(),
            columns.last_played_us.tolist(),
            strict=True,
        )


@lru_cache(maxsize=1)
def the_game() -> tuple[Catalog, Countries]:
    """The game that every benchmark plays, with six races, and the countries."""
    catalog = load_catalog(GAMES_FOLDER / "sc_evo")
    return catalog, load_countries(catalog.common_countries)


def make_population(entries: int) -> Population:
    """A ladder with this many entries."""
    catalog, countries = the_game()
    chance = np.random.default_rng(SEED + entries)
    player_ids, races = _players_and_races(chance, entries, list(catalog.race_codes))
    players = int(player_ids[-1])
    won, lost = chance.poisson(20, entries), chance.poisson(20, entries)
    drawn = chance.poisson(0.5, entries)
    won[(won + lost + drawn) == 0] = 1
    age_us = (chance.random(entries) ** 1.25 * _SPREAD_DAYS * MICROSECONDS_PER_DAY).astype(np.int64)
    return Population(
        catalog=catalog,
        countries=countries,
        players=PlayerColumns(
            ids=range(1, players + 1),
            names=[f"Player {number:07}" for number in range(1, players + 1)],
            countries=_player_countries(chance, players, countries),
            banned=[0] * players,
        ),
        entries=EntryColumns(
            ids=np.arange(1, entries + 1, dtype=np.int64),
            player_ids=player_ids,
            races=races,
            mmr=np.rint(chance.normal(_MMR_MEAN, _MMR_DEVIATION, entries)).astype(np.int32),
            games_played=(won + lost + drawn).astype(np.int32),
            games_won=won.astype(np.int32),
            games_lost=lost.astype(np.int32),
            games_drawn=drawn.astype(np.int32),
            last_played_us=NOW_US - age_us,
            known_at_us=NOW_US - age_us,
            deviation=chance.uniform(40, 200, entries),
            volatility=np.full(entries, 0.06),
        ),
    )


def _players_and_races(
    chance: np.random.Generator, entries: int, races: list[str]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], list[str]]:
    """The player and the race of each entry; a player's races differ."""
    how_many = chance.choice(len(_RACES_PER_PLAYER), entries, p=_RACES_PER_PLAYER) + 1
    first = np.concatenate(([0], np.cumsum(how_many)))
    players = int(np.searchsorted(first, entries))
    player_ids = np.repeat(np.arange(1, players + 1), how_many[:players])[:entries].astype(np.int64)
    nth = np.arange(entries) - first[player_ids - 1]
    main_race = chance.choice(len(races), players, p=_falling(len(races), 0.4))
    codes = (main_race[player_ids - 1] + nth * (1 + player_ids % 2)) % len(races)
    return player_ids, [races[code] for code in codes.tolist()]


def _player_countries(chance: np.random.Generator, players: int, countries: Countries) -> list[str | None]:
    """Mostly common countries, the first ones far more often; some from anywhere else, some unknown."""
    rare = sorted(countries.codes - set(countries.common))
    names: list[str | None] = [*countries.common, *rare, None]
    common_share = 1 - _RARE_COUNTRY_SHARE - _NO_COUNTRY_SHARE
    shares = np.concatenate(
        (
            _falling(len(countries.common), 1.0) * common_share,
            np.full(len(rare), _RARE_COUNTRY_SHARE / len(rare)),
            [_NO_COUNTRY_SHARE],
        )
    )
    return [names[code] for code in chance.choice(len(names), players, p=shares / shares.sum()).tolist()]


def _falling(count: int, exponent: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Shares that fall like Zipf's law and add up to one."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum(), np.float64)


class Matches:
    """Matches between entries that stand near each other, one after the other, each a second after the one before."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._chance = np.random.default_rng(SEED)
        recent = np.flatnonzero(population.entries.last_played_us >= NOW_US - INACTIVITY_US)
        self._by_mmr = recent[np.argsort(population.entries.mmr[recent], kind="stable")]
        self._now: dict[int, Entry] = {}
        self._elo = Elo()

    def play(self, ended_at_us: int) -> tuple[Entry, Entry]:
        """The two entries as one more match leaves them."""
        place = int(self._chance.integers(0, len(self._by_mmr) - 4))
        rows = int(self._by_mmr[place]), int(self._by_mmr[place + int(self._chance.integers(1, 4))])
        first, second = (self._now.get(row) or self._population.entry(row) for row in rows)
        score = MatchResult.SIDE_1_WON.score_of_side_1
        change = self._elo.mmr_change(first.mmr, second.mmr, score)
        after_first = first.after_game(Standing(first.mmr + change), score=score, ended_at_us=ended_at_us)
        after_second = second.after_game(Standing(second.mmr + -change), score=1 - score, ended_at_us=ended_at_us)
        self._now[rows[0]], self._now[rows[1]] = after_first, after_second
        return after_first, after_second
