"""A match from two players to a result, over the admin API of a whole ladder, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.jobs import FakeBootClock
from tests.support.fakes.ladder import FakeClock
from toprung.adapters.clock import SteadyClock
from toprung.application.matches.deadline_loop import DeadlineLoop
from toprung.application.matches.match_history import MatchView
from toprung.domain.events import MatchMoved
from toprung.domain.matches.match import MatchId, MatchState
from toprung.domain.players.player import PlayerId
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.site.live import BoardHub

pytest_plugins = ("tests.support.databases",)

TOKEN = "what-organisers-know"
PLAYERS = ("Ann", "Bob", "Cid")
REASON = {"reason": "the replay shows it"}


@dataclass
class Organiser:
    """The admin API of a ladder of three players, whose clock the test moves."""

    opened: OpenLadder
    clock: FakeClock
    http: httpx.AsyncClient

    async def open(self, first: str = "Ann", second: str = "Bob", **more: str) -> httpx.Response:
        body = {"player_1": first, "race_1": "bw_zerg", "player_2": second, "race_2": "sc2_terran", **more}
        return await self.http.post("/open-match", json=body)

    async def act(self, number: int, player: str, step: str, outcome: str | None = None) -> httpx.Response:
        body = {"player": player, "step": step, "outcome": outcome}
        return await self.http.post(f"/matches/{number}/steps", json=body)

    async def begun(self, first: str = "Ann", second: str = "Bob") -> int:
        number = int((await self.open(first, second)).json()["match_id"])
        for player in (first, second):
            assert (await self.act(number, player, "confirm")).status_code == 200
        return number

    async def match(self, number: int) -> Any:
        return (await self.http.get(f"/matches/{number}")).json()

    async def standings(self) -> dict[str, int]:
        page = await self.opened.ladder.leaderboard.get_leaderboard_data()
        return {row.player_name: row.mmr for row in page.players}

    async def view(self, number: int, player: str) -> MatchView:
        return await self.opened.ladder.matches.get(MatchId(number), player)

    async def pass_deadlines(self) -> int | None:
        return await self.opened.ladder.lifecycle.pass_deadlines()

    async def is_in_order(self) -> bool:
        return await self.opened.ladder.verification.verify(lambda _done, _total: None) == []


@pytest.fixture
async def organiser(database: Database) -> AsyncIterator[Organiser]:
    clock = FakeClock()
    async with opened_ladder(database, clock=clock) as opened, over_http(opened) as http:
        for name in PLAYERS:
            await opened.ladder.players.register(name, region="KRJ")
        yield Organiser(opened, clock, http)


def over_http(opened: OpenLadder) -> httpx.AsyncClient:
    services = opened.ladder
    app = create_app(
        services,
        upload_limits=UploadLimits(),
        hub=BoardHub(services.leaderboard, opened.ladder.clock.now_us),
        admin_token=TOKEN,
        health=dict,
        metrics=lambda: (b"", "text/plain"),
    )
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://ladder.test/api/v1/admin",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )


def refused(response: httpx.Response) -> str:
    assert response.status_code == 409, response.text
    assert response.json()["error"]["code"] in {"step_refused", "conflict"}
    return str(response.json()["error"]["message"])


async def test_two_players_confirm_report_the_same_and_the_board_shows_it(organiser: Organiser) -> None:
    number = await organiser.begun()
    claimed = (await organiser.act(number, "Ann", "report", "win")).json()
    assert (claimed["state"], claimed["result"], await organiser.standings()) == ("reported", None, {})
    assert (await organiser.act(number, "Bob", "report", "loss")).json()["state"] == "completed"
    match = await organiser.match(number)
    assert (match["state"], match["result"]) == ("completed", "side_1_won")
    assert match["map_name"] is not None
    assert match["server"] is not None
    changes = {side["player_name"]: (side["mmr_before"], side["mmr_after"]) for side in match["sides"]}
    assert await organiser.standings() == {name: after for name, (_, after) in changes.items()}
    assert changes["Ann"][1] > changes["Ann"][0]
    why = (await organiser.http.get(f"/matches/{number}/why")).json()["sentences"]
    assert why[0].startswith("Ann won against Bob and went from 1500 to ")
    assert await organiser.is_in_order()


async def test_whoever_lost_is_believed_at_once_and_the_winners_word_then_changes_nothing(organiser: Organiser) -> None:
    number = await organiser.begun()
    assert (await organiser.act(number, "Bob", "report", "loss")).json()["state"] == "completed"
    before = await organiser.standings()
    assert (await organiser.act(number, "Ann", "report", "win")).json()["state"] == "completed"
    assert "its result stands" in refused(await organiser.act(number, "Ann", "report", "draw"))
    assert await organiser.standings() == before


async def test_every_step_twice_at_the_same_instant_is_one_step(organiser: Organiser) -> None:
    twins = await asyncio.gather(*(organiser.open(key="wave 1") for _ in range(4)))
    assert {response.json()["match_id"] for response in twins} == {"1"}
    for player in ("Ann", "Bob"):
        answers = await asyncio.gather(*(organiser.act(1, player, "confirm") for _ in range(4)))
        assert {response.status_code for response in answers} == {200}
    reports = [organiser.act(1, player, "report", said) for player, said in (("Ann", "win"), ("Bob", "loss"))]
    answers = await asyncio.gather(*reports, organiser.act(1, "Bob", "report", "loss"))
    assert {response.status_code for response in answers} == {200}
    assert await organiser.opened.storage.read(lambda tx: len(tx.journal.current())) == 2
    assert await organiser.is_in_order()


async def test_two_matches_at_the_same_instant_give_a_player_one(organiser: Organiser) -> None:
    answers = await asyncio.gather(organiser.open("Ann", "Bob"), organiser.open("Cid", "Ann"))
    assert sorted(response.status_code for response in answers) == [200, 409]
    assert await organiser.opened.storage.read(lambda tx: tx.matches.count()) == 1


async def test_reports_that_differ_are_a_conflict_which_frees_both_and_waits_for_an_organiser(
    organiser: Organiser,
) -> None:
    number = await organiser.begun()
    await organiser.act(number, "Ann", "report", "win")
    assert (await organiser.act(number, "Bob", "report", "win")).json()["state"] == "conflict"
    assert "an organiser decides" in refused(await organiser.act(number, "Bob", "withdraw"))
    listed = (await organiser.http.get("/matches", params={"state": "conflict"})).json()["matches"]
    assert [match["match_id"] for match in listed] == [str(number)]
    later = await organiser.begun("Ann", "Cid")
    await organiser.act(later, "Cid", "report", "loss")
    preview = await organiser.http.post(f"/matches/{number}/correction", json={"result": "side_2_won", "preview": True})
    moved = {move["player_name"]: move["mmr_after"] for move in preview.json()["moves"]}
    decided = await organiser.http.post(f"/matches/{number}/correction", json={"result": "side_2_won", **REASON})
    assert decided.json()["before"] is None
    standings = await organiser.standings()
    assert {name: standings[name] for name in moved} == moved
    assert await organiser.is_in_order()


async def test_a_report_can_be_withdrawn_until_the_other_one_answers(organiser: Organiser) -> None:
    number = await organiser.begun()
    await organiser.act(number, "Ann", "report", "draw")
    assert "withdraw that one first" in refused(await organiser.act(number, "Ann", "report", "win"))
    assert (await organiser.act(number, "Ann", "withdraw")).json()["state"] == "in_progress"
    await organiser.act(number, "Ann", "report", "win")
    assert (await organiser.act(number, "Bob", "report", "loss")).json()["result"] == "side_1_won"


async def test_an_unanswered_report_stands_after_its_time_and_a_silent_match_expires(organiser: Organiser) -> None:
    claimed = await organiser.begun()
    await organiser.act(claimed, "Ann", "report", "win")
    organiser.clock.advance(days=1, us=-1)
    await organiser.pass_deadlines()
    assert (await organiser.match(claimed))["state"] == "reported"
    organiser.clock.advance(us=1)
    assert await organiser.pass_deadlines() is None
    assert (await organiser.match(claimed))["result"] == "side_1_won"
    silent = await organiser.begun()
    organiser.clock.advance(days=1)
    await organiser.pass_deadlines()
    assert (await organiser.match(silent))["state"] == "expired"
    decided = await organiser.http.post(f"/matches/{silent}/correction", json={"result": "draw", **REASON})
    assert decided.status_code == 200
    assert await organiser.is_in_order()


async def test_who_does_not_confirm_sits_out_and_the_innocent_one_does_not(organiser: Organiser) -> None:
    number = int((await organiser.open()).json()["match_id"])
    await organiser.act(number, "Ann", "confirm")
    organiser.clock.advance(seconds=120)
    assert "not confirmed in time" in refused(await organiser.act(number, "Bob", "confirm"))
    assert (await organiser.match(number))["state"] == "abandoned"  # without any loop: whoever looks sees it
    assert "Bob sits out for another 10 min" in refused(await organiser.open("Bob", "Cid"))
    assert (await organiser.open("Ann", "Cid")).status_code == 200
    pardoned = await organiser.http.post("/players/pardon", json={"name": "Bob"})
    assert pardoned.json() == {"pardoned": 1}


async def test_aborting_costs_more_each_time_and_never_the_opponent(organiser: Organiser) -> None:
    for minutes in (5, 10, 20):
        number = int((await organiser.open()).json()["match_id"])
        await organiser.act(number, "Ann", "abort")
        assert (await organiser.act(number, "Bob", "abort")).json()["state"] == "aborted"
        assert f"Ann sits out for another {minutes} min" in refused(await organiser.open())
        organiser.clock.advance(seconds=minutes * 60)
    number = await organiser.begun()
    assert "cannot be aborted" in refused(await organiser.act(number, "Ann", "abort"))
    assert (await organiser.act(number, "Ann", "cancel")).json()["state"] == "in_progress"
    assert (await organiser.act(number, "Bob", "cancel")).json()["state"] == "voided"
    assert await organiser.standings() == {}


async def test_opponents_stay_hidden_until_both_have_confirmed_and_for_good_where_they_do_not(
    organiser: Organiser,
) -> None:
    number = int((await organiser.open()).json()["match_id"])
    await organiser.act(number, "Ann", "confirm")
    assert [player and player.name for player in (await organiser.view(number, "Ann")).players] == ["Ann", None]
    assert [player and player.name for player in (await organiser.view(number, "Bob")).players] == [None, "Bob"]
    await organiser.act(number, "Bob", "abort")
    assert (await organiser.view(number, "Ann")).players[1] is None
    begun = await organiser.begun("Ann", "Cid")
    assert None not in (await organiser.view(begun, "Cid")).players


async def test_a_ban_ends_the_open_match_and_keeps_the_player_out(organiser: Organiser) -> None:
    number = await organiser.begun()
    await organiser.http.post("/players/ban", json={"name": "Bob"})
    assert (await organiser.match(number))["state"] == "voided"
    assert "Bob is banned" in refused(await organiser.open("Bob", "Cid"))
    assert (await organiser.open("Ann", "Cid")).status_code == 200


async def test_a_match_belongs_to_its_two_players_and_only_lawful_steps_are_taken(organiser: Organiser) -> None:
    number = int((await organiser.open()).json()["match_id"])
    for step in ("confirm", "abort", "withdraw", "cancel"):
        assert "Only its two players" in refused(await organiser.act(number, "Cid", step))
    assert "both players have to confirm" in refused(await organiser.act(number, "Ann", "report", "win"))
    assert (await organiser.act(number, "Ann", "report")).status_code == 422
    assert (await organiser.act(number, "Ann", "confirm", "win")).status_code == 422
    assert "ask an organiser" in refused(await organiser.act(number, "Ann", "set_result"))
    assert (await organiser.act(99, "Ann", "confirm")).status_code == 404
    assert (await organiser.open("Ann", "Ann")).status_code == 422
    assert (await organiser.open("Ann", "Zoe")).status_code == 404
    early = await organiser.http.post(f"/matches/{number}/correction", json={"result": "draw", **REASON})
    assert "both players have to confirm" in refused(early)


async def test_deadlines_are_rows_that_another_process_finds(organiser: Organiser, database: Database) -> None:
    number = int((await organiser.open()).json()["match_id"])
    clock = FakeClock(organiser.clock.moment_us)
    await organiser.opened.storage.close()
    clock.advance(seconds=20)
    async with opened_ladder(database, clock=clock) as again:
        clock.advance(days=3)  # and is there all the time
        assert await again.ladder.lifecycle.pass_deadlines() is None
        match = (await again.ladder.matches.get(MatchId(number))).match
        assert (match.state, match.ended_at_us) == (MatchState.ABANDONED, (match.assigned_at_us or 0) + 120_000_000)


@pytest.mark.parametrize("seconds", [180, 1_800, 26 * 3_600, 86_400, -86_400])
@pytest.mark.parametrize("window", ["confirm", "report", "answer"])
async def test_a_ladder_that_was_away_finds_everybody_in_time(
    organiser: Organiser, database: Database, window: str, seconds: int
) -> None:
    number = int((await organiser.open()).json()["match_id"]) if window == "confirm" else await organiser.begun()
    if window == "answer":
        await organiser.act(number, "Ann", "report", "win")
    await organiser.opened.storage.close()
    for _ in range(2):
        clock = FakeClock(organiser.clock.advance(seconds=seconds))
        async with opened_ladder(database, clock=clock) as again, over_http(again) as http:
            await again.ladder.lifecycle.pass_deadlines()
            returned = Organiser(again, clock, http)
            match = (await again.ladder.matches.get(MatchId(number))).match
            all_us = 120_000_000 if window == "confirm" else 86_400_000_000
            assert (match.deadline_us or 0) - clock.now_us() == all_us
    async with opened_ladder(database, clock=clock) as again, over_http(again) as http:
        returned = Organiser(again, clock, http)
        if window == "confirm":
            for player in ("Ann", "Bob"):
                assert (await returned.act(number, player, "confirm")).status_code == 200
        state = (await returned.act(number, "Bob", "report", "win")).json()["state"]
        assert state == ("conflict" if window == "answer" else "reported")
        assert await again.storage.read(lambda tx: tx.penalties.of_players([PlayerId(1), PlayerId(2)], 0)) == []


async def test_the_loop_takes_a_match_further_as_soon_as_it_hears_of_a_deadline_that_has_passed(
    organiser: Organiser,
) -> None:
    ladder, boot = organiser.opened.ladder, FakeBootClock()
    steady = SteadyClock(organiser.clock, boot)
    loop, moved = DeadlineLoop(ladder.lifecycle, ladder.served, steady), asyncio.Event()

    async def watch(changes: Any) -> None:
        if any(isinstance(one.event, MatchMoved) and one.event.state is MatchState.ABANDONED for one in changes):
            moved.set()

    loop.follow(ladder.bus)
    ladder.bus.subscribe(watch)
    running = asyncio.create_task(loop.run())
    await organiser.open()
    for _ in range(24):
        organiser.clock.advance(seconds=5)
        boot.advance(5)
        await ladder.served.beat()
    await ladder.players.register("Dan")
    other = await organiser.open("Cid", "Dan")  # whose deadline wakes the loop, which then sees the first one
    assert other.status_code == 200
    await asyncio.wait_for(moved.wait(), 30)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
