"""What a change of a shown rating came from: the parts add up, and each is what it is called."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ratings.linked.playing import DAY_US, RACES, Step, Table, steps
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked, Parts, Shown

LINKED = Linked(LinkedConstants())


def shown_parts(system: Linked, games: list[Step]) -> list[tuple[Step, Shown, Parts]]:
    """For each game the first side's race as it was last shown, and the parts of what the game made of it."""
    table, shown = Table(system), dict[tuple[int, str], Shown]()
    told = []
    for one in games:
        sides = ((one.first, one.race_1), (one.second, one.race_2))
        before = {
            (player, race): shown.get((player, race)) or system.shown_first(table.beliefs[player], RACES.index(race))
            for player, race in sides
        }
        ready = system.before_game(table.beliefs[one.first], table.now_us + one.after_us)
        table.play([one])
        first = sides[0]
        told.append(
            (one, before[first], system.parts(before[first], ready, table.beliefs[first[0]], RACES.index(first[1])))
        )
        for player, race in sides:
            shown[player, race] = Shown(table.of(player, race), table.beliefs[player].games)
    return told


@given(steps())
def test_the_parts_are_the_whole_change(games: list[Step]) -> None:
    add_up(games)


def add_up(games: list[Step]) -> None:
    """Holds the parts of each change in these games against the numbers that are shown."""
    table = Table(LINKED)
    for one, shown, parts in shown_parts(LINKED, games):
        table.play([one])
        assert parts.before == round(shown.rating)
        assert parts.after == round(table.of(one.first, one.race_1))


@given(steps())
def test_a_win_never_costs_and_a_loss_never_gives_anything(games: list[Step]) -> None:
    for one, _, parts in shown_parts(LINKED, games):
        if one.score == 1:
            assert parts.this_game >= 0
        if one.score == 0:
            assert parts.this_game <= 0
        assert parts.experience >= 0


@given(steps())
def test_without_experience_none_is_named(games: list[Step]) -> None:
    system = Linked(replace(LinkedConstants(), experience_rise=0.0))
    assert all(parts.experience == 0 for _, _, parts in shown_parts(system, games))


@given(st.lists(st.sampled_from((0.0, 0.5, 1.0)), min_size=1, max_size=20))
def test_with_one_race_nothing_comes_from_others(scores: list[float]) -> None:
    games = [Step(number % 2, 1 - number % 2, "p", "p", score, 0, DAY_US) for number, score in enumerate(scores)]
    assert all(parts.other_races == 0 for _, _, parts in shown_parts(LINKED, games))


def test_what_other_races_have_said_is_named_when_the_race_is_played_again() -> None:
    win, draw = (Step(0, 1, "p", "p", score, 0, 0) for score in (1.0, 0.5))
    told = shown_parts(LINKED, [*[win] * 5, *[Step(0, 2, "z", "z", 1.0, 0, DAY_US)] * 10, draw])
    _, shown, parts = told[-1]
    assert parts.before == round(shown.rating) == told[4][2].after
    rises = sum(LINKED.experience_before(number) for number in range(5, 16))
    assert abs(parts.experience - rises) < 1
    assert parts.other_races > 50
    assert parts.this_game < 0


def test_there_is_no_experience_before_the_first_game() -> None:
    belief = LINKED.start(1)._replace(games=3, ratings=(1600.0,))
    ready = LINKED.before_game(belief, 0)
    rises = sum(LINKED.experience_before(number) for number in (1, 2, 3))
    parts = LINKED.parts(Shown(1500.0, 0), ready, ready, 0)
    assert parts.before == 1500
    assert abs(parts.experience - rises) < 1
    assert abs(parts.other_races - (100 + LINKED.experience_before(3) - rises)) < 1


def test_the_first_game_with_a_second_race_starts_from_what_is_known_of_the_player() -> None:
    games = [*[Step(0, 1, "p", "p", 1.0, 0, 0)] * 10, Step(0, 1, "z", "p", 1.0, 0, 0)]
    _, shown, parts = shown_parts(LINKED, games)[-1]
    assert shown.games == 10
    assert parts.before > 1600
    assert parts.other_races == 0
    assert abs(parts.experience - LINKED.experience_before(10)) < 1
    assert parts.this_game > 0
