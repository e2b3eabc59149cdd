"""What the application needs of the database for those who left."""

from collections.abc import Collection
from typing import Protocol

from toprung.domain.players.departure import Departure
from toprung.domain.players.player import PlayerId


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
