"""The page as the server draws it, without any JavaScript."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.interfaces.web.ladder import HOUR_US, Ladder
from toprung.adapters.catalog_files import load_catalog

ROWS = re.compile(r'<tr id="row-([^"]+)"')
LINKS = re.compile(r'<a [^>]*href="([^"]+)"')


@pytest.fixture
def ladder() -> Ladder:
    ladder = Ladder()
    ladder.put("이영호", race="bw_terran", mmr=2000, country="KR", hours_ago=2, won=6, lost=2, drawn=1)
    ladder.put("이영호", race="bw_zerg", mmr=1700, country="KR", hours_ago=0.5)
    ladder.put("Serral", race="sc2_zerg", mmr=1900, country="FI", hours_ago=50)
    ladder.put("Clem", race="sc2_terran", mmr=1800, country="FR", hours_ago=5)
    ladder.put("Clement", race="sc2_terran", mmr=1650, country=None, hours_ago=5)
    ladder.put("Newcomer", race="sc2_terran", mmr=1500, country="US", won=0, lost=0)
    return ladder


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[httpx.AsyncClient]:
    async with ladder.client() as client:
        yield client


def keys(response: httpx.Response) -> list[str]:
    assert response.status_code == 200
    return ROWS.findall(response.text)


def links(response: httpx.Response) -> list[str]:
    return [unescape(link) for link in LINKS.findall(response.text)]


async def test_the_front_door_leads_to_the_leaderboard(client: httpx.AsyncClient) -> None:
    response = await client.get("/")
    assert (response.status_code, response.headers["location"]) == (303, "/leaderboard")


async def test_a_row_says_all_there_is(client: httpx.AsyncClient) -> None:
    text = (await client.get("/leaderboard?race=bw_terran")).text
    row = text[text.index('<tr id="row-1-bw_terran"') :]
    row = row[: row.index("</tr>")]
    plain = re.sub(r"<[^>]*>", "", row)

    assert 'alt="South Korea"' in row
    assert "<bdi>이영호</bdi>" in row
    assert "BW Terran" in plain
    assert "T1" in plain
    assert "2000" in plain
    assert "6–2–1" in plain
    assert "67%" in plain
    assert '<time datetime="2026-03-14T10:00:00Z" title="14 Mar 2026, 10:00 UTC">2 h ago</time>' in row
    assert "100.0" in plain
    assert 'role="rowheader"' in row


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["1-bw_terran", "2-sc2_zerg", "3-sc2_terran", "1-bw_zerg", "4-sc2_terran"]),
        ("?race=bw_zerg", ["1-bw_zerg"]),
        ("?race=bw_zerg&race=sc2_zerg", ["2-sc2_zerg", "1-bw_zerg"]),
        ("?country=KR", ["1-bw_terran", "1-bw_zerg"]),
        ("?country=ZZ", ["4-sc2_terran"]),
        ("?best_race_only=true", ["1-bw_terran", "2-sc2_zerg", "3-sc2_terran", "4-sc2_terran"]),
        ("?country=KR&best_race_only=true", ["1-bw_terran"]),
        ("?min_games=9", ["1-bw_terran"]),
        ("?min_games=5", ["1-bw_terran", "2-sc2_zerg", "3-sc2_terran", "1-bw_zerg", "4-sc2_terran"]),
        ("?page=2&page_size=2", ["3-sc2_terran", "1-bw_zerg"]),
        ("?page=99&page_size=2", ["4-sc2_terran"]),
    ],
)
async def test_filters_and_pages(client: httpx.AsyncClient, query: str, expected: list[str]) -> None:
    assert keys(await client.get(f"/leaderboard{query}")) == expected
    rows = await client.get(f"/leaderboard/rows{query}")
    assert keys(rows) == expected
    assert "<html" not in rows.text


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("rank=&page=1&find=", ""),
        ("page_size=40&best_race_only=false", ""),
        ("utm_source=somewhere&rank=B", "rank=B"),
        ("min_games=0", ""),
        ("min_games=&rank=B", "rank=B"),
        ("min_games=7&rank=B", "rank=B&min_games=7"),
        ("race=sc2_zerg&race=bw_zerg&race=sc2_zerg", "race=bw_zerg&race=sc2_zerg"),
        ("country=us&country=KR", "country=KR&country=US"),
        ("player=1&page=2&country=KR&rank=C", "rank=C&country=KR&page=2&player=1"),
    ],
)
async def test_each_state_has_one_address(client: httpx.AsyncClient, query: str, canonical: str) -> None:
    response = await client.get(f"/leaderboard?{query}")
    address = f"/leaderboard?{canonical}" if canonical else "/leaderboard"
    assert (response.status_code, response.headers["location"]) == (303, address)
    there = await client.get(address)
    assert there.status_code == 200
    assert f'<link rel="canonical" href="{address.replace("&", "&amp;")}">' in there.text


async def test_the_form_shows_the_state_and_chips_take_it_back(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard?rank=C&race=sc2_zerg&country=FI&best_race_only=true")
    for control in ("rank-C", "race-sc2_zerg", "country-FI", "best-race-only"):
        assert re.search(rf'id="{control}" checked', page.text)
    assert len(re.findall(" checked>", page.text)) == 5
    assert {
        "/leaderboard?race=sc2_zerg&country=FI&best_race_only=true",
        "/leaderboard?rank=C&country=FI&best_race_only=true",
        "/leaderboard?rank=C&race=sc2_zerg&best_race_only=true",
        "/leaderboard?rank=C&race=sc2_zerg&country=FI",
    } <= set(links(page))
    assert "Clear all" in page.text


async def test_with_a_filter_both_ranks_are_shown(client: httpx.AsyncClient) -> None:
    filtered = (await client.get("/leaderboard?race=bw_zerg")).text
    assert "#4" in re.sub(r"<[^>]*>", "", filtered)
    assert "1 entry" in filtered
    assert "of 5" in re.sub(r"<[^>]*>", "", filtered)
    assert 'class="global-rank"' not in (await client.get("/leaderboard")).text


async def test_countries_are_named_in_the_viewers_language(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard", headers={"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"})
    assert "대한민국" in page.text
    assert "Accept-Language" in page.headers["vary"]
    order = re.findall(r'id="country-([A-Z]{2})"', page.text)
    assert order[:2] == ["KR", "US"]
    assert order[49] == "ZZ"
    assert len(order) == len(set(order)) == 252


async def test_every_page_is_reached_by_links(ladder: Ladder, client: httpx.AsyncClient) -> None:
    ladder.fill(60)
    address, seen = "/leaderboard?page_size=7", list[str]()
    while True:
        page = await client.get(address)
        seen += keys(page)
        following = re.search(r'id="page-next" href="([^"]+)"', page.text)
        if following is None:
            break
        address = unescape(following[1])
    assert len(seen) == len(set(seen)) == 5 + len(ladder.storage.database.entries) - 6
    assert 'id="page-1"' in page.text


HOSTILE = [
    "<script>alert(1)</script>"[:24],
    '"><img src=x onerror=a>',
    "' hx-on:load='x",
    "{{ 7*7 }}{% x %}",
    "&lt;b&gt;",
    "ا‮لعربية",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_names_are_shown_and_never_obeyed(client: httpx.AsyncClient, ladder: Ladder, name: str) -> None:
    ladder.put(name, mmr=2500)
    for address in ("/leaderboard", "/leaderboard/rows"):
        text = (await client.get(address)).text
        shown = re.findall(r"<bdi>(.*?)</bdi>", text, re.DOTALL)[0]
        assert unescape(shown) == name
        assert not set('<>"') & set(shown)
        assert "49" not in shown
    found = await client.get("/leaderboard", params={"find": name})
    assert found.status_code == 303


@pytest.mark.parametrize("text", [*HOSTILE, "\x00", "x" * 65, "%", "\ufffd", " a  b "])
async def test_what_is_looked_for_is_shown_and_never_obeyed(client: httpx.AsyncClient, text: str) -> None:
    page = await client.get("/leaderboard", params={"find": text}, follow_redirects=True)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "onerror=a>" not in page.text
    assert re.search(r'<h2 id="finding-title">', page.text)


async def test_jump_to_the_one_who_is_meant(client: httpx.AsyncClient) -> None:
    exact = await client.get("/leaderboard?find=clem&page_size=2")
    assert exact.status_code == 303
    assert exact.headers["location"] == "/leaderboard?page=2&page_size=2&player=3#player-3"
    page = await client.get(exact.headers["location"])
    assert page.text.count('id="player-3"') == 1
    assert re.search(r'<tr id="row-3-sc2_terran"[^>]* is-found', page.text)

    single = await client.get("/leaderboard?find=rral&race=sc2_zerg")
    assert single.headers["location"] == "/leaderboard?race=sc2_zerg&player=2#player-2"


async def test_a_player_with_two_races_has_one_anchor(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard?player=1")
    assert page.text.count('id="player-1"') == 1
    assert len(re.findall(r'<tr id="row-1-[^>]* is-found', page.text)) == 2


async def test_several_matches_are_a_choice(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard?race=bw_zerg&find=cle")
    assert page.status_code == 200
    assert {"/leaderboard?player=3#player-3", "/leaderboard?player=4#player-4"} <= set(links(page))
    assert page.text.count("which this link drops") == 2


async def test_one_whom_the_filters_leave_out(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard?race=bw_terran&find=Serral")
    assert page.status_code == 200
    assert "Drop the filters" in page.text
    assert "/leaderboard?player=2#player-2" in links(page)


async def test_a_minimum_of_games_is_a_chip_and_a_choice_whatever_its_number(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard?country=KR&min_games=9")
    text = re.sub(r"<[^>]*>", "", page.text)
    assert "At least 9 games" in text
    assert "/leaderboard?country=KR" in links(page)
    assert '<input class="pick" type="radio" name="min_games" value="9" id="min-games-9" checked>' in page.text
    assert '<input type="hidden" name="min_games" value="9">' in page.text  # the other forms carry it along
    nobody = await client.get("/leaderboard?country=FI&min_games=9")
    assert "Without “At least 9 games”: 1 row" in re.sub(r"<[^>]*>", "", nobody.text)
    away = await client.get("/leaderboard?min_games=9&find=Serral")
    assert "The filters leave them out: At least 9 games." in re.sub(r"<[^>]*>", "", away.text)
    assert "/leaderboard?player=2#player-2" in links(away)


async def test_one_who_is_not_ranked(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard?find=Newcomer")
    assert "no game yet, or none within the last 14 days" in page.text


async def test_nobody_of_that_name(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard?rank=C&find=Flash")
    assert "Nobody is called" in page.text
    assert "/leaderboard?rank=C" in links(page)


async def test_filters_that_leave_nobody_say_what_to_drop(client: httpx.AsyncClient) -> None:
    page = await client.get("/leaderboard?race=bw_zerg&country=FI")
    text = re.sub(r"<[^>]*>", "", page.text)
    assert "Nobody matches these filters" in text
    assert "Without “BW Zerg”: 1 row" in text
    assert "Without “Finland”: 1 row" in text
    assert "/leaderboard" in links(page)


async def test_a_board_that_lapsed_says_when_and_what_to_change(ladder: Ladder, client: httpx.AsyncClient) -> None:
    ladder.clock.forward(30 * 24 * HOUR_US)
    text = (await client.get("/leaderboard")).text
    assert "Nobody has played within the last 14 days" in text
    assert "14 Mar 2026, 11:30 UTC" in text
    assert "--inactivity-days off" in text
    assert "0 entries" in text


async def test_an_empty_ladder_says_how_to_begin() -> None:
    async with Ladder().client() as client:
        assert "toprung import" in (await client.get("/leaderboard")).text


async def test_without_an_inactivity_window_nothing_speaks_of_one() -> None:
    ladder = Ladder(inactivity_days=None)
    ladder.put("Maru", hours_ago=24 * 1000)
    async with ladder.client() as client:
        text = (await client.get("/leaderboard")).text
    assert "18 Jun 2023" in text
    assert "however long ago" in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/leaderboard?race=goliath", 422),
        ("/leaderboard?page=0", 422),
        ("/leaderboard/rows?rank=Q", 422),
    ],
)
async def test_people_get_errors_as_pages(client: httpx.AsyncClient, path: str, status: int) -> None:
    response = await client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert 'href="/leaderboard"' in response.text


async def test_a_database_that_is_away(ladder: Ladder, client: httpx.AsyncClient) -> None:
    ladder.storage.is_down = True
    response = await client.get("/leaderboard")
    assert response.status_code == 503
    assert "One moment" in response.text


async def test_the_page_loads_nothing_from_elsewhere_and_has_nothing_inline(client: httpx.AsyncClient) -> None:
    text = (await client.get("/leaderboard")).text
    assert not re.findall(r"<(?:script|style)(?![^>]*\bsrc=)[^>]*>", text)
    assert not re.findall(r'\s(?:style|on[a-z]+)="', text)
    sources = re.findall(r'\b(?:src|href)="([^"]+)"', text)
    assert [source for source in sources if not source.startswith(("/", "#"))] == []
    for source in {source for source in sources if source.startswith("/static/")}:
        assert (await client.get(source)).status_code == 200


async def test_every_country_has_a_flag_and_what_is_none_a_plain_one(ladder: Ladder, client: httpx.AsyncClient) -> None:
    text = (await client.get("/leaderboard")).text
    plain = re.findall(r'value="([A-Z]{2})"[^>]*><img class="flag" src="/static/flags/unknown.svg', text)
    assert sorted(plain) == ["XX", "ZZ"]


async def test_a_game_made_by_data_alone(tmp_path: Path) -> None:
    game = tmp_path / "chess"
    game.mkdir()
    (game / "game.toml").write_text('code = "chess"\nname = "Chess & <Co>"\ncommon_countries = ["NO", "IN"]\n')
    races = [(f"race_{i}", f"Race {i}", f"{chr(97 + i // 3)}{i % 3}") for i in range(30)]
    tables = [f'[[races]]\ncode = "{code}"\nname = "{name}"\nshort = "{short}"\n' for code, name, short in races]
    (game / "races.toml").write_text("\n".join(tables))
    ladder = Ladder(catalog=load_catalog(game))
    ladder.put("Magnus", race="race_29", country="NO")
    async with ladder.client() as client:
        page = await client.get("/leaderboard?race=race_29")
        assert keys(page) == ["1-race_29"]
        assert "Chess &amp; &lt;Co&gt;" in page.text
        assert 'aria-hidden="true">j2</span>' in page.text
        assert page.text.count('name="race"') == 32  # a choice each, and what two forms carry along
        assert (await client.get("/api/v1/leaderboard?race=race_29")).json()["total_players"] == 1
        assert (await client.get("/leaderboard?race=bw_terran")).status_code == 422
