"""Players: registering, renaming, countries, bans."""

from collections.abc import Collection
from dataclasses import asdict, replace

from toprung.application.matches.match_steps import MatchSteps
from toprung.application.named_player import player_named
from toprung.application.players.departures import Departures
from toprung.application.ports.clock import Clock
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import REGISTER, RENAME, Attribution, Counts, about, audit
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.events import (
    PlayerCountryChanged,
    PlayerRegistered,
    PlayerRenamed,
)
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import MatchId
from toprung.domain.matches.match_life import void
from toprung.domain.players.countries import Countries
from toprung.domain.players.departure import has_left, is_reserved
from toprung.domain.players.names import NameKeys, clean_name
from toprung.domain.players.player import Player, PlayerId


class PlayerService:
    """What can be done to a player. Every method is one transaction and gives the player as it then is.

    Where an organiser does it, `by` says who and why, and the audit keeps it.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        catalog: Catalog,
        countries: Countries,
        name_keys: NameKeys,
        clock: Clock,
        steps: MatchSteps,
        departures: Departures,
    ) -> None:
        self._departures = departures
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._steps = steps
        self._catalog = catalog
        self._countries = countries
        self._name_keys = name_keys

    async def register(
        self,
        name: str,
        *,
        country: str | None = None,
        region: str | None = None,
        discord_id: int | None = None,
        in_game_names: tuple[str, ...] = (),
        handles: tuple[str, ...] = (),
        by: Attribution | None = None,
    ) -> Player:
        """A new player. Raises `InvalidName`, `InvalidInput`, and `Conflict` where something of theirs is taken."""
        cleaned = self._free(name)
        now_us = self._clock.now_us()
        new = NewPlayer(
            name=cleaned,
            name_key=self._name_keys.key(cleaned),
            country=None if country is None else self._countries.parse(country),
            region=None if region is None else self._catalog.region(region).code,
            discord_id=discord_id,
            in_game_names=tuple(dict.fromkeys(map(clean_name, in_game_names))),
            handles=tuple(dict.fromkeys(handles)),
        )
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Player:
            (player,) = tx.players.add([new])
            tx.changes.record(PlayerRegistered(player=player))
            if discord_id is not None:
                self._departures.admit(tx, [discord_id], now_us)
            audit(tx, by, REGISTER, about(player.id), now_us=now_us, players=asdict(Counts(new=1)))
            return _get(tx, player.id)

        return await self._unit_of_work.run(work)

    async def rename(self, player_id: PlayerId, name: str, by: Attribution | None = None) -> Player:
        """The player under a new name. Raises `NotFound`, `InvalidName`, and `Conflict` where the name is taken."""
        cleaned = self._free(name)
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Player:
            before = _present(tx, player_id)
            player = replace(before, name=cleaned)
            tx.players.save(player, self._name_keys.key(cleaned))
            tx.changes.record(PlayerRenamed(player=player))
            audit(tx, by, RENAME, about(player_id), now_us=now_us, before=before.name, after=cleaned)
            return player

        return await self._unit_of_work.run(work)

    async def set_country(self, player_id: PlayerId, country: str | None, by: Attribution | None = None) -> Player:
        """The player with another country, or none. Raises `NotFound` and `InvalidInput`."""
        code = None if country is None else self._countries.parse(country)
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Player:
            before = _present(tx, player_id)
            player = replace(before, country=code)
            tx.players.save(player, self._name_keys.key(player.name))
            tx.changes.record(PlayerCountryChanged(player=player))
            audit(tx, by, "set_country", about(player_id), now_us=now_us, before=before.country, after=code)
            return player

        return await self._unit_of_work.run(work)

    async def ban(self, player_id: PlayerId, by: Attribution | None = None) -> Player:
        """The player, banned, off the leaderboard and out of any open match, which is void. Raises `NotFound`.

        A ban is a person's: it holds for whoever left the ladder and for whom the same account has become since.
        """
        return await self._set_banned(player_id, by, is_banned=True)

    async def unban(self, player_id: PlayerId, by: Attribution | None = None) -> Player:
        """The player, with the ban lifted, as `ban` puts it. Raises `NotFound`."""
        return await self._set_banned(player_id, by, is_banned=False)

    async def pardon(self, player_id: PlayerId, by: Attribution | None = None) -> int:
        """Lifts every penalty of a player, and forgets what they were for; gives how many that were."""
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> int:
            person = tx.departures.same_person(_get(tx, player_id).id)
            lifted = tx.penalties.pardon(person, now_us)
            audit(tx, by, "pardon", about(player_id), now_us=now_us, lifted=lifted)
            return lifted

        return await self._unit_of_work.run(work)

    async def _set_banned(self, player_id: PlayerId, by: Attribution | None, *, is_banned: bool) -> Player:
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Player:
            player = _get(tx, player_id)
            person = self._departures.set_banned(tx, player_id, is_banned=is_banned)
            voided = self._void_open(tx, person, now_us) if is_banned else []
            action, details = ("ban", {"voided_matches": voided}) if is_banned else ("unban", {})
            audit(tx, by, action, about(player_id), now_us=now_us, **details)
            self._departures.prune(tx, now_us)
            return replace(player, is_banned=is_banned)

        return await self._unit_of_work.run(work)

    async def restore(self, player_id: PlayerId, by: Attribution | None = None) -> Player:
        """The player whom somebody was before leaving, given back under the name that the same account has now.

        `player_id` is the player whom the account has now, or the old one. The other stays behind with what it played,
        as after leaving, and can be given back in the same way.
        Raises `NotFound`, `NotBack`, and `Conflict` in an open match.
        """
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Player:
            current, old = self._departures.pair(tx, _get(tx, player_id))
            open_ids = tx.matches.open_of([current.id, old.player_id])
            if open_ids:
                number = min(open_ids.values())
                raise Conflict(
                    "{name} is in match {number}, which has to end first.",
                    "in_match",
                    name=current.name,
                    number=str(number),
                )
            player = self._departures.give_back(tx, current, old, now_us)
            audit(tx, by, "restore", about(player.id), now_us=now_us, former=[current.id])
            self._departures.prune(tx, now_us)
            return player

        return await self._unit_of_work.run(work)

    async def prune_departures(self) -> int:
        """Removes what is kept of those who left long ago; gives how much that was."""
        now_us = self._clock.now_us()
        return await self._unit_of_work.run(lambda tx: self._departures.prune(tx, now_us))

    def _void_open(self, tx: Transaction, person: Collection[PlayerId], now_us: int) -> list[MatchId]:
        """Voids the open match of a person, and says which that was."""
        voided = []
        for match_id in tx.matches.open_of(person).values():
            match = self._steps.current(tx, match_id, now_us)
            if match.state.is_open:
                self._steps.take(tx, match, void(match, now_us), now_us)
                voided.append(match_id)
        return voided

    def _free(self, name: str) -> str:
        """A name, cleaned, that is not kept for those who left."""
        cleaned = clean_name(name)
        if is_reserved(cleaned, self._name_keys):
            raise Conflict(
                "{name} is what somebody is called who left; choose another name.", "name_of_the_left", name=cleaned
            )
        return cleaned

    async def by_name(self, name: str) -> Player:
        """The player of this name, or of one that counts as the same. Raises `NotFound`."""
        return await self._unit_of_work.read(lambda tx: player_named(tx, name, self._name_keys))


def _present(tx: Transaction, player_id: PlayerId) -> Player:
    player = _get(tx, player_id)
    if has_left(player):
        raise Conflict(
            "{name} has left the ladder, and has neither a name nor a country any more.", "has_left", name=player.name
        )
    return player


def _get(tx: Transaction, player_id: PlayerId) -> Player:
    player = tx.players.get(player_id)
    if player is None:
        raise NotFound("There is no player with the id {number}.", "player_id", number=str(player_id))
    return player
