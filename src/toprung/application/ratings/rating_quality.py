"""Judging rating systems by the games they foretell: a file's, or the ladder's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from toprung.application.ports.storage import Transaction
from toprung.application.transfer.table_file import ImportRefused, Problem, read_table
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput
from toprung.domain.moment import from_iso
from toprung.domain.ratings.glicko2 import Glicko2
from toprung.domain.ratings.rating import Elo
from toprung.domain.ratings.rating_evaluation import (
    CoinFlip,
    EloForecaster,
    Forecaster,
    Game,
    Glicko2Forecaster,
    Quality,
    WinRate,
    first_held_out,
    fit_elo,
    fit_glicko2,
    forecasts,
    quality,
)

COLUMNS: Final = ("ended_at", "game_id", "player_1", "player_2", "score_1", "score_2")
GAMES_MIN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineQuality:
    """How well one system did, and with which constants."""

    quality: Quality
    parameters: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """How well each system foretold the last three tenths of the games."""

    games: int
    scored_games: int
    engines: Mapping[str, EngineQuality]


def read_games(text: str) -> list[Game]:
    """The games of a CSV in the order of their ends, those of one moment in the order of the file.

    Raises `ImportRefused` with every line that is wrong.
    """
    games: list[Game] = []
    problems: list[Problem] = []
    for line, cells in read_table(text, COLUMNS, ("race_1", "race_2"), problems):
        values: dict[str, float | int] = {}
        parsers: dict[str, Callable[[str], float | int]] = {"ended_at": from_iso, "score_1": float, "score_2": float}
        for column, parse in parsers.items():
            try:
                values[column] = parse(cells[column].strip())
            except ValueError as error:
                problems.append(Problem(line=line, column=column, reason=str(error)))
        players = cells["player_1"].strip(), cells["player_2"].strip()
        if players[0] == players[1] or not all(players):
            problems.append(Problem(line=line, column="player_2", reason="a game needs two different players"))
        elif len(values) == len(parsers):
            score_1, score_2 = values["score_1"], values["score_2"]
            score = 0.5 if score_1 == score_2 else float(score_1 > score_2)
            games.append(Game(*players, score, int(values["ended_at"])))
    if problems:
        raise ImportRefused(problems)
    return sorted(games, key=lambda game: game.ended_at_us)


def evaluate(games: Sequence[Game], *, fit: bool, tried: Callable[[], None]) -> QualityReport:
    """How well each system does on the held-out games, with the default constants or, with `fit`, with chosen ones.

    Constants are chosen on the games before the held-out ones; `tried` is called after each set that was tried.
    Raises `InvalidInput` for too few games to say anything.
    """
    if len(games) < GAMES_MIN:
        raise InvalidInput(
            "games",
            "There are {games} games; at least {least} are needed to judge by.",
            "too_few_games",
            games=str(len(games)),
            least=GAMES_MIN,
        )
    glicko2, elo = fitted(games, tried) if fit else (Glicko2(), Elo())
    systems: dict[str, tuple[Forecaster, Mapping[str, float]]] = {
        "glicko2": (Glicko2Forecaster(glicko2), asdict(glicko2)),
        "elo": (EloForecaster(elo), asdict(elo)),
        "coin_flip": (CoinFlip(), {}),
        "win_rate": (WinRate(), {}),
    }
    scored_from = first_held_out(len(games))
    engines = {}
    for name, (forecaster, parameters) in systems.items():
        told = forecasts(games, forecaster, scored_from=scored_from)
        engines[name] = EngineQuality(quality=quality(told), parameters=parameters)
    return QualityReport(games=len(games), scored_games=len(games) - scored_from, engines=engines)


def fitted(games: Sequence[Game], tried: Callable[[], None]) -> tuple[Glicko2, Elo]:
    """Both engines with the constants that foretell the earlier games best."""
    return fit_glicko2(games, Glicko2(), tried), fit_elo(games, Elo(), tried)


class RatingQualityService:
    """The ladder's own games, to judge by."""

    def __init__(self, *, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    async def ladder_games(self) -> list[Game]:
        """The games in the order of their ends; a player is taken with each race apart, as the ladder rates them."""
        return await self._unit_of_work.read(_ladder_games)


def _ladder_games(tx: Transaction) -> list[Game]:
    games = []
    for match in tx.matches.completed():
        if match.result is None or match.ended_at_us is None:
            raise ValueError("a completed match has a result and an end")
        first, second = (f"{one.player_id} {one.race}" for one in match.participants)
        games.append(Game(first, second, match.result.score_of_side_1, match.ended_at_us))
    return sorted(games, key=lambda game: game.ended_at_us)
