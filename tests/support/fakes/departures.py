"""Those who left, in memory: the part of `tests.support.fakes.ladder` that keeps `application/ports/players.py`."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from toprung.domain.players.departure import Departure
from toprung.domain.players.player import PlayerId

if TYPE_CHECKING:
    from tests.support.fakes.database import FakeDatabase


class FakeDepartureRepository:
    """Implements `DepartureRepository`."""

    def __init__(self, database: "FakeDatabase") -> None:
        self._database = database

    def get(self, player_id: PlayerId) -> Departure | None:
        return self._database.departures.get(player_id)

    def all(self) -> list[Departure]:
        return sorted(self._database.departures.values(), key=lambda one: one.player_id)

    def of_accounts(self, account_hashes: Collection[str]) -> list[Departure]:
        return [one for one in self._by_age() if one.account_hash in account_hashes]

    def returned_as(self, player_id: PlayerId) -> list[Departure]:
        return [one for one in self._by_age() if one.returned_as == player_id]

    def returned(self, limit: int) -> list[Departure]:
        return [one for one in self._by_age()[::-1] if one.returned_as is not None][:limit]

    def _by_age(self) -> list[Departure]:
        return sorted(self._database.departures.values(), key=lambda one: (one.left_at_us, one.player_id))

    def save(self, departure: Departure) -> None:
        self._database.departures[departure.player_id] = departure

    def remove(self, player_id: PlayerId) -> None:
        self._database.departures.pop(player_id, None)

    def set_returned(self, account_hash: str, player_id: PlayerId | None) -> None:
        for one in self.of_accounts([account_hash]):
            self.save(replace(one, returned_as=player_id))

    def same_person(self, player_id: PlayerId) -> list[PlayerId]:
        rows = self._database.departures.values()
        accounts = {one.account_hash for one in rows if player_id in (one.player_id, one.returned_as)}
        found = {player_id}
        for one in rows:
            if one.account_hash in accounts:
                found |= {one.player_id} | ({one.returned_as} if one.returned_as is not None else set())
        return sorted(found)

    def prune(self, left_before_us: int) -> int:
        players = self._database.players
        lapsed = [
            one
            for one in self._database.departures.values()
            if one.left_at_us < left_before_us and not players[one.player_id].is_banned
        ]
        for one in lapsed:
            self.remove(one.player_id)
        return len(lapsed)
