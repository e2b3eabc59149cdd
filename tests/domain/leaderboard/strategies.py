"""Players, entries, moments and questions, chosen so that ties, boundaries and empty answers are common."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from hypothesis import strategies as st

from tests.domain.leaderboard.oracle import Asked, Oracle
from toprung.domain.leaderboard.board import FIRST_STRETCH, REBUILD_ABOVE, Board
from toprung.domain.leaderboard.board_table import NEVER, EntryColumns, PlayerColumns
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.leaderboard.leaderboard import LeaderboardQuery
from toprung.domain.leaderboard.ranks import LETTERS
from toprung.domain.players.countries import Countries
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.certainty import NO_DEVIATION, CertaintyByDeviation
from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, Entry, EntryId, EntryState

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
WINDOW_US: Final = 14 * DAY_US
NOW_US: Final = 1_790_251_200 * SECOND_US

RACES: Final = ("terran", "zerg", "protoss")
COUNTRIES: Final = Countries(codes=frozenset({"KR", "US", "DE", "FR", "XX", "ZZ"}), common=("KR", "US"))

CERTAINTY: Final = CertaintyByDeviation(Glicko2())

windows = st.sampled_from((WINDOW_US, WINDOW_US, 3 * SECOND_US, None, 0))
races = st.sampled_from(RACES)
countries = st.sampled_from(("KR", "US", "DE", "XX", "ZZ", None))
names = st.text("abAB 界éĀ'", min_size=1, max_size=4)
mmrs = st.integers(1498, 1502) | st.integers(1400, 1600) | st.sampled_from((MMR_MIN, MMR_MAX, 0))
ages = st.tuples(
    st.sampled_from((0, 0, 0, 1)),
    st.sampled_from((0, 1, -1, SECOND_US - 1, SECOND_US, -SECOND_US, DAY_US, -DAY_US))
    | st.integers(-5 * SECOND_US, 5 * SECOND_US),
)
"""How long ago something was, as inactivity windows and microseconds; below zero lies in the future."""

games = st.just((0, 0, 0)) | st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1))
"""Won, lost and drawn."""

skills = st.none() | st.builds(
    SkillEstimate,
    rating=st.just(1500.0),
    deviation=st.sampled_from((30.0, 159.9, 160.0, 160.1, 349.0, 350.0, 500.0)) | st.floats(30, 350),
    volatility=st.sampled_from((0.04, 0.06, 0.5)),
)

questions = st.builds(
    Asked,
    countries=st.none() | st.frozensets(st.sampled_from(("KR", "US", "DE", "FR", "XX", "ZZ", None)), max_size=3),
    races=st.none() | st.frozensets(st.sampled_from((*RACES, "random")), max_size=2),
    best_race_only=st.booleans(),
    rank=st.none() | st.sampled_from(LETTERS),
    min_games=st.sampled_from((0, 0, 1, 2, 3, 6, 7)),
)
page_sizes = st.sampled_from((1, 1, 2, 3, 7, 40, 1000))


def query_of(asked: Asked, *, page: int = 1, page_size: int = 40) -> LeaderboardQuery:
    """The product's query for a question; the product expands ZZ by its own rule."""
    chosen = asked.countries
    if chosen is not None:
        expanded = COUNTRIES.expand(code for code in chosen if code is not None) or frozenset()
        chosen = expanded | (chosen & {None})
    filters = Filters(
        countries=None if chosen is None else tuple(chosen),
        races=None if asked.races is None else tuple(asked.races),
        best_race_only=asked.best_race_only,
        rank=asked.rank,
        min_games=asked.min_games,
    )
    return LeaderboardQuery(filters=filters, page=page, page_size=page_size)


def entry(entry_id: int, player_id: int, race: str, mmr: int, last_played_us: int | None, *, won: int = 1) -> Entry:
    """An entry of `won` games, all of them won."""
    return Entry(
        id=EntryId(entry_id),
        player_id=PlayerId(player_id),
        race=race,
        state=EntryState(mmr=mmr, games_won=won, last_played_us=last_played_us),
    )


def new_board(
    inactivity_us: int | None = WINDOW_US, *, rebuild_above: int = REBUILD_ABOVE, first_stretch: int = FIRST_STRETCH
) -> Board:
    """An empty board of the races and countries above."""
    return Board(
        races=RACES,
        countries=sorted(COUNTRIES.codes),
        inactivity_us=inactivity_us,
        certainty=CERTAINTY,
        rebuild_above=rebuild_above,
        first_stretch=first_stretch,
    )


def new_oracle(inactivity_us: int | None = WINDOW_US) -> Oracle:
    """An empty oracle of the countries above."""
    return Oracle(inactivity_us, common=frozenset(COUNTRIES.common))


def player_columns(players: Sequence[Player]) -> PlayerColumns:
    """Players as columns."""
    return PlayerColumns(
        ids=[player.id for player in players],
        names=[player.name for player in players],
        countries=[player.country for player in players],
        banned=[int(player.is_banned) for player in players],
    )


def entry_columns(entries: Sequence[Entry]) -> EntryColumns:
    """Entries as columns that nobody else holds."""
    small = ("mmr", "games_played", "games_won", "games_lost", "games_drawn")
    mmr, played, won, lost, drawn = (
        np.array([getattr(one.state, name) for one in entries], np.int32) for name in small
    )
    return EntryColumns(
        ids=np.array([one.id for one in entries], np.int64),
        player_ids=np.array([one.player_id for one in entries], np.int64),
        races=[one.race for one in entries],
        mmr=mmr,
        games_played=played,
        games_won=won,
        games_lost=lost,
        games_drawn=drawn,
        last_played_us=np.array(
            [NEVER if one.state.last_played_us is None else one.state.last_played_us for one in entries], np.int64
        ),
        known_at_us=np.array([_known_at_us(one) for one in entries], np.int64),
        deviation=np.array(
            [one.state.skill.deviation if one.state.skill else NO_DEVIATION for one in entries], np.float64
        ),
        volatility=np.array(
            [one.state.skill.volatility if one.state.skill else NO_DEVIATION for one in entries], np.float64
        ),
    )


def _known_at_us(entry: Entry) -> int:
    times = (entry.state.known_at_us, entry.state.last_played_us, NEVER)
    return next(time for time in times if time is not None)
