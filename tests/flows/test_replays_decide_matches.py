"""From an upload to a fresh leaderboard: the whole ladder behind its API, with the pool that reads replays, on both
databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import FakeClock
from tests.support.played import MAP, TERRAN, ZERG, recorded
from tests.support.replays.archives import bzipped
from toprung.bootstrap.workers import SiteWorkers, site_workers
from toprung.domain.replays.replay_upload import UploadId, UploadState
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.site.live import BoardHub

pytest_plugins = ("tests.support.databases",)

TOKEN = "what-organisers-know"
PLAYERS = ("Maru", "Serral", "Cid")
WAITED_SECONDS_MAX = 60


@dataclass
class Organiser:
    """The admin API of a ladder that takes replays in. `settled` gives an upload once it is judged."""

    opened: OpenLadder
    clock: FakeClock
    http: httpx.AsyncClient

    async def begun(self, first: str = "Maru", second: str = "Serral") -> str:
        body = {"player_1": first, "race_1": "sc2_terran", "player_2": second, "race_2": "sc2_zerg", "map_name": MAP}
        number = str((await self.http.post("/open-match", json=body)).json()["match_id"])
        for player in (first, second):
            await self.http.post(f"/matches/{number}/steps", json={"player": player, "step": "confirm"})
        self.clock.advance(seconds=20 * 60)
        return number

    async def upload(self, player: str, data: bytes, **more: str) -> int:
        response = await self.http.post("/replays", params={"as": player, **more}, content=data)
        assert response.status_code == 200, response.text
        return int(response.json()["upload_id"])

    async def settled(self, upload_id: int) -> str:
        history = self.opened.ladder.replays
        async with asyncio.timeout(WAITED_SECONDS_MAX):
            while True:
                upload = (await history.get(UploadId(upload_id))).upload
                if upload.state is not UploadState.RECEIVED:
                    await self.opened.ladder.unit_of_work.drain()  # committed is not yet told to everybody
                    return upload.state
                await asyncio.sleep(0)

    async def match(self, number: str) -> Any:
        return (await self.http.get(f"/matches/{number}")).json()

    async def standings(self) -> dict[str, int]:
        page = await self.opened.ladder.leaderboard.get_leaderboard_data()
        return {row.player_name: row.mmr for row in page.players}

    async def handles(self) -> dict[str, tuple[str, ...]]:
        return {name: (await self.opened.ladder.players.by_name(name)).handles for name in PLAYERS}

    async def journal_rows(self) -> int:
        return len(await self.opened.storage.read(lambda tx: tx.journal.current()))

    def replay(self, winner: str | None = "Maru", **changes: Any) -> bytes:
        return recorded(self.clock.now_us(), winner, **changes)


@pytest.fixture
async def organiser(database: Database, tmp_path: Path) -> AsyncIterator[Organiser]:
    clock = FakeClock()
    async with (
        opened_ladder(database, clock=clock, replay_folder=tmp_path / "replays") as opened,
        working_intake(opened),
        over_http(opened) as http,
    ):
        for name in PLAYERS:
            await opened.ladder.players.register(name)
        yield Organiser(opened, clock, http)
        assert await opened.ladder.verification.verify(lambda _done, _total: None) == []


@asynccontextmanager
async def working_intake(opened: OpenLadder) -> AsyncIterator[SiteWorkers]:
    pool, workers = opened.wired.pool, site_workers(opened.wired)
    pool.start(up=workers.start)
    try:
        yield workers
    finally:
        await workers.close()
        await pool.close()


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


async def test_a_losers_replay_makes_a_fresh_leaderboard_and_the_winners_binds_the_handles(
    organiser: Organiser,
) -> None:
    number = await organiser.begun()
    data = organiser.replay("Maru")
    assert await organiser.settled(await organiser.upload("Serral", data)) == "verified"
    standings = await organiser.standings()
    assert standings["Maru"] > 1500 > standings["Serral"]
    assert (await organiser.handles())["Maru"] == ()
    assert await organiser.settled(await organiser.upload("Maru", data)) == "verified"
    assert await organiser.handles() == {"Maru": ("2-S2-1-101",), "Serral": ("2-S2-1-202",), "Cid": ()}
    match = await organiser.match(number)
    assert (match["state"], match["result"]) == ("completed", "side_1_won")
    assert [(one["player_name"], one["state"]) for one in match["replays"]] == [
        ("Maru", "verified"),
        ("Serral", "verified"),
    ]
    assert match["replays"][1]["sentence"].endswith("which is completed: you lost.")
    assert (await organiser.standings(), await organiser.journal_rows()) == (standings, 2)


async def test_a_handle_of_somebody_else_is_left_alone(organiser: Organiser) -> None:
    await organiser.opened.ladder.players.register("Dan", handles=("2-S2-1-101",))
    await organiser.begun()
    for player in ("Maru", "Serral"):
        await organiser.settled(await organiser.upload(player, organiser.replay("Maru")))
    assert await organiser.handles() == {"Maru": (), "Serral": ("2-S2-1-202",), "Cid": ()}


async def test_replays_that_contradict_each_other_wait_for_an_organiser(organiser: Organiser) -> None:
    number = await organiser.begun()
    files = [("Maru", organiser.replay("Maru")), ("Serral", organiser.replay("Serral", tracker_events=b"changed"))]
    ids = await asyncio.gather(*(organiser.upload(player, data) for player, data in files))
    assert [await organiser.settled(one) for one in ids] == ["verified", "verified"]
    match = await organiser.match(number)
    assert (match["state"], len(match["replays"]), await organiser.journal_rows()) == ("conflict", 2, 0)


async def test_what_is_uploaded_by_everybody_at_the_same_instant_rates_a_match_once(organiser: Organiser) -> None:
    number = await organiser.begun()
    files = [
        organiser.replay("Maru"),
        organiser.replay("Maru", method=bzipped),
        organiser.replay("Maru", extra_files={"x": b"y"}),
    ]
    uploads = [organiser.upload(player, data) for data in files for player in PLAYERS[:2] for _ in range(2)]
    strangers = [organiser.upload("Cid", data, match=number) for data in files]
    ids = await asyncio.gather(*uploads, *strangers)
    assert {await organiser.settled(one) for one in ids[: len(uploads)]} == {"verified"}
    assert {await organiser.settled(one) for one in ids[len(uploads) :]} == {"rejected"}
    assert ((await organiser.match(number))["state"], await organiser.journal_rows()) == ("completed", 2)


async def test_one_game_brought_for_two_matches_at_the_same_instant_counts_for_one(organiser: Organiser) -> None:
    first = await organiser.begun()
    data = organiser.replay("Maru", ended_at_us=organiser.clock.now_us())
    body = {"player": "Maru", "step": "cancel"}
    for player in ("Maru", "Serral"):
        await organiser.http.post(f"/matches/{first}/steps", json={**body, "player": player})
    organiser.clock.advance(seconds=-20 * 60)
    second = await organiser.begun()
    again = organiser.replay("Maru", ended_at_us=organiser.clock.now_us(), method=bzipped)
    ids = await asyncio.gather(
        organiser.upload("Serral", data, match=first), organiser.upload("Serral", again, match=second)
    )
    ends = {await organiser.settled(one): one for one in ids}
    assert set(ends) == {"rejected", "verified"}
    refused = (await organiser.opened.ladder.replays.get(UploadId(ends["rejected"]))).upload
    assert "This recording was brought for match" in refused.sentence


async def test_what_cannot_be_read_or_does_not_fit_leaves_the_match_open(organiser: Organiser) -> None:
    number = await organiser.begun()
    foreign = (replace(TERRAN, result="win"), replace(ZERG, name="Reynor", result="loss"))
    files = (b"MPQ\x1b is no archive", organiser.replay("Maru", players=foreign), organiser.replay("Maru")[:-100])
    for data in files:
        assert await organiser.settled(await organiser.upload("Serral", data)) == "rejected"
    match = await organiser.match(number)
    assert (match["state"], len(match["replays"]), await organiser.standings()) == ("in_progress", 3, {})
    assert all(one["sentence"] for one in match["replays"])


async def test_a_mod_is_approved_once_and_with_more_files_it_is_a_fake_from_then_on(organiser: Organiser) -> None:
    mods = organiser.opened.ladder.mods
    assert await mods.seen() == []
    await organiser.begun()
    upload_id = await organiser.upload("Maru", organiser.replay(None))
    await organiser.settled(upload_id)
    (unknown,) = await mods.seen()
    assert (unknown.uploads, unknown.upload_id, unknown.is_approved, len(unknown.handles)) == (1, upload_id, False, 2)
    path, reason = f"/replays/{upload_id}/approve-mod", {"reason": "version 7", "actor": "Ann"}
    assert (await organiser.http.post(path, json={})).status_code == 422
    assert (await organiser.http.post("/replays/99/approve-mod", json=reason)).status_code == 404
    answers = await asyncio.gather(*(organiser.http.post(path, json=reason) for _ in range(3)))
    assert {(one.status_code, one.json()["files"]) for one in answers} == {(200, 2)}
    (approved,) = await mods.seen()
    assert approved.is_approved
    fake = organiser.replay("Maru", mod_hashes=(*sorted(approved.handles), "ab" * 32))
    assert await organiser.settled(await organiser.upload("Serral", fake)) == "rejected"
    assert [(one.is_approved, one.adds) for one in await mods.seen()] == [(True, None), (False, 1)]
    unread = await organiser.upload("Serral", b"MPQ\x1b no archive")
    await organiser.settled(unread)
    assert (await organiser.http.post(f"/replays/{unread}/approve-mod", json=reason)).status_code == 409


async def test_off_the_list_a_version_is_unknown_again_and_what_was_judged_stays(
    organiser: Organiser,
) -> None:
    await organiser.begun()
    upload_id = await organiser.upload("Maru", organiser.replay(None))
    await organiser.settled(upload_id)
    path, reason = f"/replays/{upload_id}", {"reason": "version 7", "actor": "Ann"}
    await organiser.http.post(f"{path}/approve-mod", json=reason)
    (approved,) = await organiser.opened.ladder.mods.seen()
    fake = organiser.replay("Maru", mod_hashes=(*sorted(approved.handles), "ab" * 32))
    judged = await organiser.upload("Serral", fake)
    assert await organiser.settled(judged) == "rejected"
    assert (await organiser.http.post(f"{path}/unlist-mod", json={})).status_code == 422
    assert (await organiser.http.post("/replays/99/unlist-mod", json=reason)).status_code == 404
    answers = [(await organiser.http.post(f"{path}/unlist-mod", json=reason)).json() for _ in range(2)]
    assert answers == [
        {"upload_id": str(upload_id), "files": 2, "was_listed": was_listed} for was_listed in (True, False)
    ]
    assert [(one.is_approved, one.adds) for one in await organiser.opened.ladder.mods.seen()] == [(False, None)] * 2
    assert await organiser.settled(judged) == "rejected"
