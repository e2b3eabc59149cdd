"""Reads a game's folder of TOML files into a `Catalog`, checked once.

    game.toml      code, name, common_countries, chat_channels, [[mods]]  required
    races.toml     [[races]]                                              required
    regions.toml   [[regions]]
    servers.toml   [[servers]], [[server_overrides]]
    seasons.toml   current_season, [[seasons]] with [[seasons.maps]]

A game is these files and nothing else, so a new one needs no line of code. Whatever is wrong becomes one `CatalogError`
that names the file and the field.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from toprung.adapters.countries import load_countries
from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.game.catalog import Catalog, CatalogError, GameMap, Mod, Race, Season
from toprung.domain.game.map_link import MapLink
from toprung.domain.game.places import GameServer, Region, ServerOverride

GAMES_FOLDER: Final = Path(__file__).parent.parent / "games"
MAX_FILE_BYTES: Final = 1_000_000

_GAME: Final = "game.toml"
_RACES: Final = "races.toml"
_REGIONS: Final = "regions.toml"
_SERVERS: Final = "servers.toml"
_SEASONS: Final = "seasons.toml"
_FILES_BY_FIELD: Final[Mapping[str, str]] = {
    "races": _RACES,
    "regions": _REGIONS,
    "servers": _SERVERS,
    "server_overrides": _SERVERS,
    "current_season": _SEASONS,
    "seasons": _SEASONS,
}

T = TypeVar("T")


class UnknownGame(NotFound):
    """No folder holds a game with this code; the sentence lists the games that exist."""

    code = "unknown_game"


def game_codes(folders: Sequence[Path]) -> list[str]:
    """The codes of the games that the folders hold, sorted."""
    found = {game.parent.name for folder in folders for game in folder.glob(f"*/{_GAME}")}
    return sorted(found)


def find_game(code: str, folders: Sequence[Path] = (GAMES_FOLDER,)) -> Path:
    """The folder of the game with this code; of two such games the one in the earlier folder. Raises `UnknownGame`."""
    known = game_codes(folders)
    if code not in known:
        if not known:
            sentence = "There is no game {game}; none of the game folders holds a game."
            raise UnknownGame(sentence, "none", game=ascii(code))
        sentence = "There is no game {game}; there are: {games}."
        raise UnknownGame(sentence, "others", game=ascii(code), games=", ".join(known))
    return next(folder / code for folder in folders if (folder / code / _GAME).is_file())


def load_catalog(folder: Path) -> Catalog:
    """The catalogue in a game's folder, which bears the game's code. Raises `CatalogError` naming file and field."""
    # The folder's own name, also for "." or a link: it is what messages and the look-up by code go by.
    name = folder.resolve().name
    try:
        return _load(folder, name)
    except CatalogError as error:
        raise CatalogError(error.field, error.problem, file=error.file or _file_of(name, error.field)) from None


def _load(folder: Path, name: str) -> Catalog:
    game = _read(folder, name, _GAME, required=True)
    races = _read(folder, name, _RACES, required=True)
    regions = _read(folder, name, _REGIONS)
    servers = _read(folder, name, _SERVERS)
    seasons = _read(folder, name, _SEASONS)
    catalog = Catalog(
        code=game.text("code"),
        name=game.text("name"),
        common_countries=game.texts("common_countries"),
        chat_channels=game.texts("chat_channels"),
        mods=game.tables("mods", _mod),
        races=races.tables("races", _race),
        regions=regions.tables("regions", _region),
        servers=servers.tables("servers", _server),
        server_overrides=servers.tables("server_overrides", _override),
        current_season_code=seasons.optional_text("current_season"),
        seasons=seasons.tables("seasons", _season),
    )
    for file in (game, races, regions, servers, seasons):
        file.refuse_rest()
    if catalog.code != name:
        raise CatalogError("code", f'must be the name of the game\'s folder, "{name}", got "{catalog.code}"')
    _check_countries(catalog)
    return catalog


def _check_countries(catalog: Catalog) -> None:
    try:
        load_countries(catalog.common_countries)
    except InvalidInput as error:
        raise CatalogError(error.field, str(error)) from None


def _file_of(game: str, field: str) -> str:
    top = field.partition(".")[0].partition("[")[0]
    return f"{game}/{_FILES_BY_FIELD.get(top, _GAME)}"


def _read(folder: Path, game: str, name: str, *, required: bool = False) -> "_Table":
    label = f"{game}/{name}"
    try:
        with (folder / name).open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        if required:
            raise CatalogError("", "the file is missing", file=label) from None
        raw = b""
    except OSError as error:
        raise CatalogError("", f"the file cannot be read: {error.strerror}", file=label) from None
    if len(raw) > MAX_FILE_BYTES:
        raise CatalogError("", f"the file is larger than {MAX_FILE_BYTES} bytes", file=label)
    try:
        return _Table(tomllib.loads(raw.decode("utf-8")), label, "")
    except UnicodeDecodeError:
        raise CatalogError("", "the file is not in UTF-8", file=label) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CatalogError("", f"the file is not TOML: {error}", file=label) from None


class _Table:
    """One TOML table that is read key by key: a wrong type, a missing and an unread key are errors that say where."""

    def __init__(self, values: Mapping[str, object], file: str, path: str) -> None:
        self._values = dict(values)
        self._file = file
        self._path = path

    def text(self, key: str) -> str:
        found = self.optional_text(key)
        if found is None:
            raise self.error(key, "is missing")
        return found

    def optional_text(self, key: str) -> str | None:
        value = self._values.pop(key, None)
        if value is not None and not isinstance(value, str):
            raise self.error(key, f"must be a text, got {_kind(value)}")
        return value

    def number(self, key: str) -> float:
        if key not in self._values:
            raise self.error(key, "is missing")
        value = self._values.pop(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"must be a number, got {_kind(value)}")
        return float(value)

    def flag(self, key: str) -> bool:
        value = self._values.pop(key, False)
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false, got {_kind(value)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        texts: list[str] = []
        for index, value in enumerate(self._list(key)):
            if not isinstance(value, str):
                raise self.error(f"{key}[{index}]", f"must be a text, got {_kind(value)}")
            texts.append(value)
        return tuple(texts)

    def named_texts(self, key: str) -> dict[str, str]:
        """A table of texts by names that are the writer's own."""
        value = self._values.pop(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, got {_kind(value)}")
        inner = _Table(value, self._file, f"{self._path}{key}.")
        return {name: inner.text(name) for name in value}

    def tables(self, key: str, build: "Callable[[_Table], T]") -> tuple[T, ...]:
        built: list[T] = []
        for index, value in enumerate(self._list(key)):
            path = f"{self._path}{key}[{index}]"
            if not isinstance(value, dict):
                raise CatalogError(path, f"must be a table, got {_kind(value)}", file=self._file)
            table = _Table(value, self._file, path + ".")
            built.append(build(table))
            table.refuse_rest()
        return tuple(built)

    def refuse_rest(self) -> None:
        for key in self._values:
            raise self.error(key, "is not known here")

    def error(self, key: str, problem: str) -> CatalogError:
        shown = "".join(char if char.isprintable() else "?" for char in key[:40])
        return CatalogError(self._path + shown, problem, file=self._file)

    def _list(self, key: str) -> list[object]:
        value = self._values.pop(key, [])
        if not isinstance(value, list):
            raise self.error(key, f"must be a list, got {_kind(value)}")
        return value


def _kind(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return "a date or time"


def _race(table: _Table) -> Race:
    return Race(
        code=table.text("code"),
        name=table.text("name"),
        short=table.text("short"),
        game_style=table.optional_text("game_style"),
        aliases=table.texts("aliases"),
        is_random=table.flag("is_random"),
    )


def _region(table: _Table) -> Region:
    return Region(
        code=table.text("code"),
        name=table.text("name"),
        latitude=table.number("latitude"),
        longitude=table.number("longitude"),
    )


def _server(table: _Table) -> GameServer:
    return GameServer(
        code=table.text("code"),
        name=table.text("name"),
        latitude=table.number("latitude"),
        longitude=table.number("longitude"),
        game_region=table.optional_text("game_region"),
    )


def _override(table: _Table) -> ServerOverride:
    regions = table.texts("regions")
    if len(regions) != 2:
        raise table.error(
            "regions", f"must name two regions (one of them twice for a match inside it), got {len(regions)}"
        )
    return ServerOverride(regions=(regions[0], regions[1]), server=table.text("server"))


def _season(table: _Table) -> Season:
    return Season(code=table.text("code"), name=table.text("name"), maps=table.tables("maps", _game_map))


def _game_map(table: _Table) -> GameMap:
    everywhere = table.optional_text("link")
    links = () if everywhere is None else (MapLink(address=everywhere),)
    by_region = table.named_texts("links")
    return GameMap(
        code=table.text("code"),
        name=table.text("name"),
        full_name=table.text("full_name"),
        author=table.optional_text("author"),
        links=links + tuple(MapLink(address=address, game_region=region) for region, address in by_region.items()),
    )


def _mod(table: _Table) -> Mod:
    return Mod(code=table.text("code"), name=table.text("name"))
