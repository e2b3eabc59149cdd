"""The linked rating: it is what its formulas say, and what must hold whoever plays whom, with what, and when."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ratings.linked.plain import PlainAdvantage, PlainPlayer
from tests.domain.ratings.linked.plain import play as plainly_played
from tests.domain.ratings.linked.playing import DAY_US, RACES, Step, Table, matrix, steps
from toprung.domain.ratings.linked.belief import Belief
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Favour, Linked, Side

CONSTANTS = LinkedConstants()
LINKED = Linked(CONSTANTS)

constants = st.builds(
    LinkedConstants,
    strength_spread=st.floats(20, 400),
    race_spread=st.floats(10, 200),
    strength_growth=st.floats(0, 20),
    race_growth=st.floats(0, 5),
    game_noise=st.floats(0, 20),
    experience_rise=st.floats(0, 20),
    experience_games=st.floats(1, 40),
)


@given(steps(), constants)
def test_it_is_what_its_formulas_say(games: list[Step], chosen: LinkedConstants) -> None:
    agree_on(games, chosen)


def agree_on(games: list[Step], chosen: LinkedConstants) -> None:
    """Holds what the domain makes of these games against the formulas."""
    table = Table(Linked(chosen))
    players, advantage = [PlainPlayer(chosen, RACES) for _ in range(3)], PlainAdvantage()
    expected, now_us = [], table.now_us
    for one in games:
        now_us += one.after_us
        first, second = players[one.first], players[one.second]
        told = plainly_played(first, one.race_1, second, one.race_2, one.score, now_us, advantage, one.favoured)
        expected.append(told)
    table.play(games)
    assert table.expected == pytest.approx(expected, abs=1e-7)
    assert table.advantage == pytest.approx((advantage.x, advantage.variance), rel=1e-7)
    for number, player in enumerate(players):
        belief = table.beliefs[number]
        assert (belief.games, belief.last_played_us) == (player.n, player.last_us)
        for race in RACES:
            assert table.of(number, race) == pytest.approx(player.x[race], abs=1e-4)
            for other in RACES:
                covariance = table.of(number, race, other)
                assert covariance == pytest.approx(player.p[race][other], rel=1e-6, abs=1e-3)


@given(steps())
def test_the_same_games_give_the_same_bits(games: list[Step]) -> None:
    assert Table(LINKED).play(games).beliefs == Table(LINKED).play(games).beliefs


@given(steps(), st.data())
def test_it_does_not_matter_to_a_bit_which_side_is_called_the_first(games: list[Step], data: st.DataObject) -> None:
    turned = [
        Step(one.second, one.first, one.race_2, one.race_1, 1 - one.score, -one.favoured, one.after_us)
        if data.draw(st.booleans())
        else one
        for one in games
    ]
    table, other = Table(LINKED).play(games), Table(LINKED).play(turned)
    assert (table.beliefs, table.advantage) == (other.beliefs, other.advantage)
    for one, again, expected, turned_expected in zip(games, turned, table.expected, other.expected, strict=True):
        assert turned_expected == (expected if one.first == again.first else 1 - expected)


@given(steps(), st.permutations(RACES))
def test_the_order_of_the_races_does_not_matter_to_a_bit(games: list[Step], order: list[str]) -> None:
    table, other = Table(LINKED).play(games), Table(LINKED, "".join(order)).play(games)
    assert table.expected == other.expected
    for player in range(3):
        assert [table.of(player, race) for race in RACES] == [other.of(player, race) for race in RACES]
        for race in RACES:
            assert [table.of(player, race, one) for one in RACES] == [other.of(player, race, one) for one in RACES]


@given(steps(), st.integers(0, 2))
def test_races_that_nobody_plays_change_nothing_to_a_bit(games: list[Step], place: int) -> None:
    more = "".join(["abcde"[:place], RACES[:1], "xyz"[place:], RACES[1:]])
    table, other = Table(LINKED).play(games), Table(LINKED, more).play(games)
    assert table.expected == other.expected
    for player in range(3):
        for race in RACES:
            assert table.of(player, race) == other.of(player, race)
            assert [table.of(player, race, one) for one in RACES] == [other.of(player, race, one) for one in RACES]


def test_without_games_everybody_is_at_the_start() -> None:
    belief = LINKED.start(2)
    assert belief == Belief((1500.0, 1500.0), (40_500.0, 32_400.0, 40_500.0))
    assert LINKED.before_game(belief, 5 * DAY_US) == belief
    assert LINKED.start_advantage() == (0.0, 2500.0)


@given(steps(), st.integers(0, 4000), st.integers(0, 4000))
def test_doubt_grows_by_the_day_up_to_what_a_newcomer_has(games: list[Step], days: int, more: int) -> None:
    belief = Table(LINKED).play(games).beliefs[0]
    last_us = belief.last_played_us
    if last_us is None:
        return
    growth, most = 3.5**2 + 0.7**2, CONSTANTS.variance_max
    fresh, short, long = (LINKED.after_idle(belief, last_us + (one * DAY_US)) for one in (0, days, days + more))
    for race in range(len(RACES)):
        known = belief.variance(race)
        assert fresh.variance(race) == min(known, most)
        assert short.variance(race) == pytest.approx(min(known + growth * days, most))
        assert long.variance(race) == pytest.approx(min(known + growth * (days + more), most))
    assert short.ratings == long.ratings == belief.ratings
    assert LINKED.after_idle(belief, last_us - DAY_US) == fresh


@given(steps())
def test_as_long_as_nothing_is_cut_two_absences_are_one(games: list[Step]) -> None:
    belief = Table(Linked(replace(CONSTANTS, strength_spread=900.0))).play(games).beliefs[games[0].first]
    last_us = belief.last_played_us or 0
    system = Linked(replace(CONSTANTS, strength_spread=1000.0))
    half = system.after_idle(belief, last_us + 40 * DAY_US)
    twice = system.after_idle(half._replace(last_played_us=last_us + 40 * DAY_US), last_us + 80 * DAY_US)
    once = system.after_idle(belief, last_us + 80 * DAY_US)
    assert twice.covariances == pytest.approx(once.covariances)


@given(steps())
def test_what_is_cut_keeps_how_alike_the_races_are(games: list[Step]) -> None:
    belief = Table(LINKED).play(games).beliefs[0]
    last_us = belief.last_played_us or 0
    uncut = matrix(Linked(replace(CONSTANTS, strength_spread=1000.0)).after_idle(belief, last_us + 3000 * DAY_US))
    cut = matrix(LINKED.after_idle(belief, last_us + 3000 * DAY_US))
    for row in range(len(RACES)):
        for column in range(row):
            alike = uncut[row][column] / math.sqrt(uncut[row][row] * uncut[column][column])
            assert cut[row][column] / math.sqrt(cut[row][row] * cut[column][column]) == pytest.approx(alike, rel=1e-6)


@given(steps(), st.sampled_from(RACES), st.sampled_from(RACES))
def test_a_better_result_never_leaves_any_race_worse(games: list[Step], race_1: str, race_2: str) -> None:
    table = Table(LINKED).play(games)
    first, second = table.side(0, race_1), table.side(1, race_2)
    lost, drew, won = (LINKED.after_game(first, second, score, table.now_us) for score in (0.0, 0.5, 1.0))
    number = RACES.index(race_1)
    assert lost.first.ratings[number] < first.belief.ratings[number] < won.first.ratings[number]
    assert lost.first.ratings[number] < drew.first.ratings[number] < won.first.ratings[number]
    assert lost.expected_score == won.expected_score
    assert lost.first.covariances == won.first.covariances


@given(steps(), st.sampled_from(RACES))
def test_a_game_makes_every_race_surer_and_its_own_the_most(games: list[Step], race: str) -> None:
    table = Table(LINKED).play(games)
    first, second = table.side(0, race), table.side(1, race)
    after = LINKED.after_game(first, second, 1.0, table.now_us).first
    own = RACES.index(race)
    shrunk = [after.variance(one) / first.belief.variance(one) for one in range(len(RACES))]
    assert all(share <= 1 for share in shrunk)
    assert shrunk[own] == min(shrunk) < 1


def test_an_unplayed_race_is_known_from_the_others_and_never_better_than_its_own_leaning() -> None:
    system = Linked(replace(CONSTANTS, experience_rise=0.0))
    belief, opponent = system.start(2), Side(Belief((1500.0,), (900.0,)), 0)
    shared, own = CONSTANTS.strength_spread**2, CONSTANTS.race_spread**2
    bound = math.sqrt(own + shared * own / (shared + own))  # its leaning, and what one race hides of the strength
    deviations = []
    for number in range(400):
        ready = system.before_game(belief, 0)
        belief = system.after_game(Side(ready, 0), opponent, float(number % 2), 0).first
        deviations.append(belief.deviation(1))
    assert deviations[0] > deviations[20] > deviations[399] > bound
    assert deviations[399] < bound + 10
    assert belief.ratings[1] == pytest.approx(belief.ratings[0], abs=10)
    assert belief.deviation(0) < 60


def test_without_a_spread_of_races_worth_the_name_a_second_race_is_the_first() -> None:
    table = Table(Linked(replace(CONSTANTS, race_spread=1.0)))
    table.play([Step(0, 1, "p", "p", 1.0, 0, DAY_US)] * 30)
    assert table.of(0, "z") == pytest.approx(table.of(0, "p"), abs=0.2)


@given(st.integers(1, 200))
def test_experience_is_bounded_and_a_players_not_a_races(games: int) -> None:
    rises = [LINKED.experience_before(number) for number in range(games)]
    assert rises[0] == 0
    assert sum(rises) < 125
    assert rises[1:] == sorted(rises[1:], reverse=True)
    belief = LINKED.start(2)._replace(games=games)
    ready = LINKED.before_game(belief, 0)
    assert ready.ratings == (1500 + LINKED.experience_before(games),) * 2


def test_any_two_lawful_ratings_can_play() -> None:
    for one, other in ((-1e6, 1e6), (1e6, -1e6), (1e6, 1e6)):
        sides = [Side(LINKED.start(1)._replace(ratings=(rating,)), 0) for rating in (one, other)]
        for score in (0.0, 0.5, 1.0):
            played = LINKED.after_game(sides[0], sides[1], score, 0, Favour(LINKED.start_advantage(), 1))
            assert 0 <= played.expected_score <= 1
            for belief in (played.first, played.second):
                assert all(map(math.isfinite, (*belief.ratings, *belief.covariances)))
                assert belief.variance(0) > 0


def test_a_late_game_leaves_the_time_of_the_last_one_and_doubt_as_it_is() -> None:
    table = Table(LINKED).play([Step(0, 1, "p", "z", 1.0, 0, 0)])
    table.now_us -= 400 * DAY_US
    before = table.beliefs[0]
    noise = CONSTANTS.game_noise**2
    assert table.side(0, "p").belief.covariances == tuple(one + noise for one in before.covariances)
    table.play([Step(0, 1, "p", "z", 1.0, 0, 0)])
    assert table.beliefs[0].last_played_us == before.last_played_us


@given(st.integers(1, 40), st.sampled_from((1, -1)))
def test_a_side_that_keeps_winning_is_found_to_have_the_advantage(games: int, favoured: int) -> None:
    score = 1.0 if favoured > 0 else 0.0
    table = Table(LINKED).play(
        Step(number % 2, 1 - number % 2, "p", "p", score, favoured, DAY_US) for number in range(games)
    )
    assert table.advantage.rating > 0
    assert 0 < table.advantage.variance < 2500
    unnamed = Table(LINKED).play([Step(0, 1, "p", "p", 1.0, 0, 0)])
    assert unnamed.advantage == LINKED.start_advantage()
