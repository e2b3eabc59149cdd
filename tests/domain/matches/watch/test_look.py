"""What is found depends on the games alone: not on their order, on who sat where, or on what anybody is called."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.matches.watch.made_games import EVERYTHING, alike, looked_at, random_season, seeds
from toprung.domain.matches.watch.by_chance import (
    PAIRS_IN_A_THOUSAND,
    PLAYERS_IN_A_THOUSAND,
    honest_pairs,
    honest_players,
)
from toprung.domain.matches.watch.games import WatchedGame
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.matches.watch.look import Looked, look
from toprung.domain.matches.watch.pairs import PAIR_GAMES_MIN
from toprung.domain.matches.watch.players import PLAYER_GAMES_MIN
from toprung.domain.players.player import PlayerId

NEW_NAMES = {1: 7, 2: 3, 3: 12, 4: 5}
NEW_RACES = {"zerg": "a", "terran": "z"}


def turned(game: WatchedGame) -> WatchedGame:
    """The same game, its second side first."""
    return game._replace(
        player_1=game.player_2,
        player_2=game.player_1,
        race_1=game.race_2,
        race_2=game.race_1,
        mmr_1=game.mmr_2,
        mmr_2=game.mmr_1,
        score_1=1 - game.score_1,
    )


def renamed(game: WatchedGame) -> WatchedGame:
    """The same game of people and races with other names."""
    return game._replace(
        player_1=PlayerId(NEW_NAMES[game.player_1]),
        player_2=PlayerId(NEW_NAMES[game.player_2]),
        race_1=NEW_RACES[game.race_1],
        race_2=NEW_RACES[game.race_2],
    )


def signals(looked: Looked) -> dict[frozenset[int], float]:
    """How unusual each pair and each player is."""
    pairs = {frozenset[int](pair.players): pair.signal for pair in looked.pairs}
    return pairs | {frozenset[int]({player.player}): player.signal for player in looked.players}


@given(seeds, st.integers())
def test_the_order_of_games_and_sides_changes_nothing(season: int, seed: int) -> None:
    games = random_season(season)
    chance = random.Random(seed)
    shuffled = [turned(game) if chance.random() < 0.5 else game for game in chance.sample(games, len(games))]
    assert looked_at(shuffled) == looked_at(games)


@given(seeds)
def test_names_change_nothing(season: int) -> None:
    games = random_season(season)
    before, after = looked_at(games), looked_at([renamed(game) for game in games])
    expected = {frozenset(NEW_NAMES[who] for who in whose): signal for whose, signal in signals(before).items()}
    assert signals(after) == pytest.approx(expected, abs=1e-5)
    assert (after.pairs_looked_at, after.players_looked_at) == (before.pairs_looked_at, before.players_looked_at)


@given(seeds)
def test_nobody_is_looked_at_with_few_games(season: int) -> None:
    games = random_season(season)
    met = Counter(frozenset((game.player_1, game.player_2)) for game in games)
    played = Counter(player for game in games for player in (game.player_1, game.player_2))
    looked = looked_at(games)
    assert looked.pairs_looked_at == sum(count >= PAIR_GAMES_MIN for count in met.values())
    assert looked.players_looked_at == sum(count >= PLAYER_GAMES_MIN for count in played.values())
    assert {frozenset(pair.players) for pair in looked.pairs} == {
        both for both, count in met.items() if count >= PAIR_GAMES_MIN
    }
    assert all(pair.games >= PAIR_GAMES_MIN for pair in looked.pairs)
    assert all(played[player.player] >= PLAYER_GAMES_MIN for player in looked.players)


@given(seeds)
def test_what_is_told_are_the_games_themselves(season: int) -> None:
    games = random_season(season)
    by_id = {game.match_id: game for game in games}
    played = Counter(player for game in games for player in (game.player_1, game.player_2))
    short = EVERYTHING.short_seconds
    for pair in looked_at(games).pairs:
        own = [by_id[match_id] for match_id in pair.match_ids]
        if pair.races is None:
            assert own == [game for game in games if {game.player_1, game.player_2} == set(pair.players)]
        seen = [game if game.player_1 == pair.players[0] else turned(game) for game in own]
        assert {(game.player_1, game.player_2) for game in seen} == {pair.players}
        assert pair.races in {None, *((game.race_1, game.race_2) for game in seen)}
        assert pair.races is None or len({(game.race_1, game.race_2) for game in seen}) == 1
        assert (pair.games, pair.points) == (len(own), sum(game.score_1 for game in seen))
        assert pair.known_lengths == sum(game.length_seconds is not None for game in own)
        assert pair.short_games == sum(game.length_seconds is not None and game.length_seconds < short for game in own)
        assert 0 < pair.expected < pair.games
        met = sum({game.player_1, game.player_2} == set(pair.players) for game in games)
        assert pair.other_games == tuple(played[player] - met for player in pair.players)
    for player in looked_at(games).players:
        own = [by_id[match_id] for match_id in player.match_ids]
        scores = [game.score_1 if game.player_1 == player.player else 1 - game.score_1 for game in own]
        assert (player.games, player.points) == (len(own), sum(scores))
        assert player.games + player.other_games == played[player.player]
        assert 0 < player.expected < player.games


@given(seeds, st.floats(0, 6), st.floats(0, 6))
@settings(max_examples=30)
def test_a_limit_shows_what_reaches_it_the_strongest_first(season: int, pair: float, player: float) -> None:
    games = random_season(season)
    everything, shown = looked_at(games), look(games, (), WatchLimits(pair_signal=pair, player_signal=player))
    assert list(shown.pairs) == [one for one in everything.pairs if one.signal >= pair]
    assert list(shown.players) == [one for one in everything.players if one.signal >= player]
    for found in (everything.pairs, everything.players):
        signals = [one.signal for one in found]
        assert signals == sorted(signals, reverse=True)


def test_no_games_are_nothing_unusual() -> None:
    looked = looked_at([])
    assert (looked.pairs, looked.players, looked.accounts) == ((), (), ())
    assert looked.games == looked.pairs_looked_at == looked.players_looked_at == 0
    assert looked.honest_pairs == looked.honest_players == 0


def test_nothing_is_unusual_where_everybody_is_alike() -> None:
    looked = look(alike(), (), WatchLimits())
    assert (looked.pairs, looked.players) == ((), ())
    assert looked.pairs_looked_at == 66


@pytest.mark.parametrize(
    ("honest", "measured"), [(honest_pairs, PAIRS_IN_A_THOUSAND), (honest_players, PLAYERS_IN_A_THOUSAND)]
)
def test_fewer_look_so_by_chance_the_higher_the_limit(
    honest: object, measured: tuple[tuple[float, float], ...]
) -> None:
    assert callable(honest)
    for limit, count in measured:
        assert honest(limit, 1_000) == pytest.approx(count)
        assert honest(limit, 250) == pytest.approx(count / 4)
    counts = [honest(limit / 10, 1_000) for limit in range(10, 70)]
    assert counts == sorted(counts, reverse=True)
    assert honest(99, 1_000) == pytest.approx(measured[-1][1])
