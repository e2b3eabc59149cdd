"""How the replay pool is, over HTTP and back again, in metrics too."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client.parser import text_string_to_metric_families

from tests.adapters.replays.pool.pool_health import broken_pool, busy_pool
from tests.interfaces.web.door.refusals import plain_refusals
from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder
from toprung.adapters.admin_client import AdminClient, AdminRefused
from toprung.application.replays.pool_health import NO_POOL, PoolHealth
from toprung.interfaces.web.admin.admin_pool import add_pool_route
from toprung.interfaces.web.door.admin_token import AdminToken
from toprung.interfaces.web.door.errors import add_error_handlers
from toprung.interfaces.web.door.security import ADMIN_PREFIX, AdminGuard
from toprung.log import Metrics


def client_of(health: PoolHealth, token: str = ADMIN_TOKEN) -> AdminClient:
    app = FastAPI()
    refusals = plain_refusals()
    add_error_handlers(app, refusals)
    router = APIRouter(prefix=ADMIN_PREFIX)
    add_pool_route(router, lambda: health)
    app.include_router(router)
    app.add_middleware(AdminGuard, token=AdminToken(ADMIN_TOKEN), refusals=refusals)
    return AdminClient("http://127.0.0.1:8123", token, httpx.ASGITransport(app))


@pytest.mark.parametrize("health", [busy_pool(), broken_pool(), NO_POOL])
async def test_what_the_pool_says_arrives_as_it_was_said(health: PoolHealth) -> None:
    async with client_of(health) as client:
        assert await client.pool_health() == health


async def test_only_the_organiser_may_ask() -> None:
    async with client_of(busy_pool(), "guessed") as client:
        with pytest.raises(AdminRefused):
            await client.pool_health()


async def test_a_site_without_a_pool_says_that_it_is_off() -> None:
    async with Ladder().client() as client:
        answer = await client.get("/api/v1/admin/pool", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
    assert (answer.status_code, answer.json()["status"], answer.json()["children"]) == (200, "off", [])


def test_metrics_show_the_pool_as_it_is_when_they_are_read() -> None:
    metrics = Metrics()
    health = busy_pool()
    metrics.observe_pool(lambda: health)

    def samples() -> dict[tuple[str, str], float]:
        text, _ = metrics.render(ranked_entries=0)
        return {
            (sample.name, ",".join(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }

    seen = samples()
    states = {label: seen[name, label] for name, label in seen if name == "toprung_replay_children"}
    assert states == {"busy": 1, "idle": 1, "booting": 1, "leaving": 0}
    assert seen["toprung_replay_children_rss_bytes", ""] == 45_973_504 + 44_000_000
    assert seen["toprung_replay_jobs_running", ""] == 1
    assert seen["toprung_replay_jobs_waiting", ""] == 3
    assert seen["toprung_replay_outcomes_total", "Parsed"] == 1_241
    assert seen["toprung_replay_children_retired_total", "jobs"] == 4
    assert seen["toprung_replay_children_started_total", "failed"] == 1
    assert seen["toprung_replay_pool_degraded", ""] == seen["toprung_replay_sandbox_reduced", ""] == 0
    health = broken_pool()
    seen = samples()
    assert seen["toprung_replay_pool_degraded", ""] == seen["toprung_replay_sandbox_reduced", ""] == 1
