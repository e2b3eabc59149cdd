"""Judging rating systems by the games they foretell: a file's, or the ladder's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from toprung.application.ports.storage import Transaction
from toprung.application.transfer.table_file import ImportRefused, Problem, read_table
from toprung.application.writing.engines import Engines
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput
from toprung.domain.matches.match import MatchId
from toprung.domain.moment import from_iso
from toprung.domain.ratings.evaluation.fitting import fit_elo, fit_glicko2, fit_linked
from toprung.domain.ratings.evaluation.forecasters import (
    ONE_RACE,
    CoinFlip,
    EloForecaster,
    Forecaster,
    Game,
    Glicko2Forecaster,
    LinkedForecaster,
    WinRate,
    forecasts,
)
from toprung.domain.ratings.evaluation.scoring import Quality, first_held_out, quality
from toprung.domain.ratings.glicko2 import Glicko2
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked
from toprung.domain.ratings.odds import stated_forecasts
from toprung.domain.ratings.rating import Elo

COLUMNS: Final = ("ended_at", "game_id", "player_1", "player_2", "score_1", "score_2")
OPTIONAL_COLUMNS: Final = ("race_1", "race_2", "map", "side_1")
GAMES_MIN: Final = 10
FIT_GAMES_MIN: Final = 100
"""Fewer games say nothing of constants: what fits them best is chance."""

RACES_MAX: Final = 64
"""More different races in a file than any game has: the column is not that of races."""

_FAVOURED: Final = {"home": 1, "away": -1, "": 0}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderForecasts:
    """What a ladder itself expected of its games, by its rating system with these constants.

    `expected_scores` are the first sides', a game each, as the ladder's log has them: with imported ratings, ratings
    set by hand, seasons and corrections.
    """

    system: str
    parameters: Mapping[str, float]
    expected_scores: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedGames:
    """The games to judge by, in the order of their ends; a ladder's own with what it expected of them."""

    games: Sequence[Game]
    ladder: LadderForecasts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """The constants of each rating system."""

    linked: LinkedConstants = field(default_factory=LinkedConstants)
    glicko2: Glicko2 = field(default_factory=Glicko2)
    elo: Elo = field(default_factory=Elo)


def read_games(text: str) -> JudgedGames:
    """The games of a CSV in the order of their ends, those of one moment in the order of the file.

    Races are any words, those of one player being entries of one player; maps are read over. Raises `ImportRefused`
    with every line that is wrong.
    """
    games: list[Game] = []
    problems: list[Problem] = []
    races: set[str] = set()
    for line, cells in read_table(text, COLUMNS, OPTIONAL_COLUMNS, problems):
        game, wrong = _read_game(line, cells)
        problems += wrong
        if game is None:
            continue
        were_few = len(races) <= RACES_MAX
        races |= {game.race_1, game.race_2}
        if were_few and len(races) > RACES_MAX:
            reason = f"a file has at most {RACES_MAX} different races"
            problems.append(Problem(line=line, column="race_1", reason=reason))
        games.append(game)
    if problems:
        raise ImportRefused(problems)
    return JudgedGames(games=sorted(games, key=lambda game: game.ended_at_us))


def _read_game(line: int, cells: Mapping[str, str]) -> tuple[Game | None, list[Problem]]:
    values: dict[str, float | int] = {}
    problems = []
    parsers: dict[str, Callable[[str], float | int]] = {"ended_at": from_iso, "score_1": float, "score_2": float}
    for column, parse in parsers.items():
        try:
            values[column] = parse(cells[column].strip())
        except ValueError as error:
            problems.append(Problem(line=line, column=column, reason=str(error)))
    players = cells["player_1"].strip(), cells["player_2"].strip()
    if players[0] == players[1] or not all(players):
        problems.append(Problem(line=line, column="player_2", reason="a game needs two different players"))
    favoured = _FAVOURED.get(cells.get("side_1", "").strip().casefold())
    if favoured is None:
        reason = "the first player's side is home or away, or empty where no side has an advantage"
        problems.append(Problem(line=line, column="side_1", reason=reason))
    if problems or favoured is None:
        return None, problems
    score_1, score_2 = values["score_1"], values["score_2"]
    score = 0.5 if score_1 == score_2 else float(score_1 > score_2)
    race_1, race_2 = (cells.get(column, "").strip().casefold() or ONE_RACE for column in ("race_1", "race_2"))
    return Game(*players, score, int(values["ended_at"]), race_1, race_2, favoured), []


