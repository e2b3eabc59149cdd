"""How many of the program's own functions a warm request for a page of the API's leaderboard calls.

`python -m benchmarks.count_calls [QUERY ...]` says it for each query string, and with `--list` by function. The site is
put together as a server has it and called without a network; the number is of calls, so that a busy machine changes
nothing of it.
"""

import asyncio
import cProfile
import logging
import pstats
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

import httpx
import structlog

import toprung
from benchmarks.population import INACTIVITY_US, NOW_US, make_population
from benchmarks.sqlite_file import make_database
from toprung.adapters.clock import FixedClock
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.site.live import BoardHub
from toprung.settings import load_settings

OWN: Final = str(Path(toprung.__file__).parent)
ENTRIES: Final = 10_000
WARMING: Final = 3
QUERIES: Final = ("", "race=sc2_zerg", "race=sc2_zerg&country=KR&rank=B&best_race_only=true&page=2")


async def count(queries: list[str]) -> dict[str, Counter[str]]:
    """Calls by function, for each query string."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ladder.sqlite"
        await asyncio.to_thread(make_database, path, make_population(ENTRIES))
        settings = load_settings(database=f"sqlite:///{path}", inactivity_days=INACTIVITY_US / MICROSECONDS_PER_DAY)
        async with opened_storage(settings, write=True) as storage:
            ladder = (await wire(settings, storage, FixedClock(NOW_US), lambda _: None)).ladder
            await ladder.store.load()
            app = create_app(
                ladder,
                hub=BoardHub(ladder.leaderboard, ladder.clock.now_us),
                upload_limits=UploadLimits(),
                admin_token="nobody-asks-for-this-here",
                health=dict,
                metrics=lambda: (b"", "text/plain"),
            )
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://ladder.test") as client:
                return {query: await _counted(client, f"/api/v1/leaderboard?{query}") for query in queries}


async def _counted(client: httpx.AsyncClient, address: str) -> Counter[str]:
    for _ in range(WARMING):
        (await client.get(address)).raise_for_status()
    profile = cProfile.Profile()
    with profile:
        await client.get(address)
    calls: Counter[str] = Counter()
    for (file, _, name), (_, total, *_) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if file.startswith(OWN):
            calls[f"{file.removeprefix(OWN)[1:]} {name}"] += total
    return calls


def main() -> None:
    """Prints the numbers."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.getLogger("httpx").setLevel(logging.WARNING)
    queries = [argument for argument in sys.argv[1:] if argument != "--list"] or list(QUERIES)
    for query, calls in asyncio.run(count(queries)).items():
        print(f"{calls.total():5} calls  ?{query}")
        if "--list" in sys.argv:
            for name, times in sorted(calls.items()):
                print(f"{times:11}  {name}")


if __name__ == "__main__":
    main()
