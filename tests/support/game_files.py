"""Files of games as `toprung import-games` takes them: one that is made here, and a real one where it is."""

import csv
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.support.shared import absence_of, shared_files

_REAL: Final = "ratings/halo2_head_to_head.csv"
_COLUMNS: Final = "ended_at,game_id,player_1,player_2,score_1,score_2\n"
_FIRST: Final = datetime(2004, 8, 10, 18, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class GameFile:
    """A file of games, and what is known of it beforehand."""

    name: str
    read: Callable[[], str]
    games: int
    players: int
    draws: int


@dataclass(frozen=True, kw_only=True)
class MadeGames:
    """A file of games, and the log loss of whoever knows the players' true strengths and forecasts the last games."""

    text: str
    players: int
    draws: int
    true_log_loss: float


def made_games(*, seed: int, players: int, games: int, last: int) -> MadeGames:
    """Games a few minutes apart between players of hidden strength, one in twenty a draw; `last` are forecast."""
    chance = random.Random(seed)
    strengths = [chance.gauss(0, 1.5) for _ in range(players)]
    lines, losses, draws, played = [], [], 0, set[int]()
    for number in range(games):
        one, other = chance.sample(range(players), 2)
        expected = 1 / (1 + math.exp(strengths[other] - strengths[one]))
        score = 0.5 if chance.random() < 0.05 else float(chance.random() < expected)
        draws += score == 0.5
        played |= {one, other}
        losses.append(-score * math.log(expected) - (1 - score) * math.log(1 - expected))
        ended_at = (_FIRST + timedelta(minutes=3 * number)).isoformat().replace("+00:00", "Z")
        scores = {0.0: "1,50", 0.5: "7,7", 1.0: "50,1"}[score]
        lines.append(f"{ended_at},{number},player {one},player {other},{scores}\n")
    return MadeGames(
        text=_COLUMNS + "".join(lines),
        players=len(played),
        draws=draws,
        true_log_loss=sum(losses[-last:]) / last,
    )


def results(text: str) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How many games each player won, lost and drew, counted by hand."""
    won, lost, drawn = Counter[str](), Counter[str](), Counter[str]()
    for game in csv.DictReader(text.splitlines()):
        one, other, difference = game["player_1"], game["player_2"], int(game["score_1"]) - int(game["score_2"])
        if difference == 0:
            drawn.update((one, other))
        else:
            won[one if difference > 0 else other] += 1
            lost[other if difference > 0 else one] += 1
    return won, lost, drawn


_MADE: Final = made_games(seed=11, players=250, games=800, last=1)
_REAL_FILES: Final = shared_files(_REAL)

each_game_file: Final = pytest.mark.parametrize(
    "games",
    [
        pytest.param(
            GameFile(name="made", read=lambda: _MADE.text, games=800, players=_MADE.players, draws=_MADE.draws),
            id="made",
        ),
        pytest.param(
            GameFile(name="real", read=lambda: _REAL_FILES[0].read_text("utf-8"), games=6028, players=1653, draws=312),
            id="the real games of August 2004",
            marks=pytest.mark.skipif(not _REAL_FILES, reason=absence_of(_REAL)),
        ),
    ],
)
"""Gives a test the made and the real file, as `games`."""

needs_real_games: Final = pytest.mark.skipif(not _REAL_FILES, reason=absence_of(_REAL))
"""Marks a test of what holds for the real games only."""


def real_games() -> str:
    """The path of the real file."""
    return str(_REAL_FILES[0])
