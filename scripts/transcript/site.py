"""What the site, its API and the admin API answer."""

import asyncio
from typing import Any, Final

import httpx

from scripts.transcript.ladder import MOMENT, opened
from scripts.transcript.pages import Transcript, as_json
from tests.support.replays.synthetic_replay import SyntheticGame, replay_of
from toprung.application.ladder import Ladder
from toprung.bootstrap.workers import SiteWorkers, site_workers
from toprung.domain.jobs.job import JobState
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.site.live import BoardHub
from toprung.settings import Settings

TOKEN: Final = "a-token-that-only-organisers-know"
ADMIN: Final = "/api/v1/admin"
KEPT_HEADERS: Final = ("content-type", "cache-control", "etag", "location", "vary", "x-ladder-version", "retry-after")

_QUERIES: Final = (
    *("", "race=sc2_zerg", "race=bw_zerg&race=sc2_terran", "country=KR", "country=kr&country=DE", "rank=S", "rank=A"),
    *("best_race_only=true", "page=2", "page=999", "find=star", "find=nobody+at+all", "find=%EB%B3%84", "race=xx"),
    *("country=qq", "rank=Z", "page=0", "page=x", "best_race_only=maybe", "unknown=1", "as_of=2026-02-01"),
    *("as_of=2026-02-01&corrected=true", "as_of=2030-01-01", "movement_since=7d", "movement_since=soon"),
    *("country=IS&rank=S", "find=star&country=KR", "race=sc2_zerg&best_race_only=true&rank=B&country=KR&page=2"),
)


