"""The filters as one value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.filters import MIN_GAMES_MAX, NO_FILTERS, Filters
from toprung.domain.leaderboard.ranks import LETTERS

choices = st.fixed_dictionaries(
    {},
    optional={
        "races": st.lists(st.sampled_from(("terran", "zerg", "protoss"))),
        "countries": st.lists(st.sampled_from(("KR", "US", "ZZ", None))),
        "rank": st.sampled_from(("", *LETTERS)),
        "best_race_only": st.booleans(),
        "min_games": st.integers(0, 3),
    },
)


@given(choices, st.randoms(use_true_random=False))
def test_equal_questions_are_equal_values_whatever_the_order(chosen: dict[str, Any], chance: Any) -> None:
    filters = Filters.chosen(**chosen)
    again = {
        name: chance.sample([*one, *one], 2 * len(one)) if isinstance(one, list) else one
        for name, one in chosen.items()
    }
    assert Filters.chosen(**again) == filters
    assert hash(Filters.chosen(**again)) == hash(filters)
    assert (filters == NO_FILTERS) == (not any(chosen.values())) == (filters.active() == ())


@given(choices)
def test_the_active_ones_are_those_that_were_chosen_and_each_can_be_taken_away(chosen: dict[str, Any]) -> None:
    filters = Filters.chosen(**chosen)
    assert set(filters.active()) == {name for name, one in chosen.items() if one}
    for name in ("races", "countries", "rank", "best_race_only", "min_games"):
        assert set(filters.without(name).active()) == set(filters.active()) - {name}
        assert set(filters.only(name).active()) == set(filters.active()) & {name}
        assert filters.without(name).without(name) == filters.without(name)
    assert filters.without(*filters.active()) == NO_FILTERS
    assert (filters.without("races") == filters) == ("races" not in filters.active())


def test_nothing_chosen_is_no_filter_and_no_codes_are_one_that_lets_nobody_through() -> None:
    assert Filters.chosen(races=[], countries=(), rank="") == NO_FILTERS
    assert Filters(races=()) != NO_FILTERS
    assert Filters(races=()).active() == ("races",)
    assert Filters.chosen(races="zerg", countries="KR") == Filters(races=("zerg",), countries=("KR",))


@pytest.mark.parametrize("games", [-1, MIN_GAMES_MAX + 1])
def test_a_number_of_games_that_cannot_be_is_refused(games: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        Filters(min_games=games)
    assert refused.value.field == "min_games"


@pytest.mark.parametrize("rank", ["G", "s", " ", "SA"])
def test_a_rank_that_there_is_not_is_refused(rank: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Filters.chosen(rank=rank)
    assert refused.value.field == "rank"
