"""Who a player is, for organisers: what somebody needs to know before deciding something about that player."""

import re
from dataclasses import dataclass
from typing import Final

from toprung.application.matches.match_history import MatchHistory, MatchView
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.unit_of_work import UnitOfWork
from toprung.domain.catalog import Catalog
from toprung.domain.conduct import REMEMBERED_US, Penalty
from toprung.domain.errors import NotFound
from toprung.domain.match import MatchId
from toprung.domain.player import Player
from toprung.domain.rating import Entry

MATCHES_SHOWN: Final = 5
_DISCORD_USER: Final = re.compile(r"<@!?([0-9]{1,19})>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A player, the entries with the best MMR first, the penalties that still have weight, and the last matches."""

    player: Player
    entries: tuple[Entry, ...]
    penalties: tuple[Penalty, ...]
    open_match_id: MatchId | None
    matches: tuple[MatchView, ...]

    @property
    def unpardoned(self) -> tuple[Penalty, ...]:
        """The penalties that count."""
        return tuple(one for one in self.penalties if one.pardoned_at_us is None)


class PlayerDossiers:
    """Reads dossiers."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        players: PlayerService,
        matches: MatchHistory,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._players = players
        self._matches = matches
        self._catalog = catalog
        self._clock = clock

    async def find(self, name: str) -> Dossier:
        """The dossier of the player of this name, or with this Discord account (`<@1>`).

        Raises `NotFound` and `InvalidName`.
        """
        account = _DISCORD_USER.fullmatch(name.strip())
        player = await (self._players.by_name(name) if account is None else self._by_account(int(account[1])))
        since_us = self._clock.now_us() - REMEMBERED_US

        def work(tx: Transaction) -> tuple[list[Entry], list[Penalty], MatchId | None]:
            entries = tx.entries.by_keys([(player.id, race) for race in self._catalog.race_codes])
            penalties = tx.penalties.of_player(player.id, since_us)
            return list(entries.values()), penalties, tx.matches.open_of([player.id]).get(player.id)

        entries, penalties, open_match_id = await self._unit_of_work.read(work)
        return Dossier(
            player=player,
            entries=tuple(sorted(entries, key=lambda entry: -entry.mmr)),
            penalties=tuple(penalties),
            open_match_id=open_match_id,
            matches=tuple(await self._matches.latest(MATCHES_SHOWN, player.name)),
        )

    async def _by_account(self, discord_id: int) -> Player:
        found = await self._unit_of_work.read(lambda tx: tx.players.by_discord_ids([discord_id]))
        if discord_id not in found:
            raise NotFound("This Discord account is not on the ladder.")
        return found[discord_id]
