"""The page in a real browser, against a real server on a free port of this machine."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.interfaces.web.ladder import Ladder

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update"),
    *("--no-first-run", "--disable-sync"),
)
FOUND = next((path for name in BROWSERS if (path := shutil.which(name))), None)

pytestmark = [
    pytest.mark.skipif(FOUND is None and "CI" not in os.environ, reason="no Chromium; install it to run browser tests"),
    pytest.mark.asyncio(loop_scope="module"),
]


class Server(uvicorn.Server):
    """A server that says when it answers, and leaves the process's signals alone."""

    def __init__(self, ladder: Ladder) -> None:
        config = uvicorn.Config(ladder.app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.answers.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@asynccontextmanager
async def served(ladder: Ladder) -> AsyncIterator[str]:
    server = Server(ladder)
    serving = asyncio.ensure_future(server._serve())
    await asyncio.wait_for(server.answers.wait(), 10)
    try:
        yield server.url
    finally:
        ladder.hub.close()
        server.should_exit = True
        await asyncio.wait_for(serving, 10)


@pytest.fixture
def ladder() -> Ladder:
    ladder = Ladder()
    for number in range(1, 101):
        race = "bw_zerg" if number % 2 else "sc2_protoss"
        ladder.put(f"Player{number:03}", race=race, mmr=3000 - 10 * number, country="KR" if number % 3 else "US")
    return ladder


@pytest_asyncio.fixture(loop_scope="module")
async def site(ladder: Ladder) -> AsyncIterator[str]:
    async with served(ladder) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    assert FOUND is not None, "CI must have a Chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=FOUND, args=list(ARGUMENTS))
        yield browser
        await browser.close()


@asynccontextmanager
async def visited(browser: Browser, url: str, **options: Any) -> AsyncIterator[Page]:
    """A page that was opened; afterwards it must have had nothing to complain of."""
    complaints: list[str] = []
    context: BrowserContext = await browser.new_context(**{"locale": "en-US", **options})
    page = await context.new_page()
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url} {request.failure}"))
    await page.goto(url)
    yield page
    await context.close()
    assert not [text for text in complaints if "ERR_ABORTED" not in text]  # that is what a closed stream looks like


async def row_keys(page: Page) -> list[str]:
    return list(await page.eval_on_selector_all("#board tbody tr", "rows => rows.map(row => row.id)"))


async def is_live(page: Page) -> None:
    await expect(page.locator("#live")).to_have_attribute("data-state", "live")


async def test_rows_follow_the_board_and_nothing_else_moves(ladder: Ladder, site: str, browser: Browser) -> None:
    address = f"{site}/leaderboard?race=bw_zerg&page=1&page_size=30"
    async with visited(browser, address, viewport={"width": 1000, "height": 600}) as page:
        await is_live(page)
        assert (await row_keys(page))[10] == "row-21-bw_zerg"
        await page.evaluate("scrollTo({top: 700, behavior: 'instant'})")
        await page.locator("#page-next").evaluate("link => link.focus({preventScroll: true})")
        before = await page.evaluate("scrollY")
        assert before == 700
        old_row = await page.query_selector("#row-41-bw_zerg")

        await ladder.score(41, 205)

        await expect(page.locator("#board tbody tr").nth(10)).to_have_attribute("id", "row-41-bw_zerg")
        await expect(page.locator("#row-41-bw_zerg .c-mmr")).to_contain_text("2795")
        await expect(page.locator("#row-41-bw_zerg")).to_have_class("letter-b has-risen")
        assert await page.evaluate("row => row === document.getElementById('row-41-bw_zerg')", old_row)
        assert await page.evaluate("scrollY") == before
        assert await page.evaluate("document.activeElement.id") == "page-next"
        assert page.url == f"{site}/leaderboard?race=bw_zerg&page_size=30"
        assert await page.locator("#race-bw_zerg").is_checked()
        await expect(page.locator("#announce")).to_have_text("Leaderboard updated: 1 row on this page changed.")
        await expect(page.locator("#board-version")).to_have_text("1-100")


