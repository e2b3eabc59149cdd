import os
from pathlib import Path

import pytest

from toprung.adapters.catalog_files import (
    GAMES_FOLDER,
    MAX_FILE_BYTES,
    UnknownGame,
    find_game,
    game_codes,
    load_catalog,
)
from toprung.domain.game.catalog import Catalog, CatalogError
from toprung.domain.game.map_link import MapLink

EXAMPLES_FOLDER = Path(__file__).parents[2] / "examples" / "games"

GAME = 'code = "chess"\nname = "Chess"\ncommon_countries = ["NO", "IN"]\n'
RACES = (
    '[[races]]\ncode = "white"\nname = "White"\nshort = "W"\n\n[[races]]\ncode = "black"\nname = "Black"\nshort = "B"\n'
)
REGIONS = '[[regions]]\ncode = "EUR"\nname = "Europe"\nlatitude = 50\nlongitude = 9.5\n'
SERVERS = (
    'server_overrides = [{ regions = ["EUR", "EUR"], server = "OSL" }]\n'
    '[[servers]]\ncode = "FRA"\nname = "Frankfurt"\nlatitude = 50.1\nlongitude = 8.7\n'
    '[[servers]]\ncode = "OSL"\nname = "Oslo"\nlatitude = 59.9\nlongitude = 10.7\n'
)
SEASONS = (
    'current_season = "first"\n[[seasons]]\ncode = "first"\nname = "First"\n'
    '[[seasons.maps]]\ncode = "board"\nname = "Board"\nfull_name = "The Board"\nauthor = "Unknown"\n'
)
FULL = {
    "game.toml": GAME,
    "races.toml": RACES,
    "regions.toml": REGIONS,
    "servers.toml": SERVERS,
    "seasons.toml": SEASONS,
}


def made(folder: Path, files: dict[str, str], code: str = "chess") -> Path:
    game = folder / code
    game.mkdir()
    for name, text in files.items():
        (game / name).write_text(text, encoding="utf-8", newline="\n")
    return game


@pytest.fixture(scope="module")
def sc_evo() -> Catalog:
    return load_catalog(find_game("sc_evo"))


@pytest.fixture(scope="module")
def sc2() -> Catalog:
    return load_catalog(find_game("sc2"))


def test_the_shipped_games_are_data_alone() -> None:
    assert game_codes([GAMES_FOLDER]) == ["sc2", "sc_evo"]
    assert {path.suffix for path in GAMES_FOLDER.rglob("*") if path.is_file()} == {".toml"}


def test_sc_evo(sc_evo: Catalog) -> None:
    assert sc_evo.race_codes == ("bw_terran", "bw_zerg", "bw_protoss", "sc2_terran", "sc2_zerg", "sc2_protoss")
    assert [race.short for race in sc_evo.races] == ["T1", "Z1", "P1", "T2", "Z2", "P2"]
    assert [race.game_style for race in sc_evo.races] == ["bw"] * 3 + ["sc2"] * 3
    assert not any(race.is_random for race in sc_evo.races)
    assert " ".join(region.code for region in sc_evo.regions) == (
        "NAW NAC NAE CAM SAM EUW EUE AFR MEA SEA KRJ CHN THM OCE USB FER"
    )
    assert len(sc_evo.current_maps) == 9
    assert "[SC:Evo] Radeon (라데온)" in {game_map.full_name for game_map in sc_evo.current_maps}
    assert len(sc_evo.mods) == 1
    assert 1 <= len(sc_evo.common_countries) <= 49


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("BW Zerg", "bw_zerg"),
        ("스1 저그", "bw_zerg"),
        ("SC1异虫", "bw_zerg"),
        ("Zerg", "sc2_zerg"),
        ("저그", "sc2_zerg"),
        ("异虫", "sc2_zerg"),
        ("Зерги", "sc2_zerg"),
        ("Terraner", "sc2_terran"),
        ("神族", "sc2_protoss"),
    ],
)
def test_sc_evo_understands_clients_in_other_languages(sc_evo: Catalog, text: str, code: str) -> None:
    found = sc_evo.race_by_alias(text)
    assert found is not None
    assert found.code == code


def test_sc_evo_has_a_server_for_every_pair_of_regions(sc_evo: Catalog) -> None:
    codes = [region.code for region in sc_evo.regions]
    chosen = {(one, other): sc_evo.server_for(one, other).code for one in codes for other in codes}
    assert len(chosen) == 16 * 16
    assert all(chosen[one, other] == chosen[other, one] for one, other in chosen)
    at_home = {
        "NAW": "USW",
        "NAC": "USC",
        "NAE": "USE",
        "EUW": "EUC",
        "EUE": "EUC",
        "KRJ": "KOR",
        "SEA": "SNG",
        "OCE": "AUS",
    }
    assert {code: chosen[code, code] for code in at_home} == at_home
    for override in sc_evo.server_overrides:
        assert chosen[override.regions] == override.server
    assert chosen["NAW", "KRJ"] == "USW"