def evaluate(judged: JudgedGames, *, fit: bool, tried: Callable[[], None]) -> QualityReport:
    """How well each system does on the held-out games, with the default constants or, with `fit`, with chosen ones.

    What a ladder itself told comes first. It and the linked rating are judged by the odds that they tell (`odds`), the
    other systems by what they expect. Constants are chosen on the games before the held-out ones; `tried` is called
    after each set that was tried. Raises `InvalidInput` for too few games to say anything.
    """
    games = judged.games
    _need(games, GAMES_MIN, "to judge by", "too_few_games")
    systems = fitted(games, tried) if fit else Systems()
    scored_from = first_held_out(len(games))
    engines = {}
    if (ladder := judged.ladder) is not None:
        own = zip(ladder.expected_scores, (game.score_1 for game in games), strict=True)
        told = stated_forecasts(own, scored_from=scored_from)
        engines["ladder"] = EngineQuality(quality=quality(told), parameters=ladder.parameters)
    expected = forecasts(games, LinkedForecaster(Linked(systems.linked), games), scored_from=0)
    stated = stated_forecasts(expected, scored_from=scored_from)
    engines["linked"] = EngineQuality(quality=quality(stated), parameters=asdict(systems.linked))
    others: dict[str, tuple[Forecaster, Mapping[str, float]]] = {
        "glicko2": (Glicko2Forecaster(systems.glicko2), asdict(systems.glicko2)),
        "elo": (EloForecaster(systems.elo), asdict(systems.elo)),
        "coin_flip": (CoinFlip(), {}),
        "win_rate": (WinRate(), {}),
    }
    for name, (forecaster, parameters) in others.items():
        told = forecasts(games, forecaster, scored_from=scored_from)
        engines[name] = EngineQuality(quality=quality(told), parameters=parameters)
    return QualityReport(games=len(games), scored_games=len(games) - scored_from, engines=engines)


def fitted(games: Sequence[Game], tried: Callable[[], None]) -> Systems:
    """All systems with the constants that foretell the earlier games best. Raises `InvalidInput` for too few games."""
    _need(games, FIT_GAMES_MIN, "to choose constants by", "too_few_to_fit")
    default = Systems()
    return Systems(
        linked=fit_linked(games, default.linked, tried),
        glicko2=fit_glicko2(games, default.glicko2, tried),
        elo=fit_elo(games, default.elo, tried),
    )


def _need(games: Sequence[Game], least: int, purpose: str, reason: str) -> None:
    if len(games) < least:
        raise InvalidInput(
            "games",
            f"There are {{games}} games; at least {{least}} are needed {purpose}.",
            reason,
            games=str(len(games)),
            least=least,
        )


class RatingQualityService:
    """The ladder's own games, to judge by."""

    def __init__(self, *, unit_of_work: UnitOfWork, engines: Engines) -> None:
        self._unit_of_work = unit_of_work
        self._engines = engines

    async def ladder_games(self) -> JudgedGames:
        """The games that count, in the order of their ends, and what the ladder expected of each."""
        played, system = await self._unit_of_work.read(lambda tx: (_played(tx), self._engines.system(tx)))
        ladder = LadderForecasts(
            system=system.code,
            parameters=system.constants,
            expected_scores=[expected for _, expected in played],
        )
        return JudgedGames(games=[game for game, _ in played], ladder=ladder)


def _played(tx: Transaction) -> list[tuple[Game, float]]:
    expected: dict[MatchId, float] = {}
    for row in tx.journal.current():  # a match's first row is that of its first side
        if row.match_id is not None and row.expected_score is not None:
            expected.setdefault(row.match_id, row.expected_score)
    games = []
    for match in tx.matches.completed():
        if match.result is None or match.ended_at_us is None:
            raise ValueError("a completed match has a result and an end")
        first, second = match.participants
        game = Game(
            str(first.player_id),
            str(second.player_id),
            match.result.score_of_side_1,
            match.ended_at_us,
            first.race,
            second.race,
        )
        games.append((game, expected[match.id]))
    return sorted(games, key=lambda one: one[0].ended_at_us)
