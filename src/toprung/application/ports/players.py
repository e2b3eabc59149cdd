"""What the application needs of the database for players: themselves, their accounts, and who left."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from toprung.domain.leaderboard.board_table import PlayerColumns
from toprung.domain.players.departure import Departure
from toprung.domain.players.player import Player, PlayerId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlayer:
    """A player who is not on the ladder yet. `name_key` is what the name is unique by.

    `id` is one that nobody has, for a player who brings it along from a file; else the storage allots one.
    """

    name: str
    name_key: str
    id: PlayerId | None = None
    country: str | None = None
    region: str | None = None
    discord_id: int | None = None
    in_game_names: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A player's own settings. `renamed_at_us` is when the player last took another name; None where never."""

    player_id: PlayerId
    language: str
    terms_accepted_at_us: int
    renamed_at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupDraft:
    """What somebody has answered of the set-up so far; None is unanswered."""

    discord_id: int
    language: str | None = None
    terms_accepted_at_us: int | None = None
    name: str | None = None
    in_game_name: str | None = None
    country: str | None = None
    region: str | None = None


class PlayerRepository(Protocol):
    """The players."""

    def get(self, player_id: PlayerId) -> Player | None:
        """The player with this id, locked against other writers until the transaction ends."""
        ...

    def by_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        """The players with these ids."""
        ...

    def by_name_keys(self, keys: Collection[str]) -> dict[str, Player]:
        """The players with these name keys."""
        ...

    def by_discord_ids(self, discord_ids: Collection[int]) -> dict[int, Player]:
        """The players with these Discord ids."""
        ...

    def add(self, players: Sequence[NewPlayer]) -> list[Player]:
        """Adds players and gives them, in order, with ids. Raises `Conflict` for a taken name, Discord id or handle."""
        ...

    def save(self, player: Player, name_key: str) -> None:
        """Stores a player as given. Raises `Conflict` if the name, Discord id or a handle is another's."""
        ...

    def discord_ids(self) -> dict[PlayerId, int]:
        """The Discord ids of all players who have one."""
        ...

    def bind_handle(self, player_id: PlayerId, handle: str) -> bool:
        """Gives a player who has no handle this one, unless it is another's; whether it did."""
        ...

    def columns(self) -> PlayerColumns:
        """All players, for the board."""
        ...


class AccountRepository(Protocol):
    """The accounts, and the set-ups under way."""

    def by_player_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Account]:
        """The accounts of these players."""
        ...

    def save(self, account: Account) -> None:
        """Stores an account as given."""
        ...

    def remove(self, player_id: PlayerId) -> None:
        """Removes a player's account, if there is one."""
        ...

    def draft(self, discord_id: int) -> SetupDraft | None:
        """The set-up that this Discord account has begun."""
        ...

    def save_draft(self, draft: SetupDraft) -> None:
        """Stores a draft as given."""
        ...

    def remove_draft(self, discord_id: int) -> None:
        """Removes a draft, if there is one."""
        ...


class DepartureRepository(Protocol):
    """Who left: one row a player."""

    def get(self, player_id: PlayerId) -> Departure | None:
        """That this player left."""
        ...

    def all(self) -> list[Departure]:
        """All of them, in the order of their players."""
        ...

    def of_accounts(self, account_hashes: Collection[str]) -> list[Departure]:
        """Those of these accounts, in the order in which they left."""
        ...

    def returned_as(self, player_id: PlayerId) -> list[Departure]:
        """Those whose account has this player now, in the order in which they left."""
        ...

    def returned(self, limit: int) -> list[Departure]:
        """At most so many whose account has a player again, who left last."""
        ...

    def save(self, departure: Departure) -> None:
        """Stores a departure as given."""
        ...

    def remove(self, player_id: PlayerId) -> None:
        """Removes a player's departure, if there is one."""
        ...

    def set_returned(self, account_hash: str, player_id: PlayerId | None) -> None:
        """Says of all departures of an account which player it has now; None for none."""
        ...

    def same_person(self, player_id: PlayerId) -> list[PlayerId]:
        """All players who are known to be one account's, now or formerly, in order; this one is always among them."""
        ...

    def prune(self, left_before_us: int) -> int:
        """Removes the departures from before then of players who are not banned; gives how many those were."""
        ...
