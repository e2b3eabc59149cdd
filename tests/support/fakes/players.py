"""Players and their accounts in memory: see `application/ports/players.py`."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from tests.domain.leaderboard.strategies import player_columns
from tests.support.fakes.database import FakeDatabase
from toprung.application.ports.players import Account, NewPlayer, SetupDraft
from toprung.domain.errors import Conflict
from toprung.domain.leaderboard.board_table import PlayerColumns
from toprung.domain.players.player import Player, PlayerId


class FakePlayerRepository:
    """Implements `PlayerRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def get(self, player_id: PlayerId) -> Player | None:
        return self._database.players.get(player_id)

    def by_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        return {
            player_id: self._database.players[player_id] for player_id in ids if player_id in self._database.players
        }

    def by_name_keys(self, keys: Collection[str]) -> dict[str, Player]:
        ids = {key: player_id for player_id, key in self._database.name_keys.items()}
        return {key: self._database.players[ids[key]] for key in keys if key in ids}

    def by_discord_ids(self, discord_ids: Collection[int]) -> dict[int, Player]:
        players = self._database.players.values()
        known = {player.discord_id: player for player in players if player.discord_id is not None}
        return {discord_id: known[discord_id] for discord_id in discord_ids if discord_id in known}

    def add(self, players: Sequence[NewPlayer]) -> list[Player]:
        added = {}
        for new in sorted(players, key=lambda one: one.id is None):  # those with an id of their own first
            if new.id in self._database.players:
                raise Conflict("this player id belongs to another player")
            player = Player(
                id=new.id or PlayerId(max(self._database.players, default=0) + 1),
                name=new.name,
                country=new.country,
                region=new.region,
                discord_id=new.discord_id,
                in_game_names=new.in_game_names,
                handles=new.handles,
            )
            self.save(player, new.name_key)
            added[new.name_key] = player
        return [added[new.name_key] for new in players]

    def save(self, player: Player, name_key: str) -> None:
        database = self._database
        for other in database.players.values():
            if other.id == player.id:
                continue
            same_discord = player.discord_id is not None and player.discord_id == other.discord_id
            if database.name_keys[other.id] == name_key or same_discord or set(player.handles) & set(other.handles):
                raise Conflict(f"{player.name}: the name, Discord account or a handle belongs to {other.name}.")
        database.players[player.id] = player
        database.name_keys[player.id] = name_key

    def discord_ids(self) -> dict[PlayerId, int]:
        players = self._database.players.values()
        return {player.id: player.discord_id for player in players if player.discord_id is not None}

    def bind_handle(self, player_id: PlayerId, handle: str) -> bool:
        players = self._database.players
        if players[player_id].handles or any(handle in player.handles for player in players.values()):
            return False
        players[player_id] = replace(players[player_id], handles=(handle,))
        return True

    def columns(self) -> PlayerColumns:
        return player_columns(list(self._database.players.values()))


class FakeAccountRepository:
    """Implements `AccountRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def by_player_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Account]:
        accounts = self._database.accounts
        return {player_id: accounts[player_id] for player_id in ids if player_id in accounts}

    def save(self, account: Account) -> None:
        self._database.accounts[account.player_id] = account

    def remove(self, player_id: PlayerId) -> None:
        self._database.accounts.pop(player_id, None)

    def draft(self, discord_id: int) -> SetupDraft | None:
        return self._database.drafts.get(discord_id)

    def save_draft(self, draft: SetupDraft) -> None:
        self._database.drafts[draft.discord_id] = draft

    def remove_draft(self, discord_id: int) -> None:
        self._database.drafts.pop(discord_id, None)
