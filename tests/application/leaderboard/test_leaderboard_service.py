import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import MemoryLadder
from tests.domain.leaderboard import strategies as some
from tests.domain.leaderboard.oracle import Asked, Oracle
from tests.domain.leaderboard.strategies import COUNTRIES, RACES, WINDOW_US, entry
from tests.support.fakes.ladder import NOON_US, stored
from toprung.application.leaderboard.leaderboard_service import (
    SEARCH_RESULTS_MAX,
    SEARCH_TEXT_MAX_CODE_POINTS,
    _get_filtered_leaderboard_dataframe,
)
from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.filters import NO_FILTERS, Filters
from toprung.domain.leaderboard.leaderboard import LeaderboardRow, ranked_entries
from toprung.domain.players.player import Player, PlayerId

PLAYERS = 30
HOMES = ("KR", "KR", "US", "DE", "FR", "XX", "ZZ", None)

codes_of_countries = st.none() | st.lists(st.sampled_from(sorted(COUNTRIES.codes)), max_size=3)
codes_of_races = st.none() | st.lists(st.sampled_from(RACES), max_size=2)


def filled() -> Oracle:
    """Thirty players with one to three entries each, of different ages; some have lapsed."""
    oracle = some.new_oracle()
    for number in range(1, PLAYERS + 1):
        player = Player(id=PlayerId(number), name=f"Player {number}", country=HOMES[number % len(HOMES)])
        oracle.players[player.id] = player
        for place, race in enumerate(RACES[: 1 + number % 3]):
            age_us = (number * 7 + place) % 16 * some.DAY_US
            mmr, won = 1500 + number * 37 % 50 - 40 * place, 1 + (number + place) % 4
            one = entry(len(oracle.entries) + 1, number, race, mmr, NOON_US - age_us, won=won)
            oracle.entries[one.id] = one
    return oracle


ORACLE = filled()


def new_ladder() -> MemoryLadder:
    """A ladder with the players above in its database."""
    ladder = MemoryLadder()
    stored(ladder.storage, *ORACLE.players.values(), *ORACLE.entries.values())
    return ladder


@pytest.fixture
def ladder() -> MemoryLadder:
    return new_ladder()


def in_one_value(said: dict[str, Any]) -> dict[str, Any]:
    """The same question with its filters as one value. Raises `InvalidInput`."""
    names = {"race_filter": "races", "country_filter": "countries", "rank_filter": "rank", "min_games": "min_games"}
    chosen = {names[name]: one for name, one in said.items() if name in names}
    return {name: one for name, one in said.items() if name not in names} | {"filters": Filters.chosen(**chosen)}


def rows_of(asked: Asked) -> tuple[LeaderboardRow, ...]:
    return tuple(ORACLE.rows(asked, NOON_US))


@given(
    codes_of_countries,
    codes_of_races,
    st.booleans(),
    st.none() | st.sampled_from("SABCDEF"),
    st.integers(0, 5),
    st.integers(1, 12),
)
async def test_pages_frame_and_standings_agree_with_the_oracle_under_all_filters(
    countries: list[str] | None,
    races: list[str] | None,
    best_race_only: bool,
    rank: str | None,
    min_games: int,
    page_size: int,
) -> None:
    ladder = new_ladder()
    said: dict[str, Any] = {
        "country_filter": countries,
        "race_filter": races,
        "best_race_only": best_race_only,
        "rank_filter": rank,
        "min_games": min_games,
    }
    expected = rows_of(
        Asked(
            countries=frozenset(countries) if countries else None,
            races=frozenset(races) if races else None,
            best_race_only=best_race_only,
            rank=rank,
            min_games=min_games,
        )
    )
    filters = Filters.chosen(
        countries=countries, races=races, best_race_only=best_race_only, rank=rank, min_games=min_games
    )
    first = await ladder.leaderboard.get_leaderboard_data(**said, page_size=page_size)
    assert first == await ladder.leaderboard.get_leaderboard_data(filters=filters, page_size=page_size)
    assert (first.total_players, first.total_pages) == (len(expected), max(1, math.ceil(len(expected) / page_size)))
    shown: list[LeaderboardRow] = []
    for page in range(1, first.total_pages + 1):
        answer = await ladder.leaderboard.get_leaderboard_data(**said, current_page=page, page_size=page_size)
        assert answer.current_page == page
        shown += answer.players
    assert tuple(shown) == expected
    frame = await ladder.leaderboard.filtered_frame(filters)
    assert frame["entry_id"].to_list() == [row.entry_id for row in expected]
    literal = {name: one for name, one in said.items() if name != "country_filter"}
    if not countries:
        ranked = await ladder.leaderboard.filtered_frame()
        assert _get_filtered_leaderboard_dataframe(ranked, **literal)[0].equals(frame)
    assert frame["filter_rank"].to_list() == [row.filter_rank for row in expected]
    for player_id in ORACLE.players:
        found = await ladder.leaderboard.find_player(player_id, filters, page_size=page_size)
        assert found == ORACLE.standing(player_id, expected, page_size)


