"""The leaderboard of the past, movement and provisional marks over HTTP: the API and the page, on a real ladder."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import FakeClock
from toprung.application.organising.player_operations import BanPlayer
from toprung.application.writing.audit import Attribution
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.moment import to_iso
from toprung.domain.players.player import PlayerId
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.site.live import BoardHub

pytest_plugins = ("tests.support.databases",)

NAMES = ("Ann", "Bob", "Cid")


class Site:
    """A site on a ladder that was played an hour a game."""

    def __init__(self, opened: OpenLadder, clock: FakeClock) -> None:
        self.opened = opened
        self.clock = clock
        services = opened.ladder
        hub = BoardHub(services.leaderboard, clock.now_us)
        app = create_app(
            services,
            upload_limits=UploadLimits(),
            hub=hub,
            admin_token="what-organisers-know",
            health=dict,
            metrics=lambda: (b"", "text/plain; charset=utf-8"),
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ladder.test")
        self.moments: list[str] = []

    async def play(self, one: int, other: int) -> None:
        sides = [(Participant(player_id=PlayerId(who), race="bw_zerg"),) for who in (one, other)]
        match = FinalMatch(
            source_key=f"game {len(self.moments)}",
            sides=(sides[0], sides[1]),
            result=MatchResult.SIDE_1_WON,
            ended_at_us=self.clock.now_us(),
        )
        await self.opened.ladder.recorder.record(match)
        self.moments.append(to_iso(self.clock.now_us()))
        self.clock.advance(seconds=3600)

    async def json(self, path: str, **parameters: str) -> Any:
        response = await self.client.get(path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
async def site(sqlite_database: Database) -> AsyncIterator[Site]:
    clock = FakeClock()
    async with opened_ladder(sqlite_database, clock=clock) as opened:
        for name in NAMES:
            await opened.ladder.players.register(name, country="KR")
        site = Site(opened, clock)
        for one, other in ((1, 2), (3, 1), (3, 1), (2, 1)):
            await site.play(one, other)
        async with site.client:
            yield site


def names(answer: dict[str, Any]) -> list[str]:
    return [player["player_name"] for player in answer["players"]]


async def test_the_api_answers_as_of_a_moment(site: Site) -> None:
    then = await site.json("/api/v1/leaderboard", as_of=site.moments[0])
    assert (names(then), then["as_of"], then["corrected"]) == (["Ann", "Bob"], site.moments[0], False)
    now = await site.json("/api/v1/leaderboard")
    assert names(now)[0] == "Cid"
    assert "as_of" not in now
    assert all(player["is_provisional"] and player["deviation"] > 130 for player in now["players"])
    standing = await site.json("/api/v1/players/1/standing", as_of=site.moments[0])
    assert standing["player"]["global_rank"] == 1


async def test_the_api_tells_movement(site: Site) -> None:
    answer = await site.json("/api/v1/leaderboard", movement_since=site.moments[0])
    assert answer["movement_since"] == site.moments[0]
    moved = {player["player_name"]: player["movement"] for player in answer["players"]}
    assert moved["Cid"] is None
    assert moved["Ann"]["places"] < 0
    assert moved["Ann"]["mmr"] < 0
    assert (await site.json("/api/v1/leaderboard", movement_since="1h"))["movement_since"]
    assert "movement" not in (await site.json("/api/v1/leaderboard"))["players"][0]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": "2999-01-01T00:00:00Z"}, "as_of"),
        ({"as_of": "1969-01-01T00:00:00Z"}, "as_of"),
        ({"movement_since": "7"}, "movement_since"),
        ({"movement_since": "0d"}, "movement_since"),
        ({"movement_since": "9999w"}, "movement_since"),
        ({"movement_since": "2999-01-01T00:00:00Z"}, "movement_since"),
        ({"corrected": "yes", "movement_since": "7d"}, "corrected"),
        ({"as_of": "2026-01-01", "movement_since": "2026-02-01"}, "movement_since"),
    ],
)
async def test_nonsense_is_refused_by_its_field(site: Site, parameters: dict[str, str], field: str) -> None:
    response = await site.client.get("/api/v1/leaderboard", params=parameters)
    assert response.status_code == 422
    assert response.json()["error"]["field"] == field


@pytest.mark.parametrize("parameters", [{"as_of": "first"}, {"movement_since": "first"}, {}])
async def test_a_tag_holds_as_long_as_the_answer(site: Site, parameters: dict[str, str]) -> None:
    asked = dict.fromkeys(parameters, site.moments[0])
    first = await site.client.get("/api/v1/leaderboard", params=asked)
    known = {"If-None-Match": first.headers["etag"]}
    assert (await site.client.get("/api/v1/leaderboard", params=asked, headers=known)).status_code == 304
    await site.opened.ladder.administration.perform(BanPlayer(name="Ann", by=Attribution(actor="Eve")))
    again = await site.client.get("/api/v1/leaderboard", params=asked, headers=known)
    assert again.status_code == 200
    assert again.json() != first.json()


async def test_a_tag_of_the_present_ends_with_the_hour_in_which_absence_makes_it_less_sure(site: Site) -> None:
    first = await site.client.get("/api/v1/leaderboard")
    site.clock.advance(days=2)
    again = await site.client.get("/api/v1/leaderboard", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert again.json()["version"] == first.json()["version"]


async def test_the_page_says_which_moment_it_shows_and_is_not_live(site: Site) -> None:
    page = (await site.client.get("/leaderboard", params={"as_of": site.moments[0]})).text
    assert f'<time datetime="{site.moments[0]}">' in page
    assert "data-past" in page
    assert "Names, countries and bans are those of today" in page
    assert 'id="to-present" href="/leaderboard"' in page
    assert "Cid" not in page
    present = (await site.client.get("/leaderboard")).text
    assert "data-past" not in present
    assert "Cid" in present


async def test_what_a_form_about_time_sends_becomes_a_permalink(site: Site) -> None:
    sent = {"as_of": site.moments[0].removesuffix("Z"), "movement_since": "", "race": "bw_zerg"}
    response = await site.client.get("/leaderboard", params=sent)
    assert response.status_code == 303
    permalink = str(httpx.URL("/leaderboard", params={"race": "bw_zerg", "as_of": site.moments[0]}))
    assert httpx.URL(response.headers["location"]) == httpx.URL(permalink)
    page = await site.client.get(response.headers["location"])
    assert page.status_code == 200
    assert page.text.count(f'name="as_of" value="{site.moments[0]}"') == 2  # in the filters' form and the search's
    assert (await site.client.get("/leaderboard", params={"corrected": "true"})).headers["location"] == "/leaderboard"


async def test_the_page_tells_movement_and_doubt_in_words(site: Site) -> None:
    page = (await site.client.get("/leaderboard", params={"movement_since": site.moments[0]})).text
    assert '<span class="visually-hidden">not ranked then</span>' in page
    assert '<span aria-hidden="true">▼2</span><span class="visually-hidden">down 2 places, -' in page
    assert "Provisional (± " in page
    assert page.count('role="columnheader"') == (await site.client.get("/leaderboard")).text.count("columnheader") + 1


async def test_a_name_is_found_on_the_board_that_is_looked_at(site: Site) -> None:
    response = await site.client.get("/leaderboard", params={"as_of": site.moments[0], "find": "Ann"})
    assert response.status_code == 303
    assert "as_of=" in response.headers["location"]
    assert response.headers["location"].endswith("#player-1")


async def test_seasons_are_listed_and_their_boards_kept(site: Site) -> None:
    headers = {"Authorization": "Bearer what-organisers-know"}
    assert (await site.json("/api/v1/seasons")) == {"seasons": []}
    start = {"code": "s1", "name": "One", "reason": "new"}
    started = await site.client.post("/api/v1/admin/seasons/start", json=start, headers=headers)
    assert started.status_code == 200
    assert started.json()["season"]["reset_deviation"] == 150
    assert (await site.client.post("/api/v1/admin/seasons/start", json=start, headers=headers)).status_code == 409
    ended = await site.client.post("/api/v1/admin/seasons/end", json={"reason": "over"}, headers=headers)
    assert ended.json()["code"] == "s1"
    (season,) = (await site.json("/api/v1/seasons"))["seasons"]
    assert season == ended.json()
    board = await site.json("/api/v1/leaderboard")
    site.clock.advance(seconds=1)
    await site.play(2, 3)
    kept = await site.json("/api/v1/leaderboard", as_of=season["ended_at"])
    assert names(kept) == names(board)


async def test_a_rating_is_set_over_http(site: Site) -> None:
    headers = {"Authorization": "Bearer what-organisers-know"}
    body = {"name": "Ann", "race": "bw_zerg", "mmr": 2222, "preview": True}
    preview = await site.client.post("/api/v1/admin/players/rating", json=body, headers=headers)
    assert preview.json()["mmr_after"] == 2222
    refused = await site.client.post("/api/v1/admin/players/rating", json=body | {"preview": False}, headers=headers)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "reason")
    assert (await site.json("/api/v1/leaderboard"))["players"][0]["mmr"] < 2222
    told = body | {"preview": False, "reason": "a smurf"}
    assert (await site.client.post("/api/v1/admin/players/rating", json=told, headers=headers)).json() == preview.json()
    assert (await site.json("/api/v1/leaderboard"))["players"][0]["mmr"] == 2222
