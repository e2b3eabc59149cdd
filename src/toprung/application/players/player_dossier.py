"""Who a player is, for organisers: what somebody needs to know before deciding something about that player."""

import re
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.matches.match_history import MatchHistory, MatchView
from toprung.application.players.departures import Departures
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import NotFound
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.conduct import REMEMBERED_US, Penalty
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry

MATCHES_SHOWN: Final = 5
_DISCORD_USER: Final = re.compile(r"<@!?([0-9]{1,19})>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A player, the entries with the best MMR first, the penalties that still have weight, and the last matches.

    Penalties are those of the person, also from before leaving. `former` are the players whom the same account had
    before, the one who left last at the end. `left_at_us` is when this player left, and `returned_as` whom the account
    has now, as far as that is still known.
    """

    player: Player
    entries: tuple[Entry, ...]
    penalties: tuple[Penalty, ...]
    open_match_id: MatchId | None
    matches: tuple[MatchView, ...]
    left_at_us: int | None
    returned_as: Player | None
    former: tuple[Player, ...]

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
        departures: Departures,
    ) -> None:
        self._departures = departures
        self._unit_of_work = unit_of_work
        self._players = players
        self._matches = matches
        self._catalog = catalog
        self._clock = clock

    async def find(self, name: str) -> Dossier:
        """The dossier of the player of this name, or with this Discord account (`<@1>`), also of one who left.

        Raises `NotFound` and `InvalidName`.
        """
        account = _DISCORD_USER.fullmatch(name.strip())
        player = await (self._players.by_name(name) if account is None else self._by_account(int(account[1])))
        return await self._dossier(player)

    async def get(self, player_id: PlayerId) -> Dossier:
        """The dossier of the player with this id. Raises `NotFound`."""
        player = await self._unit_of_work.read(lambda tx: tx.players.by_ids([player_id]).get(player_id))
        if player is None:
            raise NotFound("There is no player with the id {number}.", "player_id", number=str(player_id))
        return await self._dossier(player)

    async def _dossier(self, player: Player) -> Dossier:
        since_us = self._clock.now_us() - REMEMBERED_US

        def work(tx: Transaction) -> Dossier:
            entries = tx.entries.by_keys([(player.id, race) for race in self._catalog.race_codes])
            departure = tx.departures.get(player.id)
            former = [one.player_id for one in tx.departures.returned_as(player.id)]
            now = None if departure is None else departure.returned_as
            known = tx.players.by_ids([*former, *([] if now is None else [now])])
            return Dossier(
                player=player,
                entries=tuple(sorted(entries.values(), key=lambda entry: -entry.mmr)),
                penalties=tuple(tx.penalties.of_players(tx.departures.same_person(player.id), since_us)),
                open_match_id=tx.matches.open_of([player.id]).get(player.id),
                matches=(),
                left_at_us=None if departure is None else departure.left_at_us,
                returned_as=None if now is None else known[now],
                former=tuple(known[one] for one in former),
            )

        dossier = await self._unit_of_work.read(work)
        return replace(dossier, matches=(await self._matches.latest(MATCHES_SHOWN, player.name)).rows)

    async def _by_account(self, discord_id: int) -> Player:
        def work(tx: Transaction) -> Player | None:
            player = tx.players.by_discord_ids([discord_id]).get(discord_id)
            departure = self._departures.last(tx, discord_id) if player is None else None
            return player if departure is None else tx.players.by_ids([departure.player_id])[departure.player_id]

        found = await self._unit_of_work.read(work)
        if found is None:
            raise NotFound("This Discord account is not on the ladder.", "discord_account")
        return found
