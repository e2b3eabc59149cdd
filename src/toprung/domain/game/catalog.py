"""The static data of one game: its races, regions, servers, maps and mods. Frozen, and checked when it is made."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from toprung.domain.errors import InvalidInput, NotFound, ToprungError
from toprung.domain.game.map_link import GAME_REGION_CODE_POINTS_MAX, MapLink, address_problem
from toprung.domain.game.places import GameServer, Region, ServerOverride, distance_km
from toprung.domain.players.names import unsafe_character

MAX_RACES: Final = 32
MAX_ALIASES_PER_RACE: Final = 64
MAX_REGIONS: Final = 64
MAX_SERVERS: Final = 64
MAX_SEASONS: Final = 128
MAX_MAPS_PER_SEASON: Final = 64
MAX_LINKS_PER_MAP: Final = 6
MAX_MODS: Final = 32
MAX_CHAT_CHANNELS: Final = 100
MAX_COMMON_COUNTRIES: Final = 64  # `Countries` has the limit that matters; this one only bounds the data
MAX_NAME_CODE_POINTS: Final = 64
MAX_SHORT_CODE_POINTS: Final = 2

CODE_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
PLACE_CODE_PATTERN: Final = re.compile(r"[A-Z][A-Z0-9]{1,7}")
COUNTRY_CODE_PATTERN: Final = re.compile(r"[A-Z]{2}")


class CatalogError(ToprungError):
    """Wrong data of a game: `field` is the path to the value (`races[2].code`), `file` where it was read, if it was."""

    code = "invalid_catalog"

    def __init__(self, field: str, problem: str, *, file: str | None = None) -> None:
        place = ": ".join(part for part in (file, field) if part)
        if place:
            super().__init__("{place}: {problem}", "at", place=place, problem=problem)
        else:
            super().__init__(problem)
        self.field = field
        self.problem = problem
        self.file = file


class UnknownRace(InvalidInput):
    """The game has no race with this code; the sentence lists those it has."""

    code = "unknown_race"


class UnknownRegion(InvalidInput):
    """The game has no region with this code; the sentence lists those it has."""

    code = "unknown_region"


class NoServer(NotFound):
    """The game has regions but no server to choose from."""

    code = "no_server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """A race, or whatever a player brings to a match in this game.

    `short` is a mark of one or two characters for narrow tables. `aliases` is what game clients in different languages
    call it. `is_random` marks a pick that stands for whichever race the game then deals.
    """

    code: str
    name: str
    short: str
    game_style: str | None = None
    aliases: tuple[str, ...] = ()
    is_random: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GameMap:
    """A map: `name` for people, `full_name` exactly as replays and the game client say it, `links` to where it is."""

    code: str
    name: str
    full_name: str
    author: str | None = None
    links: tuple[MapLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A stretch of the ladder with its own map pool."""

    code: str
    name: str
    maps: tuple[GameMap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mod:
    """A modification of the game that ladder matches are played with."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """One game's static data. Making one checks it: raises `CatalogError` naming the field.

    Only races are required; a game without regions, servers, maps or mods is lawful.
    """

    code: str
    name: str
    races: tuple[Race, ...]
    regions: tuple[Region, ...] = ()
    servers: tuple[GameServer, ...] = ()
    server_overrides: tuple[ServerOverride, ...] = ()
    seasons: tuple[Season, ...] = ()
    current_season_code: str | None = None
    mods: tuple[Mod, ...] = ()
    common_countries: tuple[str, ...] = ()
    chat_channels: tuple[str, ...] = ()
    _races_by_alias: Mapping[str, Race] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(self)
        aliases = {_alias_key(text): race for race in self.races for text in _names_of(race)}
        object.__setattr__(self, "_races_by_alias", aliases)

    @property
    def race_codes(self) -> tuple[str, ...]:
        """The codes of all races, in the catalogue's order."""
        return tuple(race.code for race in self.races)

    def race(self, code: str) -> Race:
        """The race with this code. Raises `UnknownRace`."""
        for race in self.races:
            if race.code == code:
                return race
        raise UnknownRace(
            "race",
            "{game} has no race {race}; its races are {races}.",
            game=self.name,
            race=_quoted(code),
            races=", ".join(self.race_codes),
        )

    def race_by_alias(self, text: str) -> Race | None:
        """The race that a game client, in any language, calls by this text; None if no race is called so.

        Its code and its own name are understood as well. Case, composition and outer white space do not matter.
        """
        return self._races_by_alias.get(_alias_key(text))

    def region(self, code: str) -> Region:
        """The region with this code. Raises `UnknownRegion`."""
        for region in self.regions:
            if region.code == code:
                return region
        known = ", ".join(region.code for region in self.regions)
        given = {"game": self.name, "region": _quoted(code)}
        if not known:
            raise UnknownRegion("region", "{game} has no region {region}; it has none.", "none", **given)
        raise UnknownRegion(
            "region", "{game} has no region {region}; its regions are {regions}.", "others", regions=known, **given
        )

    def server_for(self, region_1: str, region_2: str) -> GameServer:
        """The server for a match between players of two regions, whichever of them is named first.

        An override decides where there is one. Else it is the server whose farther player is nearest (so that nobody
        plays from the other end of the world), then the one with the smaller sum of distances, then the first code.
        Raises `UnknownRegion`, and `NoServer` for a game without servers.
        """
        first, second = self.region(region_1), self.region(region_2)
        if not self.servers:
            raise NoServer("{game} has no server to play on; add one to its data.", game=self.name)
        chosen = next((o.server for o in self.server_overrides if set(o.regions) == {region_1, region_2}), None)
        if chosen is not None:
            return next(server for server in self.servers if server.code == chosen)

        def rank(server: GameServer) -> tuple[int, int, str]:
            distances = distance_km(first, server), distance_km(second, server)
            return max(distances), sum(distances), server.code

        return min(self.servers, key=rank)

    @property
    def current_season(self) -> Season | None:
        """The season that is being played, None for a game without seasons."""
        return next((season for season in self.seasons if season.code == self.current_season_code), None)

    @property
    def current_maps(self) -> tuple[GameMap, ...]:
        """The map pool of the current season; empty for a game without one."""
        season = self.current_season
        return season.maps if season else ()

    def chat_channel(self, match_number: int) -> str | None:
        """The channel of the game's own chat in which the players of this match meet; matches take them in turn.

        None for a game that names none.
        """
        return self.chat_channels[match_number % len(self.chat_channels)] if self.chat_channels else None

    def map_links(self, map_name: str | None, server: str | None) -> tuple[MapLink, ...]:
        """Where to find a map of the current season for a match on the server with this code.

        That is what is good everywhere and in the server's game region; where that is not known, in any. Empty for a
        map that is not in the pool or has no such link.
        """
        links = next((one.links for one in self.current_maps if one.name == map_name), ())
        region = next((one.game_region for one in self.servers if one.code == server), None)
        return tuple(link for link in links if region is None or link.game_region in (None, region))


def _alias_key(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


def _names_of(race: Race) -> tuple[str, ...]:
    return (race.code, race.name, *race.aliases)


def _quoted(text: str, limit: int = 40) -> str:
    """The text in quotes for an error, short and without anything that could disturb a terminal."""
    shown = text if len(text) <= limit else text[:limit] + "…"
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in shown) + '"'


def _check(catalog: Catalog) -> None:
    _check_code("code", catalog.code)
    _check_text("name", catalog.name)
    _check_races(catalog.races)
    _check_places("regions", catalog.regions, MAX_REGIONS)
    _check_places("servers", catalog.servers, MAX_SERVERS)
    _check_overrides(catalog)
    _check_seasons(catalog)
    _check_count("mods", catalog.mods, MAX_MODS)
    for index, mod in enumerate(catalog.mods):
        _check_code(f"mods[{index}].code", mod.code)
        _check_text(f"mods[{index}].name", mod.name)
    _check_distinct("mods[{}].code", (mod.code for mod in catalog.mods))
    _check_count("common_countries", catalog.common_countries, MAX_COMMON_COUNTRIES)
    for index, country in enumerate(catalog.common_countries):
        _check_code(f"common_countries[{index}]", country, COUNTRY_CODE_PATTERN)
    _check_count("chat_channels", catalog.chat_channels, MAX_CHAT_CHANNELS)
    for index, channel in enumerate(catalog.chat_channels):
        _check_text(f"chat_channels[{index}]", channel)
    _check_distinct("chat_channels[{}]", catalog.chat_channels)


def _check_races(races: tuple[Race, ...]) -> None:
    if not races:
        raise CatalogError("races", "a game needs at least one race")
    _check_count("races", races, MAX_RACES)
    _check_distinct("races[{}].code", (race.code for race in races))
    _check_distinct("races[{}].short", (race.short for race in races))
    owners: dict[str, Race] = {}
    for index, race in enumerate(races):
        path = f"races[{index}]"
        _check_code(f"{path}.code", race.code)
        _check_text(f"{path}.name", race.name)
        _check_text(f"{path}.short", race.short, MAX_SHORT_CODE_POINTS)
        if race.game_style is not None:
            _check_code(f"{path}.game_style", race.game_style)
        _check_count(f"{path}.aliases", race.aliases, MAX_ALIASES_PER_RACE)
        fields = ("code", "name", *(f"aliases[{number}]" for number in range(len(race.aliases))))
        for name, text in zip(fields, _names_of(race), strict=True):
            _check_text(f"{path}.{name}", text)
            owner = owners.setdefault(_alias_key(text), race)
            if owner is not race:
                raise CatalogError(f"{path}.{name}", f"{_quoted(text)} already means the race {owner.code}")


def _check_places(path: str, places: tuple[Region | GameServer, ...], most: int) -> None:
    _check_count(path, places, most)
    for index, place in enumerate(places):
        _check_code(f"{path}[{index}].code", place.code, PLACE_CODE_PATTERN)
        _check_text(f"{path}[{index}].name", place.name)
        _check_degrees(f"{path}[{index}].latitude", place.latitude, 90)
        _check_degrees(f"{path}[{index}].longitude", place.longitude, 180)
        if isinstance(place, GameServer) and place.game_region is not None:
            _check_text(f"{path}[{index}].game_region", place.game_region, GAME_REGION_CODE_POINTS_MAX)
    _check_distinct(path + "[{}].code", (place.code for place in places))


def _check_overrides(catalog: Catalog) -> None:
    regions = {region.code for region in catalog.regions}
    servers = {server.code for server in catalog.servers}
    _check_count("server_overrides", catalog.server_overrides, MAX_REGIONS * (MAX_REGIONS + 1) // 2)
    for index, override in enumerate(catalog.server_overrides):
        path = f"server_overrides[{index}]"
        for place, code in enumerate(override.regions):
            _check_known(f"{path}.regions[{place}]", code, regions)
        _check_known(f"{path}.server", override.server, servers)
    pairs = ("-".join(sorted(override.regions)) for override in catalog.server_overrides)
    _check_distinct("server_overrides[{}].regions", pairs)


def _check_seasons(catalog: Catalog) -> None:
    game_regions = {server.game_region for server in catalog.servers if server.game_region is not None}
    _check_count("seasons", catalog.seasons, MAX_SEASONS)
    for index, season in enumerate(catalog.seasons):
        path = f"seasons[{index}]"
        _check_code(f"{path}.code", season.code)
        _check_text(f"{path}.name", season.name)
        _check_count(f"{path}.maps", season.maps, MAX_MAPS_PER_SEASON)
        for number, game_map in enumerate(season.maps):
            _check_code(f"{path}.maps[{number}].code", game_map.code)
            _check_text(f"{path}.maps[{number}].name", game_map.name)
            _check_text(f"{path}.maps[{number}].full_name", game_map.full_name)
            if game_map.author is not None:
                _check_text(f"{path}.maps[{number}].author", game_map.author)
            _check_links(f"{path}.maps[{number}]", game_map.links, game_regions)
        _check_distinct(path + ".maps[{}].code", (game_map.code for game_map in season.maps))
        _check_distinct(path + ".maps[{}].full_name", (game_map.full_name for game_map in season.maps))
    _check_distinct("seasons[{}].code", (season.code for season in catalog.seasons))
    if catalog.current_season_code is not None:
        _check_known("current_season", catalog.current_season_code, {season.code for season in catalog.seasons})
    elif catalog.seasons:
        raise CatalogError("current_season", "is missing; name the season that is being played")


def _check_links(path: str, links: tuple[MapLink, ...], game_regions: set[str]) -> None:
    """A region that no server belongs to is a mistake, unless no server says where it belongs."""
    _check_count(f"{path}.links", links, MAX_LINKS_PER_MAP)
    _check_distinct(f"{path}.links", (link.game_region or "" for link in links))
    for link in links:
        field = f"{path}.link"
        if link.game_region is not None:
            _check_text(f"{path}.links", link.game_region, GAME_REGION_CODE_POINTS_MAX)
            _check_known(f"{path}.links", link.game_region, game_regions or {link.game_region})
            field = f"{path}.links.{link.game_region}"
        problem = address_problem(link.address)
        if problem is not None:
            raise CatalogError(field, f"{problem}, got {_quoted(link.address)}")


def _check_code(path: str, code: str, pattern: re.Pattern[str] = CODE_PATTERN) -> None:
    if not pattern.fullmatch(code):
        raise CatalogError(path, f"must match ^{pattern.pattern}$, got {_quoted(code)}")


def _check_text(path: str, text: str, most: int = MAX_NAME_CODE_POINTS) -> None:
    if not 1 <= len(text) <= most:
        raise CatalogError(path, f"must have 1 to {most} characters, got {_quoted(text)}")
    if text != text.strip() or unicodedata.normalize("NFC", text) != text:
        raise CatalogError(path, f"must be in NFC and without outer white space, got {_quoted(text)}")
    found = unsafe_character(text)
    if found is not None:
        raise CatalogError(path, f"must not hold {found[1].replace('_', ' ')}s, got {_quoted(text)}")


def _check_degrees(path: str, degrees: float, most: int) -> None:
    if not -most <= degrees <= most:
        raise CatalogError(path, f"must lie between -{most} and {most} degrees, got {degrees}")


def _check_count(path: str, items: tuple[object, ...], most: int) -> None:
    if len(items) > most:
        raise CatalogError(path, f"may have at most {most} items, got {len(items)}")


def _check_known(path: str, code: str, known: set[str]) -> None:
    if code not in known:
        choices = ", ".join(sorted(known)) or "none are defined"
        raise CatalogError(path, f"{_quoted(code)} is not defined; there are: {choices}")


def _check_distinct(path: str, values: Iterable[str]) -> None:
    """`path` has a `{}` where the index of the second of two equal values goes."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            raise CatalogError(path.format(index), f"{_quoted(value)} is there twice")
        seen.add(value)
