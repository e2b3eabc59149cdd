"""Whose results lean against the own rating."""

import random
from typing import Final

import pytest
from hypothesis import given, settings

from tests.domain.matches.watch.made_games import TERRAN, ZERG, alike, game, looked_at, numbered, random_season, seeds
from toprung.domain.matches.watch import players
from toprung.domain.matches.watch.games import WatchedGame, game_table
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.matches.watch.look import look
from toprung.domain.matches.watch.players import UnusualPlayer
from toprung.domain.matches.watch.strengths import both_sides, game_rows

WHO: Final = 50
LIMITS: Final = WatchLimits()


def shown(own: list[WatchedGame]) -> tuple[UnusualPlayer, ...]:
    """Who is shown among many who are alike."""
    return look(numbered([*alike(), *own]), (), LIMITS).players


def own_games(count: int, score: object, *, base: int = 1500) -> list[WatchedGame]:
    """Games of one player whose rating goes up and down by 100; `score` says of each whether it was won."""
    assert callable(score)
    games = []
    for number in range(count):
        is_high = number % 2 == 0
        mmr = base + (50 if is_high else -50) + number % 7
        games.append(
            game(1, WHO, number % 12 + 1, score(number, is_high), mmr=(mmr, 1500), seconds=100 if is_high else 900)
        )
    return games


def test_who_loses_while_high_and_wins_while_low_is_shown() -> None:
    (player,) = shown(own_games(40, lambda _, is_high: float(not is_high)))
    assert player.player == WHO
    assert (player.games, player.points) == (20, 0)
    assert (player.other_games, player.other_points) == (20, 20)
    assert player.expected > 15
    assert (player.known_lengths, player.short_games) == (20, 20)
    first = len(alike()) + 1
    assert player.match_ids == tuple(range(first, first + 40, 2))


def test_who_wins_while_high_is_not() -> None:
    """So it is with somebody who learns, and with somebody whose luck comes in streaks."""
    assert shown(own_games(40, lambda _, is_high: float(is_high))) == ()


def test_who_does_as_well_while_high_as_while_low_is_not() -> None:
    chance = random.Random(8)
    scores = [float(chance.random() < 0.6) for _ in range(200)]
    assert shown(own_games(200, lambda number, _: scores[number])) == ()


def test_who_is_better_than_was_known_and_mostly_low_does_not_lean() -> None:
    mostly_low = [one for number, one in enumerate(own_games(80, lambda *_: 1.0)) if number % 2 or number % 8 == 0]
    (found,) = [one for one in looked_at(numbered([*alike(), *mostly_low])).players if one.player == WHO]
    assert abs(found.signal) < 0.2


def test_the_own_rating_is_compared_with_itself_only() -> None:
    low = own_games(40, lambda _, is_high: float(not is_high), base=300)
    assert [player.player for player in shown(low)] == [WHO]
    with_races = [
        one._replace(race_1=TERRAN if number % 4 < 2 else ZERG, mmr_1=(one.mmr_1 or 0) + (900 if number % 4 < 2 else 0))
        for number, one in enumerate(low)
    ]
    assert [player.player for player in shown(with_races)] == [WHO]


def test_nineteen_games_are_never_shown() -> None:
    assert shown(own_games(19, lambda _, is_high: float(not is_high))) == ()
    assert not [
        one for one in looked_at(numbered([*alike(), *own_games(19, lambda *_: 1.0)])).players if one.player == WHO
    ]


def test_ratings_that_say_nothing_show_nobody() -> None:
    games = own_games(40, lambda _, is_high: float(not is_high))
    unknown = [one._replace(mmr_1=None) for one in games]
    always_the_same = [one._replace(mmr_1=1500) for one in games]
    assert shown(unknown) == shown(always_the_same) == ()


@given(seeds)
@settings(max_examples=40)
def test_a_rank_is_the_share_of_own_games_with_a_lower_rating(season: int) -> None:
    games = random_season(season)
    table = game_table(games)
    rows = both_sides(game_rows(table))
    ranks = players._ranks(table, rows)
    shown = [*table.first_mmr.tolist(), *table.second_mmr.tolist()]
    for place, (player, race) in enumerate(zip(rows.player.tolist(), rows.race.tolist(), strict=True)):
        own = [
            mmr
            for mmr, who, what in zip(shown, rows.player.tolist(), rows.race.tolist(), strict=True)
            if (who, what) == (player, race)
        ]
        lower, alike_ = (sum(test(mmr) for mmr in own) for test in (shown[place].__gt__, shown[place].__eq__))
        expected = 0.0 if shown[place] != shown[place] else (lower + alike_ / 2) / len(own) - 0.5
        assert ranks[place] == pytest.approx(expected)
