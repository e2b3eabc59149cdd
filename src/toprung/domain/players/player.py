"""A player: who somebody is on the ladder."""

from dataclasses import dataclass
from typing import NewType

PlayerId = NewType("PlayerId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One person on the ladder.

    `discord_id` is absent for imported players and is never shown in public. `country` is None where nobody said.
    `in_game_names` and `handles` are how the game knows this person; a handle belongs to one player only.
    """

    id: PlayerId
    name: str
    country: str | None = None
    region: str | None = None
    discord_id: int | None = None
    in_game_names: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    is_banned: bool = False
