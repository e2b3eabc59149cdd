"""Where players live and where matches are hosted."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Final

_EARTH_RADIUS_KM: Final = 6371


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where players live; the coordinates (degrees) are those of a place in the middle of its players."""

    code: str
    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GameServer:
    """A place where matches are hosted, at coordinates in degrees.

    `game_region` is the game's own region that it belongs to, by its name, where the game has such: accounts and
    published maps are each region's own.
    """

    code: str
    name: str
    latitude: float
    longitude: float
    game_region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOverride:
    """The server of one pair of regions where distance would choose badly. The order of the pair means nothing."""

    regions: tuple[str, str]
    server: str


def distance_km(region: Region, server: GameServer) -> int:
    """The great-circle distance in whole kilometres, so that equal distances compare equal."""
    latitude_1, latitude_2 = radians(region.latitude), radians(server.latitude)
    half_north, half_east = (latitude_2 - latitude_1) / 2, radians(server.longitude - region.longitude) / 2
    chord = sin(half_north) ** 2 + cos(latitude_1) * cos(latitude_2) * sin(half_east) ** 2
    return round(2 * _EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord))))
