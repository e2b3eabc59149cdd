"""A belief about the races that were played and two others says, to the bit, what one about all races says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ratings.linked.playing import RACES, Step, Table, matrix, smallest_pivot, steps
from toprung.domain.ratings.linked.belief import Belief, layout
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked, Side
from toprung.domain.ratings.linked.player_belief import PlayerBelief, unknown_player

LINKED = Linked(LinkedConstants())
EVERY_RACE = RACES + "xy"
"""Two of them are played by nobody."""


def played(games: list[Step]) -> list[PlayerBelief]:
    """What is believed of three players after these games, each race named as it is played first."""
    players = [unknown_player(LINKED.start(2)) for _ in range(3)]
    table = Table(LINKED, races=EVERY_RACE)
    for step in games:
        table.now_us += step.after_us
        known = [players[step.first].naming(step.race_1), players[step.second].naming(step.race_2)]
        races = step.race_1, step.race_2
        sides = [
            Side(LINKED.before_game(one.belief, table.now_us), one.place(race))
            for one, race in zip(known, races, strict=True)
        ]
        game = LINKED.after_game(sides[0], sides[1], step.score, table.now_us)
        players[step.first] = known[0].showing(step.race_1, game.first)
        players[step.second] = known[1].showing(step.race_2, game.second)
    return players


def in_order(known: PlayerBelief) -> Belief:
    """The same belief about every race, by the order of `EVERY_RACE`."""
    slots, others = [], len(known.races)
    for race in EVERY_RACE:
        slots.append(known.place(race) if race in known.races else others)
        others += race not in known.races and others == len(known.races)
    columns = layout(len(known.belief.ratings)).columns
    unnamed = [number for number, race in enumerate(EVERY_RACE) if race not in known.races]
    covariances = []
    for row in range(len(EVERY_RACE)):
        for column in range(row, len(EVERY_RACE)):
            one, other = (known.place(EVERY_RACE[number]) for number in (row, column))
            if row in unnamed and column in unnamed and row != column:
                other = one + 1
            covariances.append(known.belief.covariances[columns[one][other]])
    ratings = tuple(known.belief.ratings[known.place(race)] for race in EVERY_RACE)
    return known.belief._replace(ratings=ratings, covariances=tuple(covariances))


@given(steps())
def test_naming_races_as_they_are_played_gives_the_bits_of_knowing_them_all_along(games: list[Step]) -> None:
    games = [step._replace(favoured=0) for step in games]
    right = Table(LINKED, races=EVERY_RACE).play(games).beliefs
    assert [in_order(known) for known in played(games)] == right


@given(steps(), st.sampled_from(EVERY_RACE))
def test_naming_a_race_says_nothing_new_and_does_so_once(games: list[Step], race: str) -> None:
    known = played(games)[0]
    named = known.naming(race)
    assert named.naming(race) is named
    assert in_order(named) == in_order(known)
    assert smallest_pivot(matrix(named.belief)) > 0
    if race not in known.races:
        assert (named.races, named.shown_games) == ((*known.races, race), (*known.shown_games, known.belief.games))


@given(steps())
def test_a_race_was_shown_last_when_it_was_played_last(games: list[Step]) -> None:
    for player, known in enumerate(played(games)):
        own = [step for step in games if player in (step.first, step.second)]
        races = [step.race_1 if step.first == player else step.race_2 for step in own]
        assert known.belief.games == len(own)
        for race, shown in zip(known.races, known.shown_games, strict=True):
            assert shown == len(races) - races[::-1].index(race)


def test_two_races_stand_for_the_others() -> None:
    with pytest.raises(ValueError, match="two races"):
        unknown_player(LINKED.start(3))