async def test_a_burst_of_changes_is_few_fetches(ladder: Ladder, site: str, browser: Browser) -> None:
    async with visited(browser, f"{site}/leaderboard") as page:
        await is_live(page)
        fetches: list[str] = []
        page.on("request", lambda request: fetches.append(request.url) if "/rows" in request.url else None)
        for _ in range(40):
            await ladder.score(1, 1)
        await expect(page.locator("#row-1-bw_zerg .c-mmr")).to_contain_text("3030")
        assert 1 <= len(fetches) <= 3


async def test_it_is_live_again_after_the_server_was_away(ladder: Ladder, browser: Browser) -> None:
    ladder.storage.is_down = False
    async with served(ladder) as url, visited(browser, f"{url}/leaderboard") as page:
        await is_live(page)
        await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
        await ladder.score(1, 7)
        await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
        await expect(page.locator("#row-1-bw_zerg .c-mmr")).to_contain_text("2997")


async def test_filters_apply_without_a_reload_and_the_back_button_takes_them_back(site: str, browser: Browser) -> None:
    async with visited(browser, f"{site}/leaderboard") as page:
        await is_live(page)
        await page.evaluate("window.isTheSamePage = true")
        await expect(page.locator(".apply")).to_be_hidden()
        await page.locator(".toggle", has_text="BW Zerg").click()
        await expect(page.locator("#board-count")).to_have_text("50 entries of 100")
        await expect(page).to_have_url(f"{site}/leaderboard?race=bw_zerg")
        await page.locator(".countries summary").click()
        await page.get_by_label("Search countries").fill("united s")
        await expect(page.locator("#country-KR")).to_be_hidden()
        await page.get_by_label("United States", exact=True).check()
        await expect(page.locator("#board-count")).to_have_text("17 entries of 100")
        await expect(page).to_have_url(f"{site}/leaderboard?race=bw_zerg&country=US")
        assert await page.locator(".countries").get_attribute("open") is not None
        await page.keyboard.press("Escape")
        await expect(page.locator(".countries-panel")).to_be_hidden()
        await page.get_by_role("link", name="Remove the filter BW Zerg").click()
        await expect(page).to_have_url(f"{site}/leaderboard?country=US")
        await expect(page.locator("#race-bw_zerg")).not_to_be_checked()
        await page.go_back()
        await expect(page).to_have_url(f"{site}/leaderboard?race=bw_zerg&country=US")
        await expect(page.locator("#board-count")).to_have_text("17 entries of 100")
        await expect(page.locator("#race-bw_zerg")).to_be_checked()
        assert await page.evaluate("window.isTheSamePage")


async def test_a_quick_hand_gets_what_it_chose_last(site: str, browser: Browser) -> None:
    async with visited(browser, f"{site}/leaderboard") as page:
        await is_live(page)
        ids = ["race-bw_zerg", "race-sc2_protoss", "best-race-only"]
        await page.evaluate("ids => { for (const id of ids) document.getElementById(id).click(); }", ids)
        await expect(page).to_have_url(f"{site}/leaderboard?race=bw_zerg&race=sc2_protoss&best_race_only=true")
        await expect(page.locator("#board-count")).to_have_text("100 players of 100")
        for control in ("race-bw_zerg", "race-sc2_protoss", "best-race-only"):
            await expect(page.locator(f"#{control}")).to_be_checked()


