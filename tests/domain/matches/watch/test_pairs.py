"""Which pairs are unusual, on ladders where it is plain."""

from itertools import combinations
from typing import Final

import pytest

from tests.domain.matches.watch.made_games import TERRAN, ZERG, alike, game, looked_at, numbered
from toprung.domain.matches.watch.games import WatchedGame
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.matches.watch.look import look
from toprung.domain.matches.watch.pairs import SHARE_WEIGHT, UnusualPair

LIMITS: Final = WatchLimits()
TRADED: Final = 48


def shown(games: list[WatchedGame]) -> tuple[UnusualPair, ...]:
    """What is shown with the limits that a ladder has."""
    return look(numbered(games), (), LIMITS).pairs


def signal_of(games: list[WatchedGame], one: int, other: int) -> UnusualPair:
    """How unusual a pair is."""
    (found,) = [pair for pair in looked_at(numbered(games)).pairs if set(pair.players) == {one, other}]
    return found


def by_strength(weak: range, strong: range, *, each: int) -> list[WatchedGame]:
    """The strong beat the weak as a rule, and each other by turns, as do the weak."""
    games = []
    for turn in range(each):
        for one, other in combinations([*weak, *strong], 2):
            is_uneven = (one in weak) != (other in weak)
            score = float(turn % 10 == 0) if is_uneven else float(turn % 2)
            games.append(game(1, one, other, score))
    return games


def test_a_pair_that_one_always_wins_against_what_all_else_says_is_shown() -> None:
    (pair,) = shown([*alike(), *[game(1, 3, 7, 1.0)] * TRADED])
    assert pair.players == (3, 7)
    assert pair.races is None
    assert (pair.games, pair.points) == (TRADED + 8, TRADED + 4)
    assert pair.expected == pytest.approx(pair.games / 2, abs=1)
    assert pair.other_games == (80, 80)
    assert (pair.known_lengths, pair.short_games) == (0, 0)


def test_the_one_who_does_better_is_named_first_whoever_that_is() -> None:
    (pair,) = shown([*alike(), *[game(1, 3, 7, 0.0)] * TRADED])
    assert pair.players == (7, 3)
    assert pair.points == TRADED + 4


def test_what_was_traded_does_not_bear_itself_out() -> None:
    expected = [
        (pair := signal_of([*alike(), *[game(1, 3, 7, 1.0)] * traded], 3, 7)).expected / pair.games
        for traded in (1, 10, 100, 400)
    ]
    assert expected == pytest.approx([0.5] * 4, abs=0.02)


def test_friends_who_often_meet_and_win_by_turns_are_not_shown() -> None:
    friendly = [game(1, 3, 7, float(turn % 2)) for turn in range(60)]
    assert shown([*alike(), *friendly]) == ()
    alone = [game(1, 101, 102, float(turn % 2)) for turn in range(60)]  # they play nobody else
    assert shown([*alike(), *alone]) == ()
    pair = signal_of([*alike(), *alone], 101, 102)
    assert pair.signal == pytest.approx(SHARE_WEIGHT, abs=0.1)
    assert pair.other_games == (0, 0)


def test_two_of_whom_nothing_else_is_known_are_not_shown_where_one_is_better() -> None:
    assert shown([*alike(), *[game(1, 101, 102, float(turn % 4 == 0)) for turn in range(48)]]) == ()


def test_a_strong_friend_may_win_them_all() -> None:
    low, high = range(1, 6), range(6, 11)
    for weak, strong in ((low, high), (high, low)):
        games = by_strength(weak, strong, each=10)
        assert shown([*games, *[game(1, strong[0], weak[0], 1.0)] * 20]) == ()
        (weak_wins,) = shown([*games, *[game(1, strong[0], weak[0], 0.0)] * 20])
        assert weak_wins.players == (weak[0], strong[0])
        assert weak_wins.expected < 10 < weak_wins.points


def test_five_games_are_never_shown_however_they_went() -> None:
    shorter = [game(1, 101, 7, 1.0, seconds=10)] * 5
    assert shown([*alike(seconds=900), *shorter]) == ()
    assert not [pair for pair in looked_at(numbered([*alike(), *shorter])).pairs if 101 in pair.players]


def test_winning_from_each_other_by_turns_with_different_races_is_shown() -> None:
    """Where each race has its own rating, both rise: the loser loses with a race that is never played otherwise."""
    by_turns = [
        *[game(1, 3, 7, 1.0, races=(ZERG, TERRAN))] * 24,
        *[game(1, 3, 7, 0.0, races=(TERRAN, ZERG))] * 24,
    ]
    (pair,) = shown([*alike(), *by_turns])
    assert set(pair.players) == {3, 7}
    assert pair.races == (ZERG, TERRAN)  # whoever of them is named first
    assert (pair.games, pair.points) == (24, 24)
    assert len(pair.match_ids) == 24
    assert pair.other_games == (80, 80)
    whole = signal_of([*alike(), *[one._replace(race_1=ZERG, race_2=ZERG) for one in by_turns]], 3, 7)
    assert whole.signal < LIMITS.pair_signal


def test_short_games_add_to_a_signal_and_long_ones_or_unknown_ones_do_not() -> None:
    def signal(seconds: float | None, count: int = 8) -> float:
        return signal_of([*alike(seconds=900), *[game(1, 3, 107, 1.0, seconds=seconds)] * count], 3, 107).signal

    assert signal(30) > signal(900) + 1
    assert signal(900) == pytest.approx(signal(None))
    assert signal(119.9) > signal(120.0) == pytest.approx(signal(900))
    everywhere = [*alike(seconds=30), *[game(1, 3, 107, 1.0, seconds=30)] * 8]
    assert signal_of(everywhere, 3, 107).signal == pytest.approx(signal(900), abs=0.05)  # here all games are short


def test_playing_nobody_else_adds_to_a_signal() -> None:
    traded = [game(1, 3, 7, 1.0)] * 12
    busy = signal_of([*alike(each=16), *traded], 3, 7).signal
    idle = signal_of([*alike(each=4), *traded], 3, 7).signal
    assert idle > busy
    one_is_idle = signal_of([*alike(each=16), *[game(1, 3, 101, 1.0)] * 12], 3, 101)
    assert one_is_idle.signal > SHARE_WEIGHT
