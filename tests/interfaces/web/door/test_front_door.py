"""Before anything is answered: proxies, names, and how much one address may have open."""

import asyncio
from ipaddress import ip_network

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from tests.interfaces.web.door.refusals import plain_refusals
from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder
from toprung.interfaces.web.door.addresses import TrustedProxies
from toprung.interfaces.web.door.admin_token import WRONG_MAX, AdminToken
from toprung.interfaces.web.door.errors import TooManyRequests
from toprung.interfaces.web.door.front_door import DoorRules, Forwarded, FrontDoor
from toprung.interfaces.web.door.hosts import AllowedHosts

PROXY = "10.0.0.9"
BEHIND = DoorRules(proxies=TrustedProxies([ip_network("10.0.0.0/24")]))
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


class Busy:
    """An application whose every answer waits until it is let go."""

    def __init__(self) -> None:
        self.inside = 0
        self.most_inside = 0
        self.clients: list[str] = []
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.clients.append(scope["client"][0])
        await self.let_go.wait()
        self.inside -= 1
        await PlainTextResponse(scope["scheme"])(scope, receive, send)


class House:
    """The door before a busy application, and clients at it."""

    def __init__(self, rules: DoorRules) -> None:
        self.app = Busy()
        refusals = plain_refusals()
        door = FrontDoor(self.app, rules, AdminToken(ADMIN_TOKEN), refusals)
        self.door = Forwarded(door, rules.proxies)

    def client(self, address: str, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.door, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)

    async def enter(self, times: int, address: str, forwarded_for: str | None = None) -> list[asyncio.Task[int]]:
        """Asks so often at once; returns when all who may are inside."""

        async def ask() -> int:
            headers = None if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
            async with self.client(address, headers) as client:
                return (await client.get("/leaderboard")).status_code

        asking = [asyncio.create_task(ask()) for _ in range(times)]
        for _ in range(50):
            await asyncio.sleep(0)
        return asking


async def test_one_address_has_its_share_and_no_more_and_others_have_theirs() -> None:
    house = House(DoorRules(connections_per_address=5))
    crowd = await house.enter(12, "203.0.113.7")
    neighbours = await house.enter(12, "2001:db8::1")
    same_household = await house.enter(3, "2001:db8::2")
    alone = await house.enter(1, "203.0.113.8")
    assert house.app.inside == 5 + 5 + 1
    house.app.let_go.set()
    assert sorted(await asyncio.gather(*crowd)) == [200] * 5 + [429] * 7
    assert sorted(await asyncio.gather(*neighbours)) == [200] * 5 + [429] * 7
    assert await asyncio.gather(*same_household) == [429] * 3
    assert await asyncio.gather(*alone) == [200]
    assert await asyncio.gather(*await house.enter(5, "203.0.113.7")) == [200] * 5, "all places are free again"


async def test_behind_a_trusted_proxy_each_client_has_a_share_of_its_own() -> None:
    rules = DoorRules(proxies=BEHIND.proxies, connections_per_address=2)
    house = House(rules)
    asking = [
        *await house.enter(3, PROXY, "203.0.113.7"),
        *await house.enter(2, PROXY, "1.1.1.1, 203.0.113.8"),
        *await house.enter(3, "203.0.113.9", "203.0.113.10"),  # no proxy of ours: it speaks for itself only
    ]
    house.app.let_go.set()
    assert await asyncio.gather(*asking) == [200, 200, 429, 200, 200, 200, 200, 429]
    assert house.app.clients == ["203.0.113.7"] * 2 + ["203.0.113.8"] * 2 + ["203.0.113.9"] * 2


async def test_health_and_organisers_are_answered_when_there_is_no_room_for_anybody() -> None:
    house = House(DoorRules(connections_max=3, connections_per_address=2))
    crowd = [*await house.enter(2, "203.0.113.7"), *await house.enter(2, "203.0.113.8")]
    assert house.app.inside == 3
    async with house.client("203.0.113.9") as client:
        full = await client.get("/api/v1/leaderboard")
        wrong = [await client.get("/api/v1/admin/pool", headers={"Authorization": "Bearer x"}) for _ in range(20)]
    async with house.client("203.0.113.9") as watcher, house.client("203.0.113.7", ADMIN) as organiser:
        health = asyncio.create_task(watcher.get("/healthz"))
        pool = asyncio.create_task(organiser.get("/api/v1/admin/pool"))
        for _ in range(50):
            await asyncio.sleep(0)
        house.app.let_go.set()
        assert (await health).status_code == (await pool).status_code == 200
    assert (full.status_code, full.headers["retry-after"], full.json()["error"]["code"]) == (503, "5", "busy")
    assert [answer.status_code for answer in wrong] == [401] * WRONG_MAX + [429] * 10, (
        "no way round the limit of guesses"
    )
    assert sorted(await asyncio.gather(*crowd)) == [200, 200, 200, 503]


