import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.map_links import AMERICAS, ASIA, PAGE, with_links
from toprung.domain.game.catalog import (
    MAX_RACES,
    Catalog,
    CatalogError,
    GameMap,
    Mod,
    NoServer,
    Race,
    Season,
    UnknownRace,
    UnknownRegion,
)
from toprung.domain.game.map_link import ADDRESS_CHARACTERS_MAX, MapLink, address_problem
from toprung.domain.game.places import GameServer, Region, ServerOverride, distance_km

KOREA = Region(code="KRJ", name="Korea", latitude=36.5, longitude=129.5)
EUROPE = Region(code="EUW", name="Europe", latitude=49, longitude=4)
PACIFIC = Region(code="OCE", name="Oceania", latitude=-34.5, longitude=149.5)
SEOUL = GameServer(code="KOR", name="Seoul", latitude=37.6, longitude=127)
FRANKFURT = GameServer(code="EUC", name="Frankfurt", latitude=50.1, longitude=8.7)
SYDNEY = GameServer(code="AUS", name="Sydney", latitude=-33.9, longitude=151.2)
RADEON = GameMap(code="radeon", name="Radeon", full_name="[SC:Evo] Radeon (라데온)")
SEASON = Season(code="season_1", name="Season 1", maps=(RADEON,))
ZERG = Race(code="bw_zerg", name="BW Zerg", short="Z1", game_style="bw", aliases=("스1 저그", "SC1异虫", "Élan"))
TERRAN = Race(code="terran", name="Terran", short="T")
RANDOM = Race(code="random", name="Random", short="R", is_random=True)
CATALOG = Catalog(
    code="game",
    name="Game",
    races=(ZERG, TERRAN, RANDOM),
    regions=(KOREA, EUROPE, PACIFIC),
    servers=(SEOUL, FRANKFURT, SYDNEY),
    server_overrides=(ServerOverride(regions=("EUW", "OCE"), server="AUS"),),
    seasons=(SEASON,),
    current_season_code="season_1",
    mods=(Mod(code="mod", name="Mod"),),
    common_countries=("KR", "US"),
)


def in_regions(*links: MapLink) -> Catalog:
    """The catalogue with links, where two of the three servers say which region of the game they belong to."""
    servers = (replace(SEOUL, game_region="Asia"), replace(FRANKFURT, game_region="Americas"), SYDNEY)
    return with_links(replace(CATALOG, servers=servers), *links)


places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(st.lists(places, min_size=1, max_size=5), st.lists(places, min_size=1, max_size=5), st.data())
def test_a_server_is_chosen_for_every_pair_and_both_ways(
    homes: list[tuple[float, float]], hosts: list[tuple[float, float]], data: st.DataObject
) -> None:
    regions = tuple(Region(code=f"R{i}", name="r", latitude=a, longitude=o) for i, (a, o) in enumerate(homes))
    servers = tuple(GameServer(code=f"S{i}", name="s", latitude=a, longitude=o) for i, (a, o) in enumerate(hosts))
    catalog = Catalog(code="game", name="Game", races=(TERRAN,), regions=regions, servers=servers)
    one, other = data.draw(st.sampled_from(regions)), data.draw(st.sampled_from(regions))
    chosen = catalog.server_for(one.code, other.code)
    assert chosen == catalog.server_for(other.code, one.code)
    farther = {server.code: max(distance_km(one, server), distance_km(other, server)) for server in servers}
    assert farther[chosen.code] == min(farther.values())
    forced = data.draw(st.sampled_from(servers))
    override = ServerOverride(regions=(one.code, other.code), server=forced.code)
    overridden = replace(catalog, server_overrides=(override,))
    assert overridden.server_for(one.code, other.code) == overridden.server_for(other.code, one.code) == forced


def test_distance_is_that_of_the_globe() -> None:
    paris = Region(code="PA", name="Paris", latitude=48.8566, longitude=2.3522)
    new_york = GameServer(code="NY", name="New York", latitude=40.7128, longitude=-74.006)
    assert distance_km(paris, new_york) == pytest.approx(5837, abs=3)
    assert distance_km(replace(paris, latitude=90), replace(new_york, latitude=-90)) == 20015