async def test_a_page_has_forty_rows_unless_another_size_is_asked_for(ladder: MemoryLadder) -> None:
    assert len((await ladder.leaderboard.get_leaderboard_data()).players) == 40
    assert len((await ladder.leaderboard.get_leaderboard_data(page_size=7)).players) == 7


@pytest.mark.parametrize(("page", "shown"), [(-5, 1), (0, 1), (1, 1), (2, 2), (10**12, 2)])
async def test_a_page_that_does_not_exist_becomes_the_nearest_one(ladder: MemoryLadder, page: int, shown: int) -> None:
    answer = await ladder.leaderboard.get_leaderboard_data(current_page=page)
    assert (answer.current_page, answer.total_pages) == (shown, 2)
    assert answer.players[0].filter_rank == (shown - 1) * 40 + 1


@pytest.mark.parametrize("empty", [None, (), [], set(), frozenset()])
async def test_an_empty_choice_is_no_filter(ladder: MemoryLadder, empty: Any) -> None:
    page = await ladder.leaderboard.get_leaderboard_data(country_filter=empty, race_filter=empty, page_size=1_000)
    assert page.players == rows_of(Asked())


async def test_one_code_may_be_given_alone_and_countries_in_any_case(ladder: MemoryLadder) -> None:
    page = await ladder.leaderboard.get_leaderboard_data(country_filter="kr", race_filter="zerg", page_size=1_000)
    assert page.players == rows_of(Asked(countries=frozenset({"KR"}), races=frozenset({"zerg"})))


async def test_other_is_every_country_that_is_not_common_and_the_unknown_too(ladder: MemoryLadder) -> None:
    page = await ladder.leaderboard.get_leaderboard_data(country_filter=["ZZ"], page_size=1_000)
    assert {row.country for row in page.players} == {"DE", "FR", "XX", "ZZ", None}
    rest = await ladder.leaderboard.get_leaderboard_data(country_filter=["KR", "US"], page_size=1_000)
    assert page.total_players + rest.total_players == page.total_ranked == len(rows_of(Asked()))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"race_filter": ["random"]}, "race"),
        ({"race_filter": ["zerg", "ZERG"]}, "race"),
        ({"country_filter": ["QQ"]}, "country"),
        ({"rank_filter": "G"}, "rank"),
        ({"rank_filter": "d"}, "rank"),
        ({"min_games": -1}, "min_games"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": -1}, "page_size"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_its_field_before_anything_is_read(
    ladder: MemoryLadder, wrong: dict[str, Any], field: str
) -> None:
    for ask in (
        lambda: ladder.leaderboard.get_leaderboard_data(**wrong),
        lambda: ladder.leaderboard.find_player(PlayerId(1), **in_one_value(wrong)),
    ):
        with pytest.raises(InvalidInput) as refused:
            await ask()
        assert refused.value.field == field
    assert ladder.storage.reads == 0


async def test_a_player_without_a_ranked_entry_is_not_found_but_can_be_searched(ladder: MemoryLadder) -> None:
    listed = {row.player_id for row in rows_of(Asked())}
    absent = next(player for player in ORACLE.players.values() if player.id not in listed)
    assert await ladder.leaderboard.find_player(absent.id) is None
    found = await ladder.leaderboard.search_players(absent.name)
    assert [(one.player_name, one.is_listed) for one in found] == [(absent.name, False)]


async def test_a_search_is_bounded_in_its_text_and_its_answer(ladder: MemoryLadder) -> None:
    assert len(await ladder.leaderboard.search_players("player", limit=0)) == 1
    stored(ladder.storage, *(Player(id=PlayerId(number), name=f"player {number}") for number in range(100, 300)))
    await ladder.store.load()
    assert len(await ladder.leaderboard.search_players("player", limit=10**9)) == SEARCH_RESULTS_MAX
    assert await ladder.leaderboard.search_players("x" * SEARCH_TEXT_MAX_CODE_POINTS) == []
    with pytest.raises(InvalidInput):
        await ladder.leaderboard.search_players("x" * (SEARCH_TEXT_MAX_CODE_POINTS + 1))


async def test_the_exact_name_comes_first_in_a_search(ladder: MemoryLadder) -> None:
    found = await ladder.leaderboard.search_players("PLAYER 3", limit=3)
    assert [one.player_name for one in found] == ["Player 3", "Player 30"]


async def test_entries_lapse_by_the_clock_when_nothing_is_written(ladder: MemoryLadder) -> None:
    before = await ladder.leaderboard.get_leaderboard_data()
    lapse_us = ladder.leaderboard.next_lapse_us()
    assert lapse_us is not None
    ladder.clock.moment_us = lapse_us - 1
    assert await ladder.leaderboard.version() == before.version
    ladder.clock.moment_us = lapse_us
    after = await ladder.leaderboard.get_leaderboard_data()
    assert after.total_ranked < before.total_ranked
    assert after.version != before.version
    assert (await ladder.leaderboard.filtered_frame()).height == after.total_ranked
    ladder.clock.moment_us = NOON_US
    assert await ladder.leaderboard.get_leaderboard_data() == before


