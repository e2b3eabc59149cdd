"""The site in the reader's language: by what the browser accepts, by the switch, and with everything that it says."""

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest

from tests.interfaces.web.ladder import ADMIN_TOKEN, HOUR_US, Ladder
from toprung.interfaces.texts.texts import load_texts

TEXTS = load_texts()
KOREAN = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.8"}
LATIN = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]+)+")


@pytest.fixture
def ladder() -> Ladder:
    ladder = Ladder()
    ladder.put("이영호", race="bw_terran", mmr=2000, country="KR", hours_ago=2, won=6, lost=2, drawn=1)
    ladder.put("비수", race="sc2_zerg", mmr=1900, country="FI", hours_ago=50)
    for number in range(30):
        ladder.put(f"선수{number}", race="sc2_terran", mmr=1800 - number, country="FR", hours_ago=5)
    return ladder


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[httpx.AsyncClient]:
    async with ladder.client() as client:
        yield client


def language_of(page: str) -> str:
    found = re.search(r'<html lang="([^"]+)">', page)
    assert found
    return found[1]


async def test_a_page_is_in_the_language_that_the_browser_accepts(client: httpx.AsyncClient) -> None:
    pages = {
        header: (await client.get("/leaderboard", headers={"Accept-Language": header})).text
        for header in ("en", "ko", "de,ko;q=0.5", "de", "")
    }
    assert {header: language_of(page) for header, page in pages.items()} == {
        "en": "en",
        "ko": "ko",
        "de,ko;q=0.5": "ko",
        "de": "en",
        "": "en",
    }
    assert "플레이어 찾기" in pages["ko"]
    assert "플레이어 찾기" in pages["de,ko;q=0.5"]
    assert "Frankreich" in pages["de,ko;q=0.5"]  # the names of countries follow what the browser wants most
    assert "Find a player" in pages["de"]


async def test_the_switch_goes_before_the_browser_and_stays_in_every_link(client: httpx.AsyncClient) -> None:
    page = (await client.get("/leaderboard?country=FR&lang=en", headers=KOREAN)).text
    assert language_of(page) == "en"
    assert 'href="/leaderboard?country=FR&amp;lang=ko"' in page
    assert '<link rel="alternate" hreflang="ko" href="/leaderboard?country=FR&amp;lang=ko">' in page
    assert '<link rel="alternate" hreflang="x-default" href="/leaderboard?country=FR">' in page
    links = [unescape(link) for link in re.findall(r'href="(/leaderboard[^"]*)"', page)]
    staying = [link for link in links if "country=FR&lang=ko" not in link and link != "/leaderboard?country=FR"]
    assert len(staying) >= 3
    assert not [link for link in staying if "lang=en" not in link]
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    assert len(forms) >= 3
    assert all('name="lang" value="en"' in form for form in forms)
    rows = (await client.get("/leaderboard/rows?country=FR&lang=en", headers=KOREAN)).text
    assert "Last played" in rows


