"""A player's profile: every entry with its place, the last matches, and how the ratings went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.application.matches.match_history import MatchHistory, MatchView
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import NotFound
from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.leaderboard.leaderboard import LeaderboardRow
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry

MATCHES_SHOWN: Final = 5
HISTORY_POINTS_MAX: Final = 400


class PlayerUnknown(NotFound):
    """There is no such player."""

    code = "player_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileEntry:
    """One race of a player. `row` is its place on the board, None while it is not ranked.

    `history` holds moments and the MMR from then on, the oldest first, at most `HISTORY_POINTS_MAX` of them.
    """

    entry: Entry
    row: LeaderboardRow | None
    history: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A player's entries, the best MMR first, and the last matches, the newest first."""

    player: Player
    entries: Sequence[ProfileEntry]
    matches: Sequence[MatchView]


class ProfileService:
    """Puts profiles together from the board and the database."""

    def __init__(
        self, *, unit_of_work: UnitOfWork, leaderboard: LeaderboardService, matches: MatchHistory, catalog: Catalog
    ) -> None:
        self._unit_of_work = unit_of_work
        self._leaderboard = leaderboard
        self._matches = matches
        self._catalog = catalog

    async def profile(self, player_id: PlayerId) -> Profile:
        """The player's profile. Raises `PlayerUnknown`."""

        def work(tx: Transaction) -> tuple[Player, list[tuple[Entry, list[tuple[int, int]]]]]:
            player = tx.players.by_ids([player_id]).get(player_id)
            if player is None:
                raise PlayerUnknown("There is no player with the id {number}.", "id", number=str(player_id))
            entries = tx.entries.by_keys([(player_id, race) for race in self._catalog.race_codes]).values()
            histories = tx.lookups.mmr_histories([entry.id for entry in entries], each=HISTORY_POINTS_MAX)
            return player, [(entry, histories[entry.id]) for entry in entries]

        player, found = await self._unit_of_work.read(work)
        entries = []
        for entry, history in sorted(found, key=lambda pair: -pair[0].mmr):
            standing = await self._leaderboard.find_player(player_id, Filters(races=(entry.race,)))
            entries.append(
                ProfileEntry(entry=entry, row=None if standing is None else standing.row, history=tuple(history))
            )
        matches = await self._matches.latest_of(player_id, MATCHES_SHOWN)
        return Profile(player=player, entries=tuple(entries), matches=tuple(matches))

    async def standing(self, player_id: PlayerId, race: str) -> ProfileEntry | None:
        """A player's entry with one race and its place, without its history; None where there is none yet."""
        entry = await self._unit_of_work.read(lambda tx: tx.entries.by_keys([(player_id, race)]).get((player_id, race)))
        if entry is None:
            return None
        found = await self._leaderboard.find_player(player_id, Filters(races=(race,)))
        return ProfileEntry(entry=entry, row=None if found is None else found.row, history=())

    async def find(self, name: str) -> PlayerId:
        """The player whose name fits best. Raises `PlayerUnknown` and `InvalidInput`."""
        found = await self._leaderboard.search_players(name, limit=1)
        if not found:
            raise PlayerUnknown("No player has a name like that; try another spelling.")
        return found[0].player_id
