"""How bold the odds are that people are told, at any place of the rating log: see `domain.ratings.odds`."""

from bisect import bisect_left
from typing import Final

from toprung.application.ports.lookups import Forecasts
from toprung.application.ports.storage import Transaction
from toprung.domain.ratings.odds import LOOKED_AT_GAMES_MAX, RENEWED_GAMES, slope_after

_READ_GAMES: Final = LOOKED_AT_GAMES_MAX + 10 * RENEWED_GAMES  # what a list of a player's latest matches asks for


class Slopes:
    """The slopes at places of the log, in one transaction; each stretch of it is read once."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._read: Forecasts | None = None
        self._known: dict[int, float] = {}

    def at(self, position: int) -> float:
        """The slope that held for the match whose first row is at this position."""
        games, last = self._before(self._read, position)
        if len(last) < min(games, LOOKED_AT_GAMES_MAX):
            self._read = self._tx.lookups.forecasts(before=position, limit=_READ_GAMES)
            games, last = self._before(self._read, position)
        renewed = games // RENEWED_GAMES
        if renewed not in self._known:
            self._known[renewed] = slope_after(games, last)
        return self._known[renewed]

    def _before(self, read: Forecasts | None, position: int) -> tuple[int, list[tuple[float, float]]]:
        if read is None:
            return LOOKED_AT_GAMES_MAX, []
        earlier = bisect_left(read.last, position, key=lambda game: game[0])
        return read.games - (len(read.last) - earlier), [game for _, game in read.last[:earlier]]
