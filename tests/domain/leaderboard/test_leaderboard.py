"""What holds of the reference query whatever the ladder is."""

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.leaderboard import strategies as some
from tests.domain.leaderboard.oracle import letters_of
from tests.domain.leaderboard.strategies import NOW_US, RACES, SECOND_US, WINDOW_US
from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.filters import MIN_GAMES_MAX, Filters
from toprung.domain.leaderboard.leaderboard import (
    ENTRY_SCHEMA,
    LeaderboardQuery,
    LeaderboardRow,
    clamp_page,
    filtered_entries,
    leaderboard_rows,
    page_count,
    ranked_entries,
)
from toprung.domain.leaderboard.ranks import LETTERS
from toprung.domain.moment import to_datetime
from toprung.domain.players.player import Player, PlayerId

COUNTRIES = ("KR", "US", "DE", None)

sets_of_countries = st.frozensets(st.sampled_from(COUNTRIES))
sets_of_races = st.frozensets(st.sampled_from(RACES))
all_filters = st.fixed_dictionaries(
    {},
    optional={
        "countries": sets_of_countries,
        "races": sets_of_races,
        "best_race_only": st.just(True),
        "rank": st.sampled_from(LETTERS),
        "min_games": st.integers(1, 3),
    },
)
Chosen = dict[str, Any]


def under(ranked: pl.DataFrame, **chosen: Any) -> pl.DataFrame:
    """The rows under these filters."""
    filters: dict[str, Any] = {name: one if isinstance(one, str | int) else tuple(one) for name, one in chosen.items()}
    return filtered_entries(ranked, Filters(**filters))


@st.composite
def frames(draw: st.DrawFn, window_us: int | None = WINDOW_US) -> pl.DataFrame:
    """Entries of some players, in any order, with many ties and some that are not ranked."""
    oracle = some.new_oracle(window_us)
    for player_id in range(1, draw(st.integers(0, 12)) + 1):
        player = Player(
            id=PlayerId(player_id),
            name=f"p{player_id}",
            country=draw(st.sampled_from(COUNTRIES)),
            is_banned=draw(st.integers(0, 9)) == 0,
        )
        oracle.players[player.id] = player
        for race in draw(st.frozensets(st.sampled_from(RACES))):
            age = draw(st.sampled_from((0, 1, SECOND_US, WINDOW_US, WINDOW_US + 1, -SECOND_US)))
            last_played_us = draw(st.sampled_from((NOW_US - age, NOW_US - age, NOW_US - age, None)))
            won = draw(st.sampled_from((0, 1, 2)))
            mmr = draw(st.integers(1498, 1502))
            one = some.entry(len(oracle.entries) + 1, player_id, race, mmr, last_played_us, won=won)
            oracle.entries[one.id] = one
    frame = oracle.frame()
    order = draw(st.permutations(range(frame.height)))
    return frame[list(order)]


ladders = frames().map(lambda frame: ranked_entries(frame, now_us=NOW_US, inactivity_us=WINDOW_US))


@given(frames())
def test_exactly_those_are_ranked_who_may_be_and_played_within_the_window(frame: pl.DataFrame) -> None:
    ranked = ranked_entries(frame, now_us=NOW_US, inactivity_us=WINDOW_US)
    earliest = to_datetime(NOW_US - WINDOW_US)
    expected = {
        row["entry_id"]
        for row in frame.iter_rows(named=True)
        if not row["is_banned"] and row["games_played"] and row["last_played"] and row["last_played"] >= earliest
    }
    assert set(ranked["entry_id"]) == expected


