"""What two players do is what a page shows: no storage, board or site stands between that the program has not."""

import pytest

from tests.interfaces.web.ladder import Ladder
from toprung.domain.matches.match import Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import to_iso


@pytest.fixture
def ladder() -> Ladder:
    return Ladder()


async def test_a_reported_match_moves_the_board(ladder: Ladder) -> None:
    made = ladder.use_cases
    await made.store.load()
    maru, serral = [await made.players.register(name) for name in ("Maru", "Serral")]
    sides = Participant(player_id=maru.id, race="sc2_terran"), Participant(player_id=serral.id, race="sc2_zerg")
    match = await made.lifecycle.open(*sides)
    for player in (maru, serral):
        await made.lifecycle.act(match.id, player.id, Step.CONFIRM)
    async with ladder.client() as client:
        before = (await client.get("/api/v1/leaderboard")).json()
        await made.lifecycle.act(match.id, serral.id, Step.REPORT, Outcome.LOSS)
        after = (await client.get("/api/v1/leaderboard")).json()
        page = (await client.get("/leaderboard")).text
        shown = (await client.get(f"/api/v1/players/{maru.id}/standing")).json()
        paths = [f"/api/v1/players/{one.id}/head-to-head/{other.id}" for one, other in ((maru, serral), (serral, maru))]
        won, lost = [(await client.get(path)).json() for path in paths]
        refused = [
            await client.get(f"/api/v1/players/{maru.id}/head-to-head/{other}") for other in (maru.id, "me", 999_999)
        ]
    assert (won["games_played"], won["games_won"], won["games_lost"], won["games_drawn"]) == (1, 1, 0, 0)
    assert (lost["games_won"], lost["games_lost"], lost["opponent_id"]) == (0, 1, str(maru.id))
    assert won["last_played"] == lost["last_played"] == to_iso(ladder.clock.now_us())
    assert [(one.status_code, one.json()["error"]["field"]) for one in refused] == [
        (409, None),
        (422, "opponent_id"),
        (404, None),
    ]
    assert before["players"] == []
    assert [row["player_name"] for row in after["players"]] == ["Maru", "Serral"]
    assert after["players"][0]["mmr"] > 1500 > after["players"][1]["mmr"]
    assert after["version"] != before["version"]
    assert page.index("Maru") < page.index("Serral")
    assert "sc2_terran" in str(shown)