def test_sc2(sc2: Catalog) -> None:
    assert sc2.race_codes == ("terran", "zerg", "protoss", "random")
    assert [race.code for race in sc2.races if race.is_random] == ["random"]
    assert len(sc2.current_maps) == 9
    assert sc2.regions


def test_the_example_is_a_game_of_one_race() -> None:
    catalog = load_catalog(find_game("halo2", [GAMES_FOLDER, EXAMPLES_FOLDER]))
    assert catalog.race_codes == ("spartan",)
    assert catalog.regions == ()
    assert catalog.current_season is None


def test_a_third_game_is_made_by_data_alone(tmp_path: Path) -> None:
    catalog = load_catalog(made(tmp_path, FULL))
    assert (catalog.code, catalog.name, catalog.common_countries) == ("chess", "Chess", ("NO", "IN"))
    assert catalog.race_codes == ("white", "black")
    assert catalog.regions[0].latitude == 50.0
    assert catalog.server_for("EUR", "EUR").code == "OSL"
    assert catalog.current_maps[0].author == "Unknown"
    assert find_game("chess", [tmp_path, GAMES_FOLDER]) == tmp_path / "chess"


def test_maps_have_links_for_everywhere_and_by_the_regions_of_the_game(tmp_path: Path) -> None:
    links = 'link = "https://chess.example/board"\nlinks = { Nord = "battlenet:://starcraft/map/2/77" }\n'
    servers = SERVERS.replace("latitude = 59.9", 'game_region = "Nord"\nlatitude = 59.9')
    catalog = load_catalog(made(tmp_path, FULL | {"seasons.toml": SEASONS + links, "servers.toml": servers}))
    assert catalog.current_maps[0].links == (
        MapLink(address="https://chess.example/board"),
        MapLink(address="battlenet:://starcraft/map/2/77", game_region="Nord"),
    )
    assert [server.game_region for server in catalog.servers] == [None, "Nord"]


def test_two_files_are_enough(tmp_path: Path) -> None:
    folder = made(tmp_path, {"game.toml": 'code = "chess"\nname = "Chess"\n', "races.toml": RACES})
    assert load_catalog(folder).common_countries == ()


def test_a_game_is_named_by_its_folder_however_it_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made(tmp_path, FULL))
    assert load_catalog(Path()).code == "chess"


def test_the_earlier_folder_wins(tmp_path: Path) -> None:
    made(tmp_path, {}, "empty")
    made(tmp_path, {"game.toml": ""}, "sc2")
    assert find_game("sc2", [tmp_path, GAMES_FOLDER]) == tmp_path / "sc2"
    assert find_game("sc2", [GAMES_FOLDER, tmp_path]) == GAMES_FOLDER / "sc2"