class Site:
    """A site on a ladder, asked over ASGI."""

    def __init__(self, transcript: Transcript, ladder: Ladder, client: httpx.AsyncClient) -> None:
        self._transcript, self._ladder, self._client = transcript, ladder, client

    async def ask(
        self, method: str, path: str, room: str = "web", *, token: str | None = None, language: str = "en", **given: Any
    ) -> httpx.Response:
        """Keeps one answer."""
        MOMENT.forward(seconds=5)
        headers = {"Accept-Language": language, **given.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        answer = await self._client.request(method, path, headers=headers, **given)
        kept = [f"{name}: {answer.headers[name]}" for name in KEPT_HEADERS if name in answer.headers]
        is_json = "json" in answer.headers.get("content-type", "")
        body = as_json(answer.json()) if is_json and "ndjson" not in answer.headers["content-type"] else answer.text
        asked = [as_json(given["json"])] if "json" in given else []
        title = f"{method} {path}" + ("" if language == "en" else f" ({language})")
        self._transcript.keep(room, title, *asked, f"--- {answer.status_code}", *kept, "", body)
        return answer

    async def pages(self) -> None:
        """The leaderboard as page, rows and JSON, in two languages, and everything beside it."""
        for query in _QUERIES:
            asked = f"?{query}" if query else ""
            await self.ask("GET", f"/leaderboard{asked}")
            await self.ask("GET", f"/api/v1/leaderboard{asked}", "api")
        for language in ("ko", "de-DE,de;q=0.9", "pl"):
            await self.ask("GET", "/leaderboard?race=sc2_zerg", language=language)
        for path in (
            "/",
            "/leaderboard/rows?race=sc2_zerg&page=2",
            "/leaderboard/rows",
            "/nothing/here",
            "/robots.txt",
            "/healthz",
        ):
            await self.ask("GET", path)
        for path in ("/openapi.json", "/api/v1/players", "/api/v1/players?search=star", "/api/v1/players?search=",
                     "/api/v1/seasons", "/api/v1/nothing", "/api/v1/players/1/standing",
                     "/api/v1/players/99999/standing", "/api/v1/leaderboard?season=s1"):  # fmt: skip
            await self.ask("GET", path, "api")
        await self.ask("POST", "/api/v1/leaderboard", "api")
        await self.ask("GET", "/api/v1/nothing", "api", language="ko")

    async def admin(self) -> None:
        """The admin API: who may not, then each operation right and wrong."""
        await self.ask("GET", f"{ADMIN}/audit", "admin")
        await self.ask("GET", f"{ADMIN}/audit", "admin", token="wrong")
        names: tuple[tuple[str, dict[str, Any]], ...] = (
            ("players", {"name": "Ostwind", "country": "DE", "actor": "cli:me", "reason": "asked for it"}),
            ("players", {"name": "Ostwind", "actor": "cli:me"}),
            ("players", {"name": "", "actor": "cli:me"}),
            ("players", {"name": "x", "surprise": 1}),
            ("players/rename", {"name": "Ostwind", "new_name": "Westwind", "actor": "cli:me"}),
            ("players/country", {"name": "Westwind", "country": "PL", "actor": "cli:me"}),
            ("players/ban", {"name": "Westwind", "actor": "cli:me", "reason": "smurf"}),
            ("players/ban", {"name": "nobody", "actor": "cli:me", "reason": "smurf"}),
            ("players/unban", {"name": "Westwind", "actor": "cli:me"}),
            ("players/pardon", {"name": "Westwind", "actor": "cli:me"}),
            ("players/restore", {"name": "Westwind", "actor": "cli:me"}),
            ("players/rating", {"name": "Westwind", "race": "bw_zerg", "mmr": 1700, "preview": True}),
            (
                "players/rating",
                {"name": "Westwind", "race": "bw_zerg", "mmr": 1700, "actor": "cli:me", "reason": "import"},
            ),
            ("seasons/start", {"code": "s3", "name": "Third", "actor": "cli:me", "reason": "spring"}),
            ("seasons/end", {"actor": "cli:me", "reason": "done"}),
        )
        for path, body in names:
            await self.ask("POST", f"{ADMIN}/{path}", "admin", token=TOKEN, json=body)
        opened_match = await self.ask(
            "POST", f"{ADMIN}/open-match", "admin", token=TOKEN,
            json={"player_1": "Westwind", "race_1": "bw_zerg", "player_2": "Novamar", "race_2": "sc2_zerg",
                  "actor": "cli:me", "reason": "cup"},
        )  # fmt: skip
        number = opened_match.json().get("match_id", "1")
        for player, step in (("Westwind", "confirm"), ("Novamar", "confirm"), ("Westwind", "report")):
            outcome = {"outcome": "won"} if step == "report" else {}
            body = {"player": player, "step": step, "actor": "cli:me", **outcome}
            await self.ask("POST", f"{ADMIN}/matches/{number}/steps", "admin", token=TOKEN, json=body)
        for path in (f"matches/{number}", f"matches/{number}/why", "matches?limit=3", "matches/99999",
                     "matches?state=conflict", "jobs", "jobs/stats", "jobs/1", "pool", "audit?limit=100",
                     "matches/7/why", "matches?limit=0"):  # fmt: skip
            await self.ask("GET", f"{ADMIN}/{path}", "admin", token=TOKEN)
        correction = {"result": "side_2_won", "actor": "cli:me", "reason": "agreed"}
        for path, changed in (
            (number, {"preview": True}),
            (number, {}),
            (number, {"reason": ""}),
            ("7", {"result": None}),
        ):
            body = {**correction, **changed}
            await self.ask("POST", f"{ADMIN}/matches/{path}/correction", "admin", token=TOKEN, json=body)
        await self.ask("POST", f"{ADMIN}/import-entries", "admin", token=TOKEN, content=b"who,what\n1,2\n")
        await self.ask("POST", f"{ADMIN}/ratings/recompute", "admin", token=TOKEN, json={"actor": "cli:me"})

    async def uploads(self, workers: SiteWorkers) -> None:
        """Replays taken in and read by a real child, a good one and a broken one."""
        good = replay_of(SyntheticGame())
        for content in (good, b"no replay at all", good):
            await self.ask(
                "POST", f"{ADMIN}/replays?as=Westwind&name=a.SC2Replay", "admin", token=TOKEN, content=content,
                headers={"Content-Type": "application/octet-stream"},
            )  # fmt: skip
        workers.start()
        await self._worked_off()
        for path in ("jobs", "jobs/1", "jobs/2", "jobs/stats"):
            await self.ask("GET", f"{ADMIN}/{path}", "admin", token=TOKEN)
        await self.ask("POST", f"{ADMIN}/jobs/1/retry", "admin", token=TOKEN, json={"actor": "cli:me", "reason": "try"})
        await self.ask("POST", f"{ADMIN}/replays/1/approve-mod", "admin", token=TOKEN,
                       json={"actor": "cli:me", "reason": "known"})  # fmt: skip

    async def _worked_off(self) -> None:
        for _ in range(400):
            page = await self._ladder.jobs.latest(9)
            if all(job.state in (JobState.DONE, JobState.DEAD) for job in page.rows):
                return
            await asyncio.sleep(0.05)
        raise RuntimeError("the replays were not read in 20 s")


async def ask_site(transcript: Transcript, settings: Settings) -> None:
    """Asks everything of a site that is wired as the program wires it."""
    async with opened(settings) as wired:
        ladder, pool, workers = wired.ladder, wired.pool, site_workers(wired)
        hub = BoardHub(ladder.leaderboard, ladder.clock.now_us)
        hub.follow(ladder)
        app = create_app(
            ladder,
            hub=hub,
            upload_limits=UploadLimits(bytes_max=settings.replay_bytes_max),
            admin_token=TOKEN,
            health=lambda: {"status": "ok"},
            metrics=lambda: (b"", "text/plain"),
        )
        up = asyncio.Event()
        pool.start(up=up.set)
        try:
            await up.wait()
            transport = httpx.ASGITransport(app=app, client=("203.0.113.7", 4711))
            async with httpx.AsyncClient(transport=transport, base_url="http://ladder.test") as client:
                site = Site(transcript, ladder, client)
                await site.pages()
                await site.admin()
                await site.uploads(workers)
        finally:
            hub.close()
            await workers.close()
            await pool.close(grace_seconds=1)
