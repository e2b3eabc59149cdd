"""The audit over HTTP, and the reasons that other operations take for it."""

from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder
from toprung.application.ports.records import AuditRow
from toprung.application.writing.audit import Attribution

HEADERS = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


async def test_the_audit_is_read_the_newest_first() -> None:
    ladder = Ladder()
    ladder.storage.database.audit += [
        AuditRow(at_us=at, actor="discord:1", action="ban", subject="player 1", reason="왜", details='{"a": 1}')
        for at in (0, 1_000_000)
    ]
    async with ladder.client() as client:
        assert (await client.get("/api/v1/admin/audit")).status_code == 401
        rows = (await client.get("/api/v1/admin/audit", headers=HEADERS)).json()["audit"]
        page = (await client.get("/api/v1/admin/audit", params={"limit": 1}, headers=HEADERS)).json()
        one = page["audit"]
        asked = {"limit": "1", "cursor": page["next"]}
        last = (await client.get("/api/v1/admin/audit", params=asked, headers=HEADERS)).json()
        refused = await client.get("/api/v1/admin/audit", params={"cursor": "bTE"}, headers=HEADERS)
    assert [row["at"] for row in rows] == ["1970-01-01T00:00:01Z", "1970-01-01T00:00:00Z"]
    assert one == rows[:1]
    assert (last["audit"], last["next"]) == (rows[1:], None)
    error = refused.json()["error"]
    assert (refused.status_code, error["field"]) == (422, "cursor")
    assert "no cursor of this list" in error["message"]
    assert one[0] | {"at": ""} == {
        "at": "",
        "actor": "discord:1",
        "action": "ban",
        "subject": "player 1",
        "reason": "왜",
        "details": {"a": 1},
    }


async def test_who_and_why_reach_the_use_case_and_may_be_left_away() -> None:
    ladder = Ladder()
    given = {"actor": "cli:ann", "reason": "왜"}
    async with ladder.client() as client:
        await client.post("/api/v1/admin/players", json={"name": "Maru"}, headers=HEADERS)
        for body in ({"name": "Maru", **given}, {"name": "Maru"}):
            response = await client.post("/api/v1/admin/players/ban", json=body, headers=HEADERS)
            assert response.status_code == 200
    registered, *bans = [operation.by for operation in ladder.administration.performed]
    assert registered == Attribution(actor="api")
    assert bans == [Attribution(**given), Attribution(actor="api")]
