"""The look over HTTP: for organisers only, and as described."""

from itertools import combinations
from typing import Any

from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.players.player import PlayerId

HEADERS = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
PATH = "/api/v1/admin/watch"


async def played(ladder: Ladder) -> None:
    """Everybody wins by turns, but the first always beats the second in forty more games."""
    players = [(await ladder.use_cases.players.register(f"Player {number}")).id for number in range(10)]
    results = [(*both, turn % 2 == 0) for turn in range(8) for both in combinations(players, 2)]
    results += [(players[0], players[1], True)] * 40
    now_us = ladder.clock.now_us()

    def side(who: PlayerId) -> tuple[Participant]:
        return (Participant(player_id=who, race=ladder.use_cases.catalog.race_codes[0]),)

    await ladder.use_cases.recorder.record_batch(
        [
            FinalMatch(
                source_key=f"game {number}",
                sides=(side(first), side(second)),
                result=MatchResult.SIDE_1_WON if is_won else MatchResult.SIDE_2_WON,
                ended_at_us=now_us - 1_000_000 * (500 - number),
            )
            for number, (first, second, is_won) in enumerate(results)
        ]
    )


async def asked(ladder: Ladder, **parameters: str) -> tuple[int, dict[str, Any]]:
    async with ladder.client() as client:
        response = await client.get(PATH, params=parameters, headers=HEADERS)
    return response.status_code, response.json()


async def test_it_is_for_organisers_only() -> None:
    ladder = Ladder()
    async with ladder.client() as client:
        assert (await client.get(PATH)).status_code == 401
        assert (await client.get(PATH, headers={"Authorization": "Bearer wrong"})).status_code == 401


async def test_a_pair_is_told_with_names_counts_and_match_numbers() -> None:
    ladder = Ladder()
    await played(ladder)
    status, report = await asked(ladder)
    assert status == 200
    (pair,) = report["pairs"]
    assert (pair["games"], pair["points"], pair["known_lengths"], pair["short_games"]) == (48, 44, 0, 0)
    assert [side["other_games"] for side in pair["sides"]] == [64, 64]
    assert all(side["race"] is None and side["player_name"].startswith("Player") for side in pair["sides"])
    assert len(pair["match_ids"]) == 48
    assert report["pairs_looked_at"] == 45
    assert 0 < report["pairs_by_chance"] < 1
    assert (report["games"], report["season"], report["earlier_games_left_out"]) == (400, None, False)


async def test_an_empty_ladder_has_nothing_unusual() -> None:
    status, report = await asked(Ladder(), days="30")
    assert status == 200
    assert (report["games"], report["pairs"], report["players"], report["accounts"]) == (0, [], [], [])


async def test_what_cannot_be_looked_at_is_refused() -> None:
    for parameters, status, field in (
        ({"season": "summer"}, 404, None),
        ({"season": "*"}, 422, "season"),
        ({"season": "summer", "days": "3"}, 422, "days"),
        ({"days": "0"}, 422, "days"),
        ({"limit": "3"}, 422, "limit"),
    ):
        found, body = await asked(Ladder(), **parameters)
        assert (found, body["error"]["field"]) == (status, field)