def test_equal_distances_fall_to_the_smaller_sum_and_then_the_code() -> None:
    servers = (replace(SEOUL, code="SB"), replace(SEOUL, code="SA"))
    catalog = replace(CATALOG, servers=servers, server_overrides=())
    assert catalog.server_for("KRJ", "EUW").code == "SA"
    at_home = Region(code="AA", name="a", latitude=0, longitude=0)
    away = Region(code="BB", name="b", latitude=0, longitude=60)
    # Both servers are 60 degrees from the farther player; the second is nearer to the other.
    far = GameServer(code="AAA", name="a", latitude=60, longitude=0)
    near = GameServer(code="BBB", name="b", latitude=0, longitude=60)
    tied = replace(CATALOG, regions=(at_home, away), servers=(far, near), server_overrides=())
    assert distance_km(at_home, far) == distance_km(at_home, near)
    assert tied.server_for("AA", "BB").code == "BBB"


def test_an_override_wins_in_both_orders_and_only_for_its_pair() -> None:
    assert CATALOG.server_for("EUW", "OCE") == CATALOG.server_for("OCE", "EUW") == SYDNEY
    assert CATALOG.server_for("EUW", "EUW") == FRANKFURT
    assert CATALOG.server_for("KRJ", "KRJ") == SEOUL
    inside = replace(CATALOG, server_overrides=(ServerOverride(regions=("KRJ", "KRJ"), server="AUS"),))
    assert inside.server_for("KRJ", "KRJ") == SYDNEY
    assert inside.server_for("KRJ", "EUW") != SYDNEY


def test_unknown_regions_and_absent_servers_are_refused() -> None:
    with pytest.raises(UnknownRegion, match=r'no region "XYZ"; its regions are KRJ, EUW, OCE\.'):
        CATALOG.server_for("KRJ", "XYZ")
    with pytest.raises(NoServer):
        replace(CATALOG, servers=(), server_overrides=()).server_for("KRJ", "KRJ")


def test_races_are_found_by_code() -> None:
    assert CATALOG.race_codes == ("bw_zerg", "terran", "random")
    assert CATALOG.race("terran") is TERRAN
    with pytest.raises(
        UnknownRace, match=r'Game has no race "elf\\u001b"; its races are bw_zerg, terran, random\.'
    ) as caught:
        CATALOG.race("elf\x1b")
    assert caught.value.field == "race"


@pytest.mark.parametrize(
    "text", ["BW Zerg", "bw zerg", " BW ZERG ", "스1 저그", "sc1异虫", "bw_zerg", "éLAN", "E\u0301lan"]
)
def test_races_are_found_by_what_clients_call_them(text: str) -> None:
    assert CATALOG.race_by_alias(text) is ZERG
    assert CATALOG.race_by_alias(unicodedata.normalize("NFD", text)) is ZERG


def test_what_no_client_says_is_no_race() -> None:
    assert CATALOG.race_by_alias("Zerg") is None
    assert CATALOG.race_by_alias("") is None


def test_the_current_season_gives_the_maps() -> None:
    assert CATALOG.current_season is SEASON
    assert CATALOG.current_maps == (RADEON,)


def test_a_match_has_the_links_of_its_servers_region_and_all_where_that_is_not_known() -> None:
    catalog = in_regions(PAGE, AMERICAS, ASIA)
    assert catalog.map_links("Radeon", "KOR") == (PAGE, ASIA)
    assert catalog.map_links("Radeon", "EUC") == (PAGE, AMERICAS)
    assert catalog.map_links("Radeon", "AUS") == catalog.map_links("Radeon", None) == (PAGE, AMERICAS, ASIA)
    assert catalog.map_links("Radeon", "gone") == (PAGE, AMERICAS, ASIA)
    assert catalog.map_links("Another", "KOR") == catalog.map_links(None, "KOR") == ()
    assert in_regions(AMERICAS).map_links("Radeon", "KOR") == ()
    assert with_links(CATALOG, AMERICAS).map_links("Radeon", "KOR") == (AMERICAS,)  # no server says where it belongs


@given(st.integers(min_value=1, max_value=2**63 - 1), st.integers(min_value=0, max_value=3))
def test_matches_take_the_channels_of_the_games_chat_in_turn(number: int, channels: int) -> None:
    names = ("SCEvoLadder", "SCEvo 2", "SCEvo 3")[:channels]
    catalog = replace(CATALOG, chat_channels=names)
    following = [catalog.chat_channel(number + step) for step in range(max(channels, 1))]
    assert sorted(filter(None, following)) == sorted(names)
    assert all(following) == bool(names)


