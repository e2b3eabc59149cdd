"""What organisers do to players."""

from dataclasses import dataclass
from typing import Annotated

from toprung.application.organising.operation import (
    AT_A_TERMINAL,
    EVERYWHERE,
    Body,
    Desk,
    Operation,
    PlayerName,
    Route,
    Spec,
    Taken,
)
from toprung.application.ports.progress import Progress
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.players.player import Player, PlayerId

CountryCode = Annotated[str | None, Taken(max_length=20, examples=("KR",))]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPlayer(Operation[Player]):
    """Adds a player."""

    name: PlayerName
    country: CountryCode = None

    async def carry_out(self, desk: Desk, tell: Progress) -> Player:
        """See `PlayerService.register`."""
        return await desk.players.register(self.name, country=self.country, by=self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamePlayer(Operation[Player]):
    """Gives a player another name."""

    name: PlayerName
    new_name: PlayerName

    async def carry_out(self, desk: Desk, tell: Progress) -> Player:
        """See `PlayerService.rename`."""
        return await desk.players.rename(await _id_of(desk, self.name), self.new_name, self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCountry(Operation[Player]):
    """Gives a player another country, or none."""

    name: PlayerName
    country: CountryCode

    async def carry_out(self, desk: Desk, tell: Progress) -> Player:
        """See `PlayerService.set_country`."""
        return await desk.players.set_country(await _id_of(desk, self.name), self.country, self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class BanPlayer(Operation[Player]):
    """Bans a player, who leaves the leaderboard; what was played stays."""

    name: PlayerName

    async def carry_out(self, desk: Desk, tell: Progress) -> Player:
        """See `PlayerService.ban`."""
        return await desk.players.ban(await _id_of(desk, self.name), self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbanPlayer(Operation[Player]):
    """Lifts a ban."""

    name: PlayerName

    async def carry_out(self, desk: Desk, tell: Progress) -> Player:
        """See `PlayerService.unban`."""
        return await desk.players.unban(await _id_of(desk, self.name), self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pardoned:
    """How many penalties were lifted."""

    pardoned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PardonPlayer(Operation[Pardoned]):
    """Lifts every penalty of a player."""

    name: PlayerName

    async def carry_out(self, desk: Desk, tell: Progress) -> Pardoned:
        """See `PlayerService.pardon`."""
        return Pardoned(pardoned=await desk.players.pardon(await _id_of(desk, self.name), self.by))


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePlayer(Operation[Player]):
    """Gives somebody who left and came back the old player back."""

    name: PlayerName

    async def carry_out(self, desk: Desk, tell: Progress) -> Player:
        """See `PlayerService.restore`."""
        return await desk.players.restore(await _id_of(desk, self.name), self.by)


async def _id_of(desk: Desk, name: str) -> PlayerId:
    return (await desk.players.by_name(name)).id


_PLAYER = Body(name="PlayerBody", description="A player.")

PLAYER_OPERATIONS: tuple[Spec, ...] = (
    Spec(
        kind=RegisterPlayer,
        actions=frozenset({"register"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/players",
            name="register",
            summary="Add a player",
            refusals=(Conflict,),
            body=Body(name="NewPlayerBody", description="A player to add."),
        ),
    ),
    Spec(
        kind=RenamePlayer,
        actions=frozenset({"rename"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/players/rename",
            name="rename",
            summary="Rename a player",
            refusals=(NotFound, Conflict),
            body=Body(name="RenameBody", description="A player and the new name."),
        ),
    ),
    Spec(
        kind=SetCountry,
        actions=frozenset({"set_country"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/players/country",
            name="set_country",
            summary="Change a country",
            refusals=(NotFound,),
            body=Body(name="CountryBody", description="A player and the new country; null for none."),
        ),
    ),
    Spec(
        kind=BanPlayer,
        actions=frozenset({"ban"}),
        ways_in=EVERYWHERE,
        route=Route(path="/players/ban", name="ban", summary="Ban a player", refusals=(NotFound,), body=_PLAYER),
    ),
    Spec(
        kind=UnbanPlayer,
        actions=frozenset({"unban"}),
        ways_in=EVERYWHERE,
        route=Route(path="/players/unban", name="unban", summary="Lift a ban", refusals=(NotFound,), body=_PLAYER),
    ),
    Spec(
        kind=PardonPlayer,
        actions=frozenset({"pardon"}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/players/pardon",
            name="pardon",
            summary="Lift a player's penalties",
            refusals=(NotFound,),
            body=_PLAYER,
        ),
    ),
    Spec(
        kind=RestorePlayer,
        actions=frozenset({"restore"}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/players/restore",
            name="restore",
            summary="Give an old entry back",
            refusals=(NotFound, Conflict),
            body=_PLAYER,
        ),
    ),
)