@pytest.mark.parametrize(
    ("peer", "proto", "scheme"), [(PROXY, "https", "https"), (PROXY, "gopher", "http"), ("9.9.9.9", "https", "http")]
)
async def test_only_a_trusted_proxy_says_how_the_client_came(peer: str, proto: str, scheme: str) -> None:
    house = House(BEHIND)
    house.app.let_go.set()
    async with house.client(peer, {"X-Forwarded-Proto": proto}) as client:
        assert (await client.get("/")).text == scheme


async def test_a_proxy_that_nobody_named_is_told_of_once() -> None:
    house = House(DoorRules())
    house.app.let_go.set()
    with capture_logs() as logged:
        for peer in ("8.8.8.8", "127.0.0.1", "127.0.0.1"):
            async with house.client(peer, {"X-Forwarded-For": "203.0.113.7"}) as client:
                await client.get("/")
    assert [(entry["event"], entry["peer"]) for entry in logged] == [("forwarded_header_not_believed", "127.0.0.1")]
    assert house.app.clients == ["8.8.8.8", "127.0.0.1", "127.0.0.1"]


@pytest.mark.parametrize(
    "path", ["/leaderboard/", "/static", "/leaderboard", "/api/v1/leaderboard/", "//evil.example/"]
)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "@evil.example"])
async def test_another_sites_name_is_refused_and_nothing_leads_there(path: str, host: str) -> None:
    async with Ladder().client() as client:
        refused = await client.get(path, headers={"Host": host})
    assert refused.status_code == 421
    assert "location" not in refused.headers
    assert "TOPRUNG_ALLOWED_HOSTS" in refused.text
    assert "content-security-policy" in refused.headers
    assert ("application/json" in refused.headers["content-type"]) == path.startswith(("/api/", "/static/"))


@pytest.mark.parametrize("site_url", [None, "https://ladder.example.org"])
async def test_redirects_and_links_name_this_site_only(site_url: str | None) -> None:
    hosts = AllowedHosts(("*",), site_url=site_url)
    ladder = Ladder(door=DoorRules(hosts=hosts, site_url=site_url))
    ladder.put("Maru")
    async with ladder.client() as client:
        for path in (
            "/",
            "/leaderboard/",
            "/leaderboard/rows/",
            "/leaderboard?page=1",
            "/api/v1/leaderboard/",
            "/healthz/",
        ):
            answer = await client.get(path, headers={"Host": "evil.example"})
            assert answer.headers["location"].startswith("/")
            assert not answer.headers["location"].startswith("//")
        page = await client.get("/leaderboard?race=bw_terran", headers={"Host": "evil.example"})
        described = (await client.get("/openapi.json")).json()
    assert f'<link rel="canonical" href="{site_url or ""}/leaderboard?race=bw_terran">' in page.text
    assert "evil.example" not in page.text
    assert described.get("servers") == (None if site_url is None else [{"url": site_url}])


async def test_one_address_watches_live_on_so_many_pages_and_no_more() -> None:
    ladder = Ladder(listeners_per_address=3)
    ladder.put("Maru")
    listening = [ladder.hub.listen("203.0.113.7") for _ in range(3)]
    for versions in listening:
        await anext(versions)
    with pytest.raises(TooManyRequests):
        await anext(ladder.hub.listen("203.0.113.7"))
    async with ladder.client("203.0.113.7") as client:
        refused = await client.get("/events")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) > 0
    other = ladder.hub.listen("203.0.113.8")
    assert await anext(other) == "0-1"
    await listening[0].aclose()
    listening[0] = ladder.hub.listen("203.0.113.7")
    assert await anext(listening[0]) == "0-1"
    for versions in (*listening, other):
        await versions.aclose()
    assert not ladder.hub._of_address
