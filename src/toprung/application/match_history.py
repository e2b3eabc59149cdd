"""Looking at matches: the latest ones, one with what it did to ratings, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from toprung.application.ports import StoredMatch, Transaction
from toprung.application.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.explanation import explain
from toprung.domain.match import MatchId
from toprung.domain.names import NameKeys, clean_name
from toprung.domain.player import Player
from toprung.domain.rating import RatingChange

LISTED_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchView:
    """A match with its two players and what it did to their ratings, first side first."""

    stored: StoredMatch
    players: tuple[Player, Player]
    changes: tuple[RatingChange, RatingChange]

    def explanation(self) -> list[str]:
        """Why the two ratings changed, in plain sentences."""
        first, second = (player.name for player in self.players)
        return explain(first, second, self.changes[0]) + explain(second, first, self.changes[1])


class MatchHistory:
    """Reads matches from the database, as they count now."""

    def __init__(self, *, unit_of_work: UnitOfWork, name_keys: NameKeys) -> None:
        self._unit_of_work = unit_of_work
        self._name_keys = name_keys

    async def latest(self, limit: int, player_name: str | None = None) -> list[MatchView]:
        """At most `limit` matches, of one player or of all, the newest first. Raises `NotFound` for no such player."""
        key = None if player_name is None else self._name_keys.key(clean_name(player_name))

        def work(tx: Transaction) -> list[MatchView]:
            player_id = None
            if key is not None:
                found = tx.players.by_name_keys([key])
                if key not in found:
                    raise NotFound(f"There is no player called {player_name!r}; try `toprung player search`.")
                player_id = found[key].id
            return _views(tx, tx.matches.latest(min(limit, LISTED_MAX), player_id))

        return await self._unit_of_work.read(work)

    async def get(self, match_id: MatchId) -> MatchView:
        """The match with this id. Raises `NotFound`."""

        def work(tx: Transaction) -> MatchView:
            stored = tx.matches.get(match_id)
            if stored is None:
                raise NotFound(f"There is no match {match_id}; `toprung match list` shows the latest ones.")
            return _views(tx, [stored])[0]

        return await self._unit_of_work.read(work)


def _views(tx: Transaction, matches: Sequence[StoredMatch]) -> list[MatchView]:
    wanted = {side[0].player_id for stored in matches for side in stored.match.sides}
    players = tx.players.by_ids(wanted)
    views = []
    for stored in matches:
        first, second = (players[side[0].player_id] for side in stored.match.sides)
        changes = tx.journal_of_match(stored.id)
        if len(changes) != 2:
            raise Conflict(f"Match {stored.id} has not the two journal rows that a match has; see `toprung verify`.")
        views.append(MatchView(stored=stored, players=(first, second), changes=(changes[0], changes[1])))
    return views