@pytest.mark.parametrize("code", ["chess", "", ".", "..", "../games/sc2", "sc_evo/", "empty", "a\x1b"])
def test_an_unknown_game_is_answered_with_those_that_exist(tmp_path: Path, code: str) -> None:
    made(tmp_path, {}, "empty")
    with pytest.raises(UnknownGame, match=r"; there are: sc2, sc_evo\.$") as caught:
        find_game(code, [GAMES_FOLDER, tmp_path, tmp_path / "absent"])
    assert str(caught.value).isprintable()
    with pytest.raises(UnknownGame, match="none of the game folders holds a game"):
        find_game(code, [])


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("game.toml", 'code = "chess"', 'code = "Chess"', 'code: must match ^[a-z][a-z0-9_]{0,31}$, got "Chess"'),
        (
            "game.toml",
            'code = "chess"',
            'code = "go"',
            'code: must be the name of the game\'s folder, "chess", got "go"',
        ),
        ("game.toml", 'code = "chess"', "", "code: is missing"),
        ("game.toml", 'name = "Chess"', "name = 5", "name: must be a text, got a number"),
        ("game.toml", 'name = "Chess"', "name = true", "name: must be a text, got true or false"),
        ("game.toml", 'name = "Chess"', "name = 2026-01-01", "name: must be a text, got a date or time"),
        ("game.toml", '"IN"]', "3]", "common_countries[1]: must be a text, got a number"),
        ("game.toml", '["NO", "IN"]', '"NO"', "common_countries: must be a list, got a text"),
        (
            "game.toml",
            '"IN"',
            '"QQ"',
            "common_countries: 'QQ' is not a country code, so it cannot be a common country.",
        ),
        ("game.toml", '"IN"', '"no"', 'common_countries[1]: must match ^[A-Z]{2}$, got "no"'),
        ("game.toml", "name", 'extra = "x"\nname', "extra: is not known here"),
        (
            "races.toml",
            'code = "black"',
            'code = "BW Terran"',
            'races[1].code: must match ^[a-z][a-z0-9_]{0,31}$, got "BW Terran"',
        ),
        ("races.toml", 'short = "B"', "", "races[1].short: is missing"),
        ("races.toml", 'short = "B"', 'short = "B"\ncolour = "black"', "races[1].colour: is not known here"),
        (
            "races.toml",
            'short = "B"',
            'short = "B"\nis_random = "no"',
            "races[1].is_random: must be true or false, got a text",
        ),
        ("races.toml", 'code = "black"', 'code = "white"', 'races[1].code: "white" is there twice'),
        ("races.toml", RACES, "races = [1]", "races[0]: must be a table, got a number"),
        ("races.toml", RACES, "", "races: a game needs at least one race"),
        ("races.toml", 'code = "white"', "code = ", "the file is not TOML: "),
        (
            "regions.toml",
            "latitude = 50",
            "latitude = 950",
            "regions[0].latitude: must lie between -90 and 90 degrees, got 950.0",
        ),
        ("regions.toml", "latitude = 50", 'latitude = "50"', "regions[0].latitude: must be a number, got a text"),
        (
            "regions.toml",
            "latitude = 50",
            "latitude = true",
            "regions[0].latitude: must be a number, got true or false",
        ),
        ("regions.toml", "longitude = 9.5", "", "regions[0].longitude: is missing"),
        ("servers.toml", '["EUR", "EUR"]', '["EUR"]', "server_overrides[0].regions: must name two regions"),
        (
            "servers.toml",
            '["EUR", "EUR"]',
            '["EUR", "ASI"]',
            'server_overrides[0].regions[1]: "ASI" is not defined; there are: EUR',
        ),
        (
            "servers.toml",
            'server = "OSL"',
            'server = "ROM"',
            'server_overrides[0].server: "ROM" is not defined; there are: FRA, OSL',
        ),
        ("servers.toml", 'code = "OSL"', 'code = "osl"', "servers[1].code: must match"),
        ("seasons.toml", "current_season", "current", "current_season: is missing"),
        ("seasons.toml", '= "first"', '= "last"', 'current_season: "last" is not defined; there are: first'),
        ("seasons.toml", "full_name", "fullname", "seasons[0].maps[0].full_name: is missing"),
        ("seasons.toml", 'name = "Board"', 'name = ""', "seasons[0].maps[0].name: must have 1 to 64 characters"),
        ("seasons.toml", "author", "link = 1\nauthor", "seasons[0].maps[0].link: must be a text, got a number"),
        ("seasons.toml", "author", 'link = "x"\nauthor', "seasons[0].maps[0].link: must be https://"),
        ("seasons.toml", "author", 'links = "x"\nauthor', "seasons[0].maps[0].links: must be a table, got a text"),
        ("seasons.toml", "author", "links.EU = 1\nauthor", "seasons[0].maps[0].links.EU: must be a text, got a number"),
        ("seasons.toml", "author", 'links.EU = "x"\nauthor', "seasons[0].maps[0].links.EU: must be https://"),
        (
            "servers.toml",
            "latitude = 59.9",
            "game_region = 1\nlatitude = 59.9",
            "servers[1].game_region: must be a text",
        ),
    ],
)
def test_an_error_names_file_and_field(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    assert old in FULL[file]
    folder = made(tmp_path, {**FULL, file: FULL[file].replace(old, new, 1)})
    with pytest.raises(CatalogError) as caught:
        load_catalog(folder)
    assert str(caught.value).startswith(f"chess/{file}: {message}")
    assert caught.value.file == f"chess/{file}"


@pytest.mark.parametrize("file", ["game.toml", "races.toml"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    folder = made(tmp_path, {name: text for name, text in FULL.items() if name != file})
    with pytest.raises(CatalogError, match=f"^chess/{file}: the file is missing$"):
        load_catalog(folder)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"^chess/game\.toml: the file is missing$"):
        load_catalog(tmp_path / "chess")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "the file is not in UTF-8"),
        (b"a = " + b"[" * 100_000, "the file is not TOML"),
        (b"#" * (MAX_FILE_BYTES + 1), "the file is larger than 1000000 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    folder = made(tmp_path, FULL)
    (folder / "seasons.toml").write_bytes(content)
    with pytest.raises(CatalogError, match=f"^chess/seasons.toml: {problem}"):
        load_catalog(folder)


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path, {name: text for name, text in FULL.items() if name != "seasons.toml"})
    (folder / "seasons.toml").mkdir()
    with pytest.raises(CatalogError, match=r"^chess/seasons\.toml: the file cannot be read: "):
        load_catalog(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything is readable to this user")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path, FULL)
    (folder / "races.toml").chmod(0)
    with pytest.raises(CatalogError, match=r"^chess/races\.toml: the file cannot be read: "):
        load_catalog(folder)
