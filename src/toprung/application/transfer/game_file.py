"""A file of games: one line a game, in CSV."""

from dataclasses import dataclass
from typing import Final

from toprung.application.ports.players import NewPlayer
from toprung.application.transfer.entry_file import FUTURE_MAX_US
from toprung.application.transfer.look_alikes import Spelling, look_alikes
from toprung.application.transfer.table_file import ImportRefused, Problem, read_table
from toprung.domain.errors import InvalidInput, ToprungError
from toprung.domain.game.catalog import Catalog
from toprung.domain.moment import from_iso
from toprung.domain.players.departure import is_reserved
from toprung.domain.players.names import NameKeys, clean_name, csv_uncell, unsafe_character

COLUMNS: Final = ("ended_at", "game_id", "player_1", "player_2", "score_1", "score_2")
PLAYER_COLUMNS: Final = ("player_1", "player_2")
RACE_COLUMNS: Final = ("race_1", "race_2")
GAME_ID_MAX_CODE_POINTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRow:
    """One good line: who played whom with which races, the scores (the higher won), and when it ended."""

    line: int
    game_id: str
    players: tuple[NewPlayer, NewPlayer]
    races: tuple[str, str]
    scores: tuple[float, float]
    ended_at_us: int


class GameFileReader:
    """Reads a file of games for one game's catalogue. Where that has one race only, the race columns may be absent."""

    def __init__(self, *, catalog: Catalog, name_keys: NameKeys) -> None:
        self._catalog = catalog
        self._name_keys = name_keys

    def read(self, text: str, *, now_us: int) -> list[GameRow]:
        """Every line of the file, in its order. Raises `ImportRefused` with every line that is wrong."""
        games: list[GameRow] = []
        problems: list[Problem] = []
        lines: dict[str, int] = {}
        optional = RACE_COLUMNS if len(self._catalog.races) == 1 else ()
        required = COLUMNS if optional else COLUMNS + RACE_COLUMNS
        for line, cells in read_table(text, required, optional, problems):
            before = len(problems)
            game = self._game(line, cells, now_us, problems)
            if game is None or len(problems) > before:
                continue
            first = lines.setdefault(game.game_id, line)
            if first != line:
                problems.append(Problem(line=line, column="game_id", reason=f"stands on line {first} already"))
            games.append(game)
        problems += look_alikes(
            Spelling(player.name, player.name_key, game.line, column)
            for game in games
            for player, column in zip(game.players, PLAYER_COLUMNS, strict=True)
        )
        if problems:
            raise ImportRefused(sorted(problems, key=lambda problem: problem.line))
        return games

    def _game(self, line: int, cells: dict[str, str], now_us: int, problems: list[Problem]) -> GameRow | None:
        values: dict[str, object] = {}
        parsers = {
            "ended_at": lambda text: _past(text, now_us),
            "game_id": _game_id,
            "player_1": self._player,
            "player_2": self._player,
            "score_1": _score,
            "score_2": _score,
            "race_1": self._race,
            "race_2": self._race,
        }
        for column, parse in parsers.items():
            try:
                values[column] = parse(cells.get(column, "").strip())
            except (ToprungError, ValueError) as error:
                problems.append(Problem(line=line, column=column, reason=str(error)))
        match values:
            case {
                "ended_at": int(ended_at_us),
                "game_id": str(game_id),
                "player_1": NewPlayer() as player_1,
                "player_2": NewPlayer() as player_2,
                "score_1": float(score_1),
                "score_2": float(score_2),
                "race_1": str(race_1),
                "race_2": str(race_2),
            }:
                if player_1.name == player_2.name:
                    problems.append(Problem(line=line, column="player_2", reason="a player against themselves"))
                return GameRow(
                    line=line,
                    game_id=game_id,
                    players=(player_1, player_2),
                    races=(race_1, race_2),
                    scores=(score_1, score_2),
                    ended_at_us=ended_at_us,
                )
        return None

    def _player(self, text: str) -> NewPlayer:
        name = clean_name(csv_uncell(text))
        if is_reserved(name, self._name_keys):
            raise ValueError(f"{name!r} is somebody who left the ladder; take the line out")
        return NewPlayer(name=name, name_key=self._name_keys.key(name))

    def _race(self, text: str) -> str:
        if not text and len(self._catalog.races) == 1:
            return self._catalog.races[0].code
        return self._catalog.race(text).code


def _game_id(text: str) -> str:
    if not text or len(text) > GAME_ID_MAX_CODE_POINTS:
        raise InvalidInput(
            "game_id",
            "a game needs an id of 1 to {most} characters",
            "game_id_length",
            most=str(GAME_ID_MAX_CODE_POINTS),
        )
    found = unsafe_character(text)
    if found is not None:
        raise InvalidInput(
            "game_id",
            "character {position} of the id may not be there ({kind})",
            "game_id_character",
            position=str(found[0] + 1),
            kind=found[1].replace("_", " "),
        )
    return text


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a number") from None
    if not abs(score) <= 1e15:
        raise ValueError(f"{text[:40]!r} is not a score")
    return score


def _past(text: str, now_us: int) -> int:
    moment_us = from_iso(text)
    if moment_us > now_us + FUTURE_MAX_US:
        raise ValueError(f"{text} lies in the future")
    return moment_us
