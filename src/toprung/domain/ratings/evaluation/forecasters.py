"""Whatever foretells games: the rating systems, and two baselines that a system has to beat."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.linked.belief import Belief
from toprung.domain.ratings.linked.linked import Favour, Linked, Side
from toprung.domain.ratings.rating import Elo

ONE_RACE: Final = "-"
"""The race where a game has none, or none is known."""


class Game(NamedTuple):
    """One game in the order of time: who played, what the first side scored (1, 0.5 or 0), when, and with which races.

    `favoured` is 1 where the first side had an advantage (home, the first move), -1 where the second had it, else 0.
    """

    player_1: str
    player_2: str
    score_1: float
    ended_at_us: int
    race_1: str = ONE_RACE
    race_2: str = ONE_RACE
    favoured: int = 0

    @property
    def entries(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Both sides, a player with each race apart."""
        return (self.player_1, self.race_1), (self.player_2, self.race_2)


class Forecaster(Protocol):
    """Something that says beforehand what it expects and learns afterwards."""

    def foretell(self, game: Game) -> float:
        """The score that the first side was expected to take, from 0 to 1, by who plays and when; then it learns."""
        ...


class LinkedForecaster:
    """The linked rating. Of a player's races only those that are played at all are kept, which changes nothing."""

    def __init__(self, system: Linked, games: Iterable[Game]) -> None:
        self._system = system
        self._races: dict[str, dict[str, int]] = {}
        for game in games:
            for player, race in game.entries:
                numbers = self._races.setdefault(player, {})
                numbers.setdefault(race, len(numbers))
        self._beliefs: dict[str, Belief] = {}
        self._advantage = system.start_advantage()

    def foretell(self, game: Game) -> float:
        """See `Forecaster`."""
        first, second = (
            Side(self._belief(player, game.ended_at_us), self._races[player][race]) for player, race in game.entries
        )
        favour = Favour(self._advantage, game.favoured) if game.favoured else None
        played = self._system.after_game(first, second, game.score_1, game.ended_at_us, favour)
        self._beliefs[game.player_1], self._beliefs[game.player_2] = played.first, played.second
        if played.advantage is not None:
            self._advantage = played.advantage
        return played.expected_score

    def _belief(self, player: str, now_us: int) -> Belief:
        known = self._beliefs.get(player) or self._system.start(len(self._races[player]))
        return self._system.before_game(known, now_us)


class Glicko2Forecaster:
    """Glicko-2, game by game, a player with each race apart."""

    def __init__(self, system: Glicko2) -> None:
        self._system = system
        self._skills: dict[tuple[str, str], tuple[SkillEstimate, int]] = {}

    def foretell(self, game: Game) -> float:
        """See `Forecaster`."""
        entry_1, entry_2 = game.entries
        first, second = self._skill(entry_1, game.ended_at_us), self._skill(entry_2, game.ended_at_us)
        after_1 = self._system.after_game(first, second, game.score_1)
        after_2 = self._system.after_game(second, first, 1 - game.score_1)
        self._skills[entry_1], self._skills[entry_2] = (after_1, game.ended_at_us), (after_2, game.ended_at_us)
        return self._system.expected_score(first, second)

    def _skill(self, entry: tuple[str, str], now_us: int) -> SkillEstimate:
        known = self._skills.get(entry)
        return self._system.start() if known is None else self._system.after_idle(known[0], now_us - known[1])


class EloForecaster:
    """Elo with the ladder's whole numbers, a player with each race apart."""

    def __init__(self, system: Elo) -> None:
        self._system = system
        self._mmr: dict[tuple[str, str], int] = {}

    def foretell(self, game: Game) -> float:
        """See `Forecaster`."""
        (entry_1, entry_2), start = game.entries, self._system.start_mmr
        first, second = self._mmr.get(entry_1, start), self._mmr.get(entry_2, start)
        change = self._system.mmr_change(first, second, game.score_1)
        self._mmr[entry_1], self._mmr[entry_2] = first + change, second - change
        return self._system.expected_score(first, second)


class CoinFlip:
    """Expects nothing of anybody: the baseline that knows nothing."""

    def foretell(self, game: Game) -> float:  # noqa: ARG002 - it looks at nothing
        """See `Forecaster`."""
        return 0.5


class WinRate:
    """Expects by the two players' win rates, whoever they were won against: the baseline that ignores opponents.

    The rates are combined by odds (B. James, "Pythagoras and the Logarithms", 1981), after one win and one loss are
    given to everybody, so that a first game is even.
    """

    def __init__(self) -> None:
        self._points: dict[str, float] = {}
        self._games: dict[str, int] = {}

    def foretell(self, game: Game) -> float:
        """See `Forecaster`."""
        first, second = self._rate(game.player_1), self._rate(game.player_2)
        for player, score in ((game.player_1, game.score_1), (game.player_2, 1 - game.score_1)):
            self._points[player] = self._points.get(player, 0) + score
            self._games[player] = self._games.get(player, 0) + 1
        return first * (1 - second) / (first * (1 - second) + second * (1 - first))

    def _rate(self, player: str) -> float:
        return (self._points.get(player, 0) + 1) / (self._games.get(player, 0) + 2)


def forecasts(games: Sequence[Game], forecaster: Forecaster, *, scored_from: int) -> list[tuple[float, float]]:
    """(forecast, score) of each game from an index on; the forecaster learns from each after its forecast."""
    told = [(forecaster.foretell(game), game.score_1) for game in games]
    return told[scored_from:]
