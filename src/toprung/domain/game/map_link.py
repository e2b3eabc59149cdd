"""Where players find a map: a page on the web, or an address inside the game."""

import re
from dataclasses import dataclass
from typing import Final

ADDRESS_CHARACTERS_MAX: Final = 150
GAME_REGION_CODE_POINTS_MAX: Final = 32

# Nothing that could end a link or a code span, mention anybody or hide another host; percent-encoding says the rest.
_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}(?::[0-9]{1,5})?"
_WEB: Final = re.compile(rf"https://{_HOST}(?:[/?#](?:[A-Za-z0-9/?#&=+,;.~_-]|%[0-9A-Fa-f]{{2}})*)?")
_IN_GAME: Final = re.compile(r"battlenet:://starcraft/map/[1-9][0-9]{0,2}/[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLink:
    """One address of a map: `https://…`, or StarCraft's `battlenet:://starcraft/map/REGION/NUMBER`.

    `game_region` is the game's own region that it is for, by the name that `GameServer.game_region` has for it; None
    for an address that is good everywhere.
    """

    address: str
    game_region: str | None = None

    @property
    def is_web(self) -> bool:
        """Whether a browser opens it; else the game does, once it is written into its chat."""
        return self.address.startswith("https://")


def address_problem(address: str) -> str | None:
    """What is wrong with an address of a map, as a part of a sentence; None for one that can be used."""
    if len(address) > ADDRESS_CHARACTERS_MAX:
        return f"must have at most {ADDRESS_CHARACTERS_MAX} characters, has {len(address)}"
    if _WEB.fullmatch(address) is None and _IN_GAME.fullmatch(address) is None:
        return (
            "must be https:// with a host and plain characters (others as %20), "
            "or battlenet:://starcraft/map/REGION/NUMBER"
        )
    return None