async def test_a_ladder_of_which_all_are_inactive_says_when_somebody_last_played(ladder: MemoryLadder) -> None:
    ladder.clock.advance(us=WINDOW_US + 1)
    page = await ladder.leaderboard.get_leaderboard_data()
    assert (page.total_players, page.total_pages, page.last_activity_us) == (0, 1, NOON_US)


async def test_the_time_of_each_page_is_observed_once(ladder: MemoryLadder) -> None:
    for _ in range(3):
        await ladder.leaderboard.get_leaderboard_data()
    assert len(ladder.read_seconds) == 3
    assert all(seconds >= 0 for seconds in ladder.read_seconds)


async def test_reading_never_asks_the_database_again(ladder: MemoryLadder) -> None:
    await ladder.rows()
    for _ in range(5):
        await ladder.rows()
        await ladder.leaderboard.find_player(PlayerId(1))
        await ladder.leaderboard.search_players("1")
    assert ladder.storage.reads == 1


@pytest.mark.parametrize("empty", [None, [], ()])
def test_the_frame_function_takes_an_empty_choice_as_no_filter(empty: Any) -> None:
    ranked = ranked_entries(ORACLE.frame(), now_us=NOON_US, inactivity_us=WINDOW_US)
    filtered, total, pages = _get_filtered_leaderboard_dataframe(ranked, empty, empty, False, "", page_size=10)
    assert isinstance(filtered, pl.DataFrame)
    assert (filtered.height, total, pages) == (ranked.height, ranked.height, math.ceil(ranked.height / 10))


def named(ladder: MemoryLadder, *names: str, banned: str = "") -> None:
    """Adds players of these names; each has an entry, the earlier the better."""
    for number, name in enumerate(names, 500):
        player = Player(id=PlayerId(number), name=name, country="KR" if number % 2 else "US", is_banned=name == banned)
        stored(ladder.storage, player, entry(number, number, RACES[number % 2], 2500 - number, NOON_US))


async def test_one_who_is_meant_is_the_closest_and_several_are_offered(ladder: MemoryLadder) -> None:
    named(ladder, "Zoë", "zoe", "Zoey", "O’Brien", "banned", banned="banned")
    await ladder.store.load()
    leaderboard = ladder.leaderboard
    for text, meant in {
        "Zoë": ["Zoë"],
        "ZOE": ["zoe"],
        "ZÖE": ["Zoë", "zoe"],
        "zo": ["Zoë", "zoe", "Zoey"],
        "o'brien": ["O’Brien"],
        "brien": ["O’Brien"],
        "banned": [],
        "nobody": [],
    }.items():
        found = await leaderboard.who_is_meant(text)
        assert sorted(one.player.player_name for one in found) == sorted(meant), text
        assert all(one.standing is not None and not one.hidden_by for one in found)
    (hidden,) = await leaderboard.who_is_meant("banned", with_banned=True)
    assert (hidden.player.is_banned, hidden.standing, hidden.hidden_by) == (True, None, ())
    assert await leaderboard.search_players("banned") == []
    assert [one.is_banned for one in await leaderboard.search_players("banned", with_banned=True)] == [True]
    assert len(await leaderboard.who_is_meant("o", limit=2)) == 2


@given(codes_of_countries, codes_of_races, st.booleans(), st.none() | st.sampled_from("SABCDEF"))
async def test_one_outside_the_filters_is_shown_with_what_hides_it(
    countries: list[str] | None, races: list[str] | None, best_race_only: bool, rank: str | None
) -> None:
    ladder = new_ladder()
    filters = Filters.chosen(countries=countries, races=races, best_race_only=best_race_only, rank=rank)
    for player in ORACLE.players.values():
        (meant,) = await ladder.leaderboard.who_is_meant(player.name, filters)
        where = await ladder.leaderboard.find_player(player.id, filters)
        anywhere = await ladder.leaderboard.find_player(player.id)
        assert (meant.standing is None) == (anywhere is None)
        assert bool(meant.hidden_by) == (where is None and anywhere is not None)
        assert set(meant.hidden_by) <= set(filters.active())
        shown = filters.without(*meant.hidden_by)
        assert meant.standing == await ladder.leaderboard.find_player(player.id, shown)
        if len(meant.hidden_by) == 1:
            assert await ladder.leaderboard.find_player(player.id, filters.only(*meant.hidden_by)) is None


@given(codes_of_countries, codes_of_races, st.booleans(), st.none() | st.sampled_from("SABCDEF"))
async def test_each_filter_that_may_be_dropped_says_what_would_be_listed(
    countries: list[str] | None, races: list[str] | None, best_race_only: bool, rank: str | None
) -> None:
    ladder = new_ladder()
    filters = Filters.chosen(countries=countries, races=races, best_race_only=best_race_only, rank=rank)
    dropped = await ladder.leaderboard.what_to_drop(filters)
    assert tuple(one.name for one in dropped) == filters.active()
    for one in dropped:
        assert one.filters == filters.without(one.name)
        page = await ladder.leaderboard.get_leaderboard_data(filters=one.filters)
        assert one.rows == page.total_players
    assert await ladder.leaderboard.what_to_drop(NO_FILTERS) == []
