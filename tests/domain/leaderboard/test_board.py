"""The board at its real sizes and constants; `test_board_stateful` has the random lives."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.leaderboard import strategies as some
from tests.domain.leaderboard.oracle import Asked, Oracle
from tests.domain.leaderboard.strategies import DAY_US, NOW_US, RACES, SECOND_US, WINDOW_US
from toprung.domain.leaderboard.board import REBUILD_ABOVE, Board
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.leaderboard.leaderboard import (
    ENTRY_SCHEMA,
    LeaderboardQuery,
    filtered_entries,
    leaderboard_rows,
    page_count,
    ranked_entries,
)
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.glicko2 import SkillEstimate


def ladder(players: int, *, seed: int = 1, age_us: int | None = None) -> Oracle:
    """A ladder of so many players, all active; of one age if that is given."""
    chance = random.Random(seed)
    oracle = some.new_oracle()
    for player_id in range(1, players + 1):
        country = chance.choice(("KR", "KR", "US", "DE", "FR", None))
        oracle.players[PlayerId(player_id)] = Player(id=PlayerId(player_id), name=f"p{player_id}", country=country)
        for race in chance.sample(RACES, chance.randint(1, 3)):
            last_played_us = NOW_US - (chance.randrange(13 * DAY_US) if age_us is None else age_us)
            mmr, won = round(chance.gauss(1500, 150)), chance.randint(1, 7)
            one = some.entry(len(oracle.entries) + 1, player_id, race, mmr, last_played_us, won=won)
            skill = SkillEstimate(one.mmr, chance.uniform(30, 350), 0.06) if chance.random() < 0.9 else None
            oracle.entries[one.id] = replace(one, state=replace(one.state, skill=skill))
    return oracle


def loaded(oracle: Oracle) -> Board:
    """A board that was loaded with a ladder."""
    board = some.new_board(oracle.inactivity_us)
    players, entries = list(oracle.players.values()), list(oracle.entries.values())
    board.load(some.player_columns(players), some.entry_columns(entries), now_us=NOW_US)
    return board


def written(oracle: Oracle) -> Board:
    """A board to which a ladder was written player by player and entry by entry."""
    board = some.new_board(oracle.inactivity_us)
    for player in oracle.players.values():
        board.put_player(player)
    for one in oracle.entries.values():
        board.put_entry(one)
    return board


LARGE = ladder(2_000)
LARGE_BOARD = loaded(LARGE)
LARGE_RANKED = ranked_entries(LARGE.frame(), now_us=NOW_US, inactivity_us=WINDOW_US)
WHOLE = LeaderboardQuery(page_size=10_000)


@given(some.questions, st.integers(1, 60), st.floats(0, 1))
def test_a_large_board_gives_every_page_that_the_reference_gives(asked: Asked, page_size: int, depth: float) -> None:
    query = some.query_of(asked, page_size=page_size)
    shown = filtered_entries(LARGE_RANKED, query.filters)
    pages = page_count(shown.height, page_size)
    page = 1 + round(depth * (pages - 1))
    answer = LARGE_BOARD.page(replace(query, page=page), now_us=NOW_US, seq=7)
    assert answer.players == leaderboard_rows(
        shown, page=page, page_size=page_size, certainty=some.CERTAINTY, now_us=NOW_US
    )
    assert (answer.current_page, answer.total_pages, answer.total_players) == (page, pages, shown.height)
    for row in answer.players[:3]:
        best = next(one for one in shown.iter_rows(named=True) if one["player_id"] == row.player_id)
        standing = LARGE_BOARD.find_player(row.player_id, query, now_us=NOW_US)
        assert standing is not None
        assert standing.row.entry_id == best["entry_id"]
        assert standing.page == (best["filter_rank"] - 1) // page_size + 1


@pytest.mark.parametrize("players", [0, 1, 2, 63, 64, 65, 130, 300])
def test_a_board_that_was_written_is_the_board_that_was_loaded(players: int) -> None:
    oracle = ladder(players)
    one, other = written(oracle), loaded(oracle)
    assert one.page(WHOLE, now_us=NOW_US, seq=3) == other.page(WHOLE, now_us=NOW_US, seq=3)
    assert one.page(WHOLE, now_us=NOW_US, seq=3).players == tuple(oracle.rows(Asked(), NOW_US))
    assert one.snapshot().frame().equals(other.snapshot().frame())


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_entries_come_does_not_matter(chance: random.Random) -> None:
    oracle = ladder(12, age_us=0)
    shuffled = list(oracle.entries.items())
    chance.shuffle(shuffled)
    expected = tuple(oracle.rows(Asked(), NOW_US))
    oracle.entries = dict(shuffled)
    assert written(oracle).page(WHOLE, now_us=NOW_US, seq=1).players == expected
    assert loaded(oracle).page(WHOLE, now_us=NOW_US, seq=1).players == expected


@pytest.mark.parametrize("players", [3, REBUILD_ABOVE // 3, REBUILD_ABOVE, 3 * REBUILD_ABOVE])
@pytest.mark.parametrize("make", [written, loaded])
def test_few_and_many_lapse_at_the_same_microsecond_and_come_back(
    players: int, make: Callable[[Oracle], Board]
) -> None:
    oracle = ladder(players, age_us=DAY_US)
    late = some.entry(100_000, 1, RACES[0], 3000, NOW_US)
    known = next((one for one in oracle.entries.values() if (one.player_id, one.race) == (1, RACES[0])), None)
    late = replace(late, id=known.id if known else late.id)
    oracle.entries[late.id] = late
    board = make(oracle)
    last_us = NOW_US - DAY_US + WINDOW_US
    assert board.version(now_us=last_us, seq=1) == f"1-{len(oracle.entries)}"
    assert board.next_lapse_us() == last_us + 1
    assert [row.entry_id for row in board.page(WHOLE, now_us=last_us + 1, seq=1).players] == [late.id]
    assert board.next_lapse_us() == NOW_US + WINDOW_US + 1
    assert board.page(WHOLE, now_us=last_us, seq=1).players == tuple(oracle.rows(Asked(), last_us))


def test_without_a_window_nothing_ever_lapses() -> None:
    board = some.new_board(None)
    board.put_player(Player(id=PlayerId(1), name="one"))
    board.put_entry(some.entry(1, 1, RACES[0], 1500, 0))
    assert board.next_lapse_us() is None
    assert board.version(now_us=NOW_US + 1_000 * DAY_US, seq=1) == "1-1"


def test_an_empty_board_answers() -> None:
    board = some.new_board()
    answer = board.page(LeaderboardQuery(page=9), now_us=NOW_US, seq=0)
    assert (answer.players, answer.current_page, answer.total_pages, answer.total_players) == ((), 1, 1, 0)
    assert answer.last_activity_us is None
    assert board.find_player(PlayerId(1), LeaderboardQuery(), now_us=NOW_US) is None
    assert board.search("a", limit=5, now_us=NOW_US) == []
    assert (len(board), board.entries, board.next_lapse_us()) == (0, 0, None)
    assert board.snapshot().frame().schema == ENTRY_SCHEMA


def test_a_board_that_is_empty_because_all_are_inactive_says_when_somebody_last_played() -> None:
    oracle = ladder(5, age_us=WINDOW_US + 2 * SECOND_US)
    board = loaded(oracle)
    answer = board.page(LeaderboardQuery(), now_us=NOW_US, seq=1)
    assert (answer.players, answer.last_activity_us) == ((), NOW_US - WINDOW_US - 2 * SECOND_US)


def test_rows_hold_plain_values_that_any_encoder_knows() -> None:
    row = LARGE_BOARD.page(LeaderboardQuery(), now_us=NOW_US, seq=1).players[0]
    assert {type(value) for value in row} <= {int, float, str, bool, type(None)}
    assert type(row.percentile) is float


def test_a_snapshot_stays_what_it_was() -> None:
    oracle = ladder(20)
    board = loaded(oracle)
    snapshot = board.snapshot()
    before = oracle.frame()
    for one in list(oracle.entries.values()):
        board.put_entry(replace(one, state=replace(one.state, mmr=9, games_won=0)))
    board.put_player(Player(id=PlayerId(1), name="another", country="FR", is_banned=True))
    assert snapshot.frame().equals(before)
    assert not board.snapshot().frame().equals(before)


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_banned_players_do_not_crowd_others_out_of_a_search(limit: int) -> None:
    oracle = some.new_oracle()
    for player_id in range(1, 60):
        is_banned = player_id <= 40
        oracle.players[PlayerId(player_id)] = Player(id=PlayerId(player_id), name="boxer", is_banned=is_banned)
    found = loaded(oracle).search("box", limit=limit, now_us=NOW_US)
    assert found == oracle.search("box", limit=limit, now_us=NOW_US, order=oracle.players)
    assert len(found) == limit


def test_every_country_and_race_that_fits_can_be_filtered_by() -> None:
    races = [f"race_{number}" for number in range(255)]
    countries = [f"{number:02X}" for number in range(255)]
    board = Board(races=races, countries=countries, inactivity_us=None, certainty=some.CERTAINTY)
    for number, (race, country) in enumerate(zip(races, countries, strict=True), 1):
        board.put_player(Player(id=PlayerId(number), name="p", country=country))
        board.put_entry(some.entry(number, number, race, 1500, NOW_US))
    for number, (race, country) in enumerate(zip(races, countries, strict=True), 1):
        query = LeaderboardQuery(filters=Filters(countries=(country,), races=(race,)))
        assert [row.entry_id for row in board.page(query, now_us=NOW_US, seq=1).players] == [number]


@pytest.mark.parametrize(("races", "countries"), [(256, 1), (1, 256)])
def test_a_board_refuses_more_codes_than_its_columns_hold(races: int, countries: int) -> None:
    with pytest.raises(ValueError, match="at most 255"):
        Board(races=["r"] * races, countries=["C"] * countries, inactivity_us=None, certainty=some.CERTAINTY)


def test_loading_an_unknown_country_race_or_player_is_refused() -> None:
    player = Player(id=PlayerId(1), name="one")
    one = some.entry(1, 1, RACES[0], 1500, NOW_US)
    for players, entries in (
        ([replace(player, country="QQ")], [one]),
        ([player], [replace(one, race="random")]),
        ([player], [replace(one, player_id=PlayerId(2))]),
    ):
        with pytest.raises(KeyError):
            some.new_board().load(some.player_columns(players), some.entry_columns(entries), now_us=NOW_US)