addresses = st.one_of(
    st.text(max_size=30),
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(
                ["https://", "battlenet:://starcraft/map/", "1/", "a.io", "/", ")", "](", "`", "@", "%", "\n"]
            )
            | st.text(max_size=3),
            max_size=6,
        ),
    ),
    st.from_regex(r"https://[!-~]{1,20}\.[a-z]{2}/[!-~]{0,20}", fullmatch=True),
    st.from_regex(r"battlenet:://starcraft/map/[0-9]{1,4}/[0-9]{1,12}", fullmatch=True),
)


@given(addresses)
def test_an_address_that_is_taken_has_a_known_scheme_and_nothing_that_could_end_it(address: str) -> None:
    if address_problem(address) is None:
        assert len(address) <= ADDRESS_CHARACTERS_MAX
        assert address.startswith(("https://", "battlenet:://starcraft/map/"))
        assert address.isascii()
        assert not set(address) & set(" \t\r\n()[]<>{}`*|\\\"'@!$^")
        with_links(CATALOG, MapLink(address=address))
    else:
        with pytest.raises(CatalogError):
            with_links(CATALOG, MapLink(address=address))


@pytest.mark.parametrize(
    "address",
    [
        "https://a.io",
        "https://Maps.example.org:8443/a/b_c-d~e.html?x=1&y=%20#top",
        "https://a.io?x=1",
        "battlenet:://starcraft/map/1/1",
        "battlenet:://starcraft/map/98/4294967295",
        "https://a.io/" + "x" * (ADDRESS_CHARACTERS_MAX - len("https://a.io/")),
    ],
)
def test_addresses_of_maps_are_taken(address: str) -> None:
    assert address_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://a.io",
        "HTTPS://a.io",
        "https:/a.io",
        "https://",
        "https://localhost",
        "https://-a.io",
        "https://a..io",
        "https://discord.com@evil.io",
        "https://a.io:port/",
        "https://a.io/%zz",
        "https://a.io/a b",
        "https://a.io/)",
        "https://a.io/\n",
        "https://a.io/맵",
        "https://a.io\u202e/",
        "javascript:alert(1)",
        "discord://x.io",
        "battlenet://starcraft/map/1/2",
        "battlenet:://starcraft/map/0/2",
        "battlenet:://starcraft/map/1/",
        "battlenet:://starcraft/map/1/2`",
        "battlenet:://starcraft/map/1/2\n",
        "battlenet:://starcraft/map/１/2",
        "battlenet:://starcraft/profile/1/2",
    ],
)
def test_what_is_no_address_of_a_map_is_refused(address: str) -> None:
    with pytest.raises(CatalogError, match=r"must be https://.*battlenet") as caught:
        with_links(CATALOG, MapLink(address=address))
    assert caught.value.field == "seasons[0].maps[0].link"


@pytest.mark.parametrize(
    ("links", "field", "problem"),
    [
        ((MapLink(address="https://a.io/" + "x" * 150),), "link", "at most 150 characters, has 163"),
        ((replace(ASIA, address="x"),), "links.Asia", 'got "x"'),
        ((replace(ASIA, game_region=""),), "links", "1 to 32"),
        ((replace(ASIA, game_region="A\u202e"),), "links", "invisible characters"),
        ((replace(ASIA, game_region="Asja"),), "links", '"Asja" is not defined; there are: Americas, Asia'),
        ((ASIA, ASIA), "links", "there twice"),
        ((PAGE, PAGE), "links", "there twice"),
        (tuple(replace(ASIA, game_region=f"R{i}") for i in range(7)), "links", "at most 6"),
    ],
)
def test_wrong_links_are_refused_by_field(links: tuple[MapLink, ...], field: str, problem: str) -> None:
    with pytest.raises(CatalogError) as caught:
        in_regions(*links)
    assert caught.value.field == f"seasons[0].maps[0].{field}"
    assert problem in caught.value.problem


def test_a_game_may_have_races_only() -> None:
    bare = Catalog(code="bare", name="Bare", races=(TERRAN,))
    assert bare.current_season is None
    assert bare.current_maps == ()
    assert bare.regions == ()