@given(frames(), st.sampled_from((None, 0, WINDOW_US)))
def test_global_ranks_count_from_one_in_a_total_order(frame: pl.DataFrame, inactivity_us: int | None) -> None:
    ranked = ranked_entries(frame, now_us=NOW_US, inactivity_us=inactivity_us)
    assert ranked["global_rank"].to_list() == list(range(1, ranked.height + 1))
    keys = [
        (-row["mmr"], -(row["last_played"].timestamp() // 1), row["entry_id"]) for row in ranked.iter_rows(named=True)
    ]
    assert keys == sorted(keys)
    assert ranked["letter_rank"].to_list() == letters_of(ranked.height)


@given(frames())
def test_the_order_of_the_rows_that_come_in_does_not_matter(frame: pl.DataFrame) -> None:
    ranked = ranked_entries(frame, now_us=NOW_US, inactivity_us=WINDOW_US)
    assert ranked.equals(ranked_entries(frame.reverse(), now_us=NOW_US, inactivity_us=WINDOW_US))


def test_fourteen_days_exactly_still_counts_and_a_microsecond_more_does_not() -> None:
    oracle = some.new_oracle()
    oracle.players[PlayerId(1)] = Player(id=PlayerId(1), name="one")
    for entry_id, (race, age) in enumerate(zip(RACES, (WINDOW_US, WINDOW_US + 1, 0), strict=True), 1):
        one = some.entry(entry_id, 1, race, 1500, NOW_US - age)
        oracle.entries[one.id] = one
    ranked = ranked_entries(oracle.frame(), now_us=NOW_US, inactivity_us=WINDOW_US)
    assert ranked["entry_id"].to_list() == [3, 1]


@given(ladders)
def test_under_best_race_the_letters_add_up_to_the_number_of_players(ranked: pl.DataFrame) -> None:
    counts = [under(ranked, best_race_only=True, rank=letter).height for letter in LETTERS]
    assert sum(counts) == ranked["player_id"].n_unique() == under(ranked, best_race_only=True).height


@given(ladders)
def test_the_best_race_is_each_players_first_row(ranked: pl.DataFrame) -> None:
    best = under(ranked, best_race_only=True)
    firsts: dict[int, int] = {}
    for row in ranked.iter_rows(named=True):
        firsts.setdefault(row["player_id"], row["entry_id"])
    assert best["entry_id"].to_list() == list(firsts.values())


@given(ladders, sets_of_countries, sets_of_races)
def test_a_best_race_that_a_filter_hides_is_not_replaced_by_another(
    ranked: pl.DataFrame, countries: frozenset[str | None], races: frozenset[str]
) -> None:
    best = under(ranked, best_race_only=True)
    shown = under(ranked, best_race_only=True, countries=countries, races=races)
    expected = best.filter(
        pl.Series([country in countries for country in best["country"]], dtype=pl.Boolean())
        & pl.Series([race in races for race in best["race"]], dtype=pl.Boolean())
    )
    assert shown["entry_id"].to_list() == expected["entry_id"].to_list()


@given(ladders, all_filters)
def test_a_filter_never_changes_a_global_rank_or_letter(ranked: pl.DataFrame, filters: Chosen) -> None:
    shown = under(ranked, **filters).select(ranked.columns)
    places = [rank - 1 for rank in shown["global_rank"]]
    assert shown.equals(ranked[places])
    assert places == sorted(places)


@given(ladders, all_filters)
def test_filters_commute_and_repeating_one_changes_nothing(ranked: pl.DataFrame, filters: Chosen) -> None:
    at_once = under(ranked, **filters)
    in_turn = under(ranked, best_race_only=filters.pop("best_race_only", False))
    again = in_turn
    for name in sorted(filters):
        in_turn = under(in_turn, **{name: filters[name]})
    for name in sorted(filters, reverse=True):
        again = under(under(again, **{name: filters[name]}), **{name: filters[name]})
    assert at_once.equals(in_turn.select(at_once.columns))
    assert at_once.equals(again.select(at_once.columns))


@given(ladders, all_filters)
def test_adding_a_filter_never_increases_a_total(ranked: pl.DataFrame, filters: Chosen) -> None:
    total = under(ranked, **filters).height
    for kept in (dict(some_of) for size in range(len(filters)) for some_of in combinations(filters.items(), size)):
        assert under(ranked, **kept).height >= total


@given(ladders, all_filters)
def test_countries_races_and_letters_each_divide_the_rows_without_rest(ranked: pl.DataFrame, filters: Chosen) -> None:
    for name, values in (("countries", COUNTRIES), ("races", RACES), ("rank", LETTERS)):
        others = {key: value for key, value in filters.items() if key != name}
        whole = Counter(under(ranked, **others)["entry_id"])
        parts: Counter[int] = Counter()
        for value in values:
            chosen: Chosen = {name: value if name == "rank" else [value]}
            parts.update(under(ranked, **others, **chosen)["entry_id"])
        assert parts == whole


@given(ladders, all_filters, st.integers(1, 8))
def test_pages_concatenate_to_the_whole(ranked: pl.DataFrame, filters: Chosen, page_size: int) -> None:
    shown = under(ranked, **filters)
    pages = page_count(shown.height, page_size)
    rows: list[LeaderboardRow] = []
    for page in range(1, pages + 1):
        part = leaderboard_rows(shown, page=page, page_size=page_size, certainty=some.CERTAINTY, now_us=NOW_US)
        assert len(part) == page_size or page == pages
        rows += part
    assert [row.entry_id for row in rows] == shown["entry_id"].to_list()
    assert [row.filter_rank for row in rows] == list(range(1, shown.height + 1))


@given(ladders, all_filters)
def test_the_percentile_falls_from_100_by_equal_steps_and_never_reaches_0(
    ranked: pl.DataFrame, filters: Chosen
) -> None:
    shown = under(ranked, **filters)
    total = shown.height
    assert shown["percentile"].to_list() == [(total - place) * 100 / total for place in range(total)]


def test_no_filter_and_an_empty_choice_are_different_questions() -> None:
    frame = pl.DataFrame(
        [(1, 1, "a", None, "zerg", 1500, 1, 1, 0, 0, to_datetime(NOW_US), False, NOW_US, 0.0, 0.0)],
        schema=ENTRY_SCHEMA,
        orient="row",
    )
    ranked = ranked_entries(frame, now_us=NOW_US, inactivity_us=None)
    assert under(ranked).height == under(ranked, countries=[None]).height == 1
    assert under(ranked, countries=[]).height == under(ranked, races=[]).height == 0


@given(st.integers(0, 1_000), st.integers(1, 100), st.integers(-5, 2_000))
def test_every_page_that_is_shown_exists(total: int, page_size: int, page: int) -> None:
    pages = page_count(total, page_size)
    assert pages >= 1
    assert (pages - 1) * page_size < max(total, 1) <= pages * page_size
    shown = clamp_page(page, pages)
    assert 1 <= shown <= pages
    assert shown == page or page < 1 or page > pages


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: LeaderboardQuery(page_size=0), "page_size"),
        (lambda: LeaderboardQuery(page_size=-1), "page_size"),
        (lambda: Filters(rank="G"), "rank"),
        (lambda: Filters(rank=""), "rank"),
        (lambda: Filters(min_games=-1), "min_games"),
        (lambda: Filters(min_games=MIN_GAMES_MAX + 1), "min_games"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_its_field(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()
    assert refused.value.field == field