@pytest.mark.parametrize("query", ["lang=xx", "lang=", "lang=KO", "lang=../../etc", "lang=ko&lang=en"])
async def test_a_language_that_there_is_not_is_passed_over(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/leaderboard?{query}", follow_redirects=True)
    assert response.status_code in {200, 422}
    assert language_of(response.text) in {"en", "ko"}
    assert "etc" not in str(response.url)


@pytest.mark.parametrize(
    "query",
    [
        *("", "country=FR", "rank=S", "find=nobody", "find=" + "x" * 60, "find=선수", "movement_since=7d"),
        *("as_of=2026-03-14T11%3A00%3A00Z", "as_of=2026-03-14T11%3A00%3A00Z&corrected=true", "country=IS&rank=S"),
        *("race=xx", "page=x", "rank=Z", "as_of=2030-01-01T00%3A00%3A00Z"),
    ],
)
async def test_a_korean_page_says_nothing_in_english(client: httpx.AsyncClient, query: str) -> None:
    page = (await client.get(f"/leaderboard?{query}", headers=KOREAN, follow_redirects=True)).text
    assert language_of(page) == "ko"
    body = page[page.index("<body>") :]
    said = re.sub(r"<code>.*?</code>|<script.*?</script>", "", body, flags=re.DOTALL)
    said = " | ".join(re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', said)) + re.sub(
        r"<[^>]*>", "|", said
    )
    races = ("SC: Evo Complete", "SC: Evo", "SC2 ", "BW ", "English")
    for name in races:
        said = said.replace(name, "|")
    assert not LATIN.findall(unescape(said))


async def test_the_empty_ladders_are_in_the_language_as_well(ladder: Ladder) -> None:
    async with Ladder().client() as client:
        assert "래더가 첫 경기를 기다리고 있습니다" in (await client.get("/leaderboard", headers=KOREAN)).text
    ladder.clock.forward(24 * 1_000 * HOUR_US)
    async with ladder.client() as client:
        page = (await client.get("/leaderboard", headers=KOREAN)).text
    assert "모두 쉬는 중입니다" in page
    assert "<code>--inactivity-days</code>" in page


async def test_what_is_looked_for_is_no_markup_in_any_language(client: httpx.AsyncClient) -> None:
    for language in TEXTS.languages:
        page = (await client.get(f"/leaderboard?find=%3Cb%3E%7Bname%7D&lang={language}", follow_redirects=True)).text
        assert "<bdi>&lt;b&gt;{name}</bdi>" in page
        assert "<b>" not in page


async def test_a_kept_page_is_kept_for_its_language_only(client: httpx.AsyncClient) -> None:
    asked = [
        ("/leaderboard", {}),
        ("/leaderboard", KOREAN),
        ("/leaderboard?lang=ko", {}),
        ("/leaderboard?lang=en", KOREAN),
    ]
    for _ in range(2):
        said = [language_of((await client.get(address, headers=headers)).text) for address, headers in asked]
        assert said == ["en", "ko", "ko", "en"]
    tags = {(await client.get(address, headers=headers)).headers["etag"] for address, headers in asked}
    assert len(tags) == 4
    assert "Accept-Language" in (await client.get("/leaderboard")).headers["vary"]


async def test_an_errors_page_is_in_the_language_that_was_chosen(client: httpx.AsyncClient) -> None:
    response = await client.get("/nothing/here?lang=ko")
    assert response.status_code == 404
    assert response.headers["content-language"] == language_of(response.text) == "ko"
    assert "이 주소에는 아무것도 없습니다." in response.text
    assert 'href="/leaderboard?lang=ko"' in response.text
    assert language_of((await client.get("/nothing/here?lang=xx", headers=KOREAN)).text) == "ko"


@pytest.mark.parametrize(
    ("path", "code", "field", "sentence"),
    [
        ("/api/v1/nothing", "not_found", None, "이 주소에는 아무것도 없습니다."),
        (
            "/api/v1/leaderboard?page=x",
            "invalid_input",
            "page",
            "page은(는) 1에서 1000000000까지의 정수여야 하며 'x'은(는) 안 됩니다.",
        ),
        ("/api/v1/leaderboard?country=qq", "unknown_country", "country", "'qq'은(는) 국가 코드가 아닙니다."),
        ("/api/v1/leaderboard?lang=ko", "unknown_parameter", "lang", "여기에는 'lang' 매개변수가 없습니다."),
        ("/api/v1/players?search=", "invalid_input", "search", "이름이나 이름의 일부 등 무엇을 찾을지 말하세요."),
        ("/api/v1/players/77/standing", "not_found", None, "플레이어 77의 기록은 이 필터에 해당하는 것이 없습니다."),
        (
            "/api/v1/admin/matches/77",
            "unauthorized",
            None,
            "관리 API에는 토큰이 `Authorization: Bearer ...`로 필요합니다.",
        ),
    ],
)
async def test_the_api_says_what_is_wrong_in_the_language_and_to_programs_the_same(
    client: httpx.AsyncClient, path: str, code: str, field: str | None, sentence: str
) -> None:
    korean, english = [await client.get(path, headers={"Accept-Language": language}) for language in ("ko", "en")]
    assert korean.status_code == english.status_code
    one, other = korean.json()["error"], english.json()["error"]
    assert (one["code"], one["field"]) == (other["code"], other["field"]) == (code, field)
    assert one["message"].startswith(sentence)
    assert other["message"] != one["message"]
    assert (korean.headers["content-language"], english.headers["content-language"]) == ("ko", "en")
    assert "Accept-Language" in korean.headers["vary"]


async def test_the_admin_api_speaks_the_language_too(client: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", **KOREAN}
    answers = [
        await client.post("/api/v1/admin/players/ban", headers=headers, json={}),
        await client.post(
            "/api/v1/admin/players", headers={**headers, "Content-Type": "application/json"}, content=b"\xff"
        ),
        await client.get("/api/v1/admin/matches/99999", headers=headers),
    ]
    said = [answer.json()["error"]["message"] for answer in answers]
    assert said[0].startswith("name: 올바른 값이 아닙니다(")
    assert said[1:] == ["본문은 UTF-8로 된 JSON이어야 합니다.", "경기 99999은(는) 없습니다."]
    assert [answer.status_code for answer in answers] == [422, 422, 404]