def test_the_most_races_that_fit() -> None:
    races = tuple(replace(TERRAN, code=f"r{i}", name=f"Race {i}", short=str(i)) for i in range(MAX_RACES + 1))
    assert len(replace(CATALOG, races=races[:MAX_RACES]).race_codes) == MAX_RACES
    with pytest.raises(CatalogError, match=r"^races: may have at most 32 items, got 33$"):
        replace(CATALOG, races=races)


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"code": "Game"}, "code", "must match"),
        ({"name": ""}, "name", "1 to 64"),
        ({"name": "a\u202eb"}, "name", "invisible characters"),
        ({"name": " a"}, "name", "white space"),
        ({"races": ()}, "races", "at least one"),
        (
            {"races": (replace(TERRAN, code="BW Terran"),)},
            "races[0].code",
            'must match ^[a-z][a-z0-9_]{0,31}$, got "BW Terran"',
        ),
        ({"races": (replace(TERRAN, code="a" * 33),)}, "races[0].code", "must match"),
        ({"races": (replace(TERRAN, code="a\n"),)}, "races[0].code", r'got "a\u000a"'),
        ({"races": (replace(TERRAN, short="T12"),)}, "races[0].short", "1 to 2"),
        ({"races": (replace(TERRAN, game_style="B W"),)}, "races[0].game_style", "must match"),
        ({"races": (replace(TERRAN, aliases=("x", "")),)}, "races[0].aliases[1]", "1 to 64"),
        ({"races": (replace(TERRAN, aliases=("x",) * 65),)}, "races[0].aliases", "at most 64"),
        ({"races": (TERRAN, replace(TERRAN, short="U"))}, "races[1].code", "there twice"),
        ({"races": (TERRAN, replace(ZERG, short="T"))}, "races[1].short", "there twice"),
        (
            {"races": (TERRAN, replace(ZERG, aliases=("TERRAN",)))},
            "races[1].aliases[0]",
            "already means the race terran",
        ),
        ({"races": (replace(ZERG, aliases=("Terran",)), TERRAN)}, "races[1].code", "already means the race bw_zerg"),
        ({"regions": (KOREA, EUROPE, PACIFIC, KOREA)}, "regions[3].code", "there twice"),
        ({"regions": (replace(KOREA, code="krj"),)}, "regions[0].code", "must match"),
        ({"regions": (replace(KOREA, latitude=91),)}, "regions[0].latitude", "between -90 and 90"),
        ({"regions": (replace(KOREA, longitude=float("nan")),)}, "regions[0].longitude", "between -180 and 180"),
        ({"servers": (replace(SEOUL, name="x" * 65),)}, "servers[0].name", "1 to 64"),
        ({"servers": (replace(SEOUL, game_region=" "),)}, "servers[0].game_region", "white space"),
        ({"servers": (SEOUL, SEOUL)}, "servers[1].code", "there twice"),
        (
            {"server_overrides": (ServerOverride(regions=("KRJ", "XXX"), server="KOR"),)},
            "server_overrides[0].regions[1]",
            "XXX",
        ),
        (
            {"server_overrides": (ServerOverride(regions=("KRJ", "EUW"), server="XXX"),)},
            "server_overrides[0].server",
            "XXX",
        ),
        (
            {
                "server_overrides": (
                    ServerOverride(regions=("KRJ", "EUW"), server="KOR"),
                    ServerOverride(regions=("EUW", "KRJ"), server="EUC"),
                )
            },
            "server_overrides[1].regions",
            "there twice",
        ),
        ({"seasons": (replace(SEASON, code="1"),)}, "seasons[0].code", "must match"),
        ({"seasons": (SEASON, SEASON)}, "seasons[1].code", "there twice"),
        ({"seasons": (replace(SEASON, maps=(RADEON, RADEON)),)}, "seasons[0].maps[1].code", "there twice"),
        (
            {"seasons": (replace(SEASON, maps=(RADEON, replace(RADEON, code="b"))),)},
            "seasons[0].maps[1].full_name",
            "twice",
        ),
        ({"seasons": (replace(SEASON, maps=(replace(RADEON, author=""),)),)}, "seasons[0].maps[0].author", "1 to 64"),
        ({"current_season_code": "season_2"}, "current_season", 'season_2" is not defined; there are: season_1'),
        ({"current_season_code": None}, "current_season", "is missing"),
        ({"mods": (Mod(code="mod", name="Mod"),) * 2}, "mods[1].code", "there twice"),
        ({"common_countries": ("KR", "usa")}, "common_countries[1]", "must match"),
        ({"chat_channels": ("one", "")}, "chat_channels[1]", "1 to 64"),
        ({"chat_channels": ("one", "one")}, "chat_channels[1]", "one"),
    ],
)
def test_wrong_data_is_refused_by_field(changes: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(CatalogError) as caught:
        replace(CATALOG, **changes)
    assert caught.value.field == field
    assert problem in caught.value.problem
    assert str(caught.value) == f"{field}: {caught.value.problem}"
    assert caught.value.file is None