async def test_the_keyboard_reaches_everything(site: str, browser: Browser) -> None:
    async with visited(browser, f"{site}/leaderboard?page_size=10") as page:
        await is_live(page)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip-link"
        seen: list[str] = []
        for _ in range(30):
            await page.keyboard.press("Tab")
            seen.append(await page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        for stop in (
            "find",
            "rank-all",
            "race-bw_terran",
            "SUMMARY",
            "best-race-only",
            "page-2",
            "page-next",
            "page-jump",
        ):
            assert stop in seen
        await page.locator("#race-bw_zerg").focus()
        await page.keyboard.press("Space")
        await expect(page.locator("#board-count")).to_have_text("50 entries of 100")
        assert await page.evaluate("document.activeElement.id") == "race-bw_zerg"
        await page.locator("#rank-all").focus()
        await page.keyboard.press("ArrowRight")
        await expect(page).to_have_url(f"{site}/leaderboard?rank=S&race=bw_zerg&page_size=10")
        assert await page.evaluate("document.activeElement.id") == "rank-S"
        await page.locator("#clear-all").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#board-count")).to_be_focused()
        await page.locator("#find").fill("player077")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{site}/leaderboard?page=8&page_size=10&player=77#player-77")
        await expect(page.locator("tr.is-found")).to_be_in_viewport()


async def test_pages_turn_to_their_top(site: str, browser: Browser) -> None:
    async with visited(browser, f"{site}/leaderboard", viewport={"width": 1000, "height": 600}) as page:
        await is_live(page)
        await page.locator("#page-next").click()
        await expect(page).to_have_url(f"{site}/leaderboard?page=2")
        await expect(page.locator("#board tbody tr").first).to_be_in_viewport()
        await expect(page.locator("#page-next")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (700, "light")])
async def test_nothing_is_wider_than_a_phone(ladder: Ladder, browser: Browser, width: int, scheme: str) -> None:
    ladder.fill(40)
    ladder.put("W" * 24, mmr=99_999, country="BA", won=99_999, lost=99_999, drawn=99_999, hours_ago=300)
    async with served(ladder) as url:
        query = (
            "race=bw_terran&race=bw_zerg&race=bw_protoss&race=sc2_terran&country=BA&country=KR&country=US&country=XX"
        )
        viewport = {"width": width, "height": 740}
        for address in ("/leaderboard", f"/leaderboard?{query}", "/leaderboard?country=AQ", "/leaderboard?find=e"):
            async with visited(browser, url + address, viewport=viewport, color_scheme=scheme, is_mobile=True) as page:
                await is_live(page)
                await page.locator(".countries summary").click()
                assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_everything_works_without_javascript(site: str, browser: Browser) -> None:
    async with visited(browser, f"{site}/leaderboard", java_script_enabled=False) as page:
        await expect(page.locator("#live")).to_be_hidden()
        await page.locator(".toggle", has_text="BW Zerg").click()
        await page.locator(".segment", has_text="C").click()
        await page.get_by_role("button", name="Apply").click()
        await expect(page).to_have_url(f"{site}/leaderboard?rank=C&race=bw_zerg")
        await expect(page.locator("#board-count")).to_have_text("10 entries of 100")
        await page.get_by_role("link", name="Clear all").click()
        await page.get_by_role("link", name="Page 2").click()
        await expect(page).to_have_url(f"{site}/leaderboard?page=2")
        await page.locator("#find").fill("Player001")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{site}/leaderboard?player=1#player-1")


async def test_a_hostile_name_does_nothing(ladder: Ladder, browser: Browser) -> None:
    ladder.put("<img src=x onerror=a()>", mmr=5000)
    ladder.put("' hx-get='/x' x='", mmr=4999)
    async with served(ladder) as url, visited(browser, f"{url}/leaderboard") as page:
        await is_live(page)
        await ladder.score(101, 10)
        await expect(page.locator("#row-101-bw_terran .c-mmr")).to_contain_text("5010")
        await expect(page.locator("#row-101-bw_terran bdi")).to_have_text("<img src=x onerror=a()>")
        assert await page.locator("#board bdi *, [hx-get]").count() == 0


async def test_the_server_stops_at_once_with_a_stream_open(ladder: Ladder, browser: Browser) -> None:
    async with served(ladder) as url:
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"{url}/leaderboard")
        await is_live(page)
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 2
    await context.close()
