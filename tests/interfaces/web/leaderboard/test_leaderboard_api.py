"""`GET /api/v1/leaderboard`, its neighbours, and how they refuse."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.interfaces.web.ladder import HOUR_US, Ladder
from toprung.domain.leaderboard.leaderboard import LeaderboardRow
from toprung.domain.players.player import PlayerId
from toprung.interfaces.web.site.kept import has_match


@pytest.fixture
def ladder() -> Ladder:
    ladder = Ladder()
    ladder.put("이영호", race="bw_terran", mmr=2000, country="KR", hours_ago=2, won=6, lost=2, drawn=1)
    ladder.put("이영호", race="bw_zerg", mmr=1700, country="KR", hours_ago=1)
    ladder.put("Serral", race="sc2_zerg", mmr=1900, country="FI", hours_ago=3)
    ladder.put("Clem", race="sc2_terran", mmr=1800, country="FR", hours_ago=13 * 24)
    ladder.put("Newcomer", race="sc2_terran", mmr=1500, country=None, won=0, lost=0)
    return ladder


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[httpx.AsyncClient]:
    async with ladder.client() as client:
        yield client


async def test_the_shape_is_exactly_what_is_promised(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/leaderboard", params={"race": "bw_terran"})

    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "players": [
            {
                "global_rank": 1,
                "filter_rank": 1,
                "letter_rank": "B",
                "percentile": 100.0,
                "player_id": "1",
                "player_name": "이영호",
                "country": "KR",
                "race": "bw_terran",
                "mmr": 2000,
                "games_played": 9,
                "games_won": 6,
                "games_lost": 2,
                "games_drawn": 1,
                "last_played": "2026-03-14T10:00:00Z",
                "deviation": 201,
                "is_provisional": True,
            }
        ],
        "total_pages": 1,
        "current_page": 1,
        "total_players": 1,
        "version": "0-4",
    }


async def test_filters_combine_and_never_renumber_the_ladder(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/leaderboard?race=bw_zerg&race=sc2_terran&country=KR&country=FR")

    rows = response.json()["players"]
    assert [(row["player_name"], row["global_rank"], row["filter_rank"]) for row in rows] == [
        ("Clem", 3, 1),
        ("이영호", 4, 2),
    ]
    assert [row["percentile"] for row in rows] == [100.0, 50.0]


async def test_a_minimum_of_games_changes_the_rank_in_the_filter_and_no_other(client: httpx.AsyncClient) -> None:
    everybody = (await client.get("/api/v1/leaderboard")).json()
    games = sorted({player["games_played"] for player in everybody["players"]})
    for number in (0, *games, games[-1] + 1):
        page = (await client.get(f"/api/v1/leaderboard?min_games={number}")).json()
        kept = [player for player in everybody["players"] if player["games_played"] >= number]
        assert page["total_players"] == len(kept)
        assert [player["filter_rank"] for player in page["players"]] == list(range(1, len(kept) + 1))
        for name in ("player_id", "race", "global_rank", "letter_rank", "games_played"):
            assert [player[name] for player in page["players"]] == [player[name] for player in kept]
    document = (await client.get("/openapi.json")).json()
    parameters = document["paths"]["/api/v1/leaderboard"]["get"]["parameters"]
    (described,) = [one for one in parameters if one["name"] == "min_games"]
    assert (described["schema"]["minimum"], described["schema"]["default"]) == (0, 0)


async def test_best_race_only_keeps_one_row_a_player(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/v1/leaderboard?best_race_only=true")).json()
    assert [row["race"] for row in page["players"]] == ["bw_terran", "sc2_zerg", "sc2_terran"]


async def test_every_row_is_reached_and_a_page_past_the_end_is_the_last(client: httpx.AsyncClient) -> None:
    seen = []
    for number in range(1, 5):
        page = (await client.get(f"/api/v1/leaderboard?page_size=1&page={number}")).json()
        assert (page["current_page"], page["total_pages"]) == (number, 4)
        seen += [row["global_rank"] for row in page["players"]]
    assert seen == [1, 2, 3, 4]
    assert (await client.get("/api/v1/leaderboard?page_size=1&page=999999999")).json()["current_page"] == 4


async def test_an_etag_spares_the_answer_until_the_board_changes(ladder: Ladder, client: httpx.AsyncClient) -> None:
    first = await client.get("/api/v1/leaderboard")
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"

    for tag in (etag, "*", f'"other", {etag}', etag.removeprefix("W/")):
        again = await client.get("/api/v1/leaderboard", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)

    await ladder.score(1, 25)
    changed = await client.get("/api/v1/leaderboard", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.json()["players"][0]["mmr"] == 2025


async def test_the_etag_changes_when_an_entry_lapses_without_a_write(ladder: Ladder, client: httpx.AsyncClient) -> None:
    etag = (await client.get("/api/v1/leaderboard")).headers["etag"]
    ladder.clock.forward(HOUR_US - 1)  # ratings grow less sure by whole hours
    assert (await client.get("/api/v1/leaderboard", headers={"If-None-Match": etag})).status_code == 304
    ladder.clock.forward(23 * HOUR_US + 1)
    etag = (await client.get("/api/v1/leaderboard")).headers["etag"]

    ladder.clock.forward(1)
    lapsed = await client.get("/api/v1/leaderboard", headers={"If-None-Match": etag})
    assert lapsed.status_code == 200
    assert "Clem" not in lapsed.text


async def test_boards_of_other_settings_have_other_etags() -> None:
    tags = set()
    for days in (7, 14, None):
        other = Ladder(inactivity_days=days)
        other.put("Maru")
        async with other.client() as client:
            tags.add((await client.get("/api/v1/leaderboard")).headers["etag"])
    assert len(tags) == 3


@pytest.mark.parametrize(
    ("given", "matches"),
    [
        (None, False),
        ("", False),
        ("*", True),
        ('W/"1-1"', True),
        ('"a", "1-1"', True),
        ('"1-10"', False),
        ("1-1", False),
    ],
)
def test_if_none_match(given: str | None, matches: bool) -> None:
    assert has_match(given, 'W/"1-1"') is matches


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("race=goliath", "race", "unknown_race"),
        ("race=", "race", "unknown_race"),
        ("race=%00", "race", "unknown_race"),
        ("race=bw_terran&race=x", "race", "unknown_race"),
        ("country=Q1", "country", "unknown_country"),
        ("country=" + "K" * 5000, "country", "unknown_country"),
        ("rank=Q", "rank", "invalid_input"),
        ("rank=A&rank=B", "rank", "invalid_input"),
        ("best_race_only=maybe", "best_race_only", "invalid_input"),
        ("min_games=-1", "min_games", "invalid_input"),
        ("min_games=1.5", "min_games", "invalid_input"),
        ("min_games=1000000001", "min_games", "invalid_input"),
        ("min_games=5&min_games=6", "min_games", "invalid_input"),
        ("page=0", "page", "invalid_input"),
        ("page=-1", "page", "invalid_input"),
        ("page=1.5", "page", "invalid_input"),
        ("page=" + "9" * 5000, "page", "invalid_input"),
        ("page=%D9%A3", "page", "invalid_input"),
        ("page_size=0", "page_size", "invalid_input"),
        ("page_size=201", "page_size", "invalid_input"),
        ("page_size=", "page_size", "invalid_input"),
        ("races=bw_terran", "races", "unknown_parameter"),
        ("race=bw_terran&" * 301, "race", "invalid_input"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, query: str, field: str, code: str) -> None:
    response = await client.get(f"/api/v1/leaderboard?{query}")

    assert response.status_code == 422
    error = response.json()["error"]
    assert (error["field"], error["code"]) == (field, code)
    assert set(error) == {"code", "message", "field"}
    assert len(error["message"]) < 300


async def test_a_database_that_is_away_is_a_503(ladder: Ladder, client: httpx.AsyncClient) -> None:
    ladder.storage.is_down = True
    response = await client.get("/api/v1/leaderboard")
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "storage_unavailable"
    assert int(response.headers["retry-after"]) > 0


async def test_what_nobody_foresaw_is_a_500_without_details(ladder: Ladder, client: httpx.AsyncClient) -> None:
    await ladder.store.load()
    ladder.store.board.page = None  # type: ignore[method-assign, assignment]
    response = await client.get("/api/v1/leaderboard")
    assert response.status_code == 500
    assert response.json() == {
        "error": {
            "code": "internal",
            "message": "Something went wrong on our side; it was noted. Try again in a moment.",
            "field": None,
        }
    }
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_players_by_name(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/players", params={"search": "NEW", "limit": "5"})
    assert response.json() == {
        "players": [{"player_id": "4", "player_name": "Newcomer", "country": None, "is_listed": False}]
    }


@pytest.mark.parametrize("query", ["", "search=", "search=" + "a" * 65, "search=a&limit=0", "search=a&limit=51", "q=a"])
async def test_a_search_that_cannot_be(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/v1/players?{query}")).status_code == 422


async def test_where_a_player_stands(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/players/1/standing?race=bw_zerg&race=sc2_zerg&page_size=1")
    answer = response.json()
    assert set(answer) == {"page", "player", "version"}
    assert answer["page"] == 2
    assert (answer["player"]["race"], answer["player"]["filter_rank"], answer["player"]["global_rank"]) == (
        "bw_zerg",
        2,
        4,
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/players/1/standing?race=sc2_zerg", 404),
        ("/api/v1/players/999999/standing", 404),
        ("/api/v1/players/me/standing", 422),
        ("/api/v1/players/99999999999999999999/standing", 422),
        ("/api/v1/players/1/standing?page=2", 422),
        ("/api/v1/nothing", 404),
    ],
)
async def test_standings_that_are_not(client: httpx.AsyncClient, path: str, status: int) -> None:
    response = await client.get(path)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"code", "message", "field"}


async def test_discord_ids_are_never_public(ladder: Ladder, client: httpx.AsyncClient) -> None:
    discord_id = str(ladder.storage.database.players[PlayerId(1)].discord_id)
    for path in ("/api/v1/leaderboard", "/api/v1/players?search=e", "/api/v1/players/1/standing", "/leaderboard"):
        assert discord_id not in (await client.get(path)).text
    assert not [name for name in LeaderboardRow._fields if "discord" in name]


async def test_methods_that_are_not_offered(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/leaderboard")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.json()["error"]["code"] == "method_not_allowed"
