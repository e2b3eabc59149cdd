"""The whole program as organisers run it, `toprung serve`, on a new ladder in a process of its own."""

import asyncio
import os
import re
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import psutil  # type: ignore[import-untyped]

from benchmarks.machine import ROOT

STOP_SECONDS: Final = 15
ENTRIES: Final = 300
_HEAD: Final = "discord_id,player_name,country,race,mmr,games_played,games_won,games_lost,games_drawn,last_played"


class Served:
    """A server that answers at `host` and `port`; `token` is its admin token."""

    def __init__(self, process: Process, host: str, port: int, token: str) -> None:
        self._process = psutil.Process(process.pid)
        self.host = host
        self.port = port
        self.token = token

    @property
    def address(self) -> str:
        """Its URL."""
        return f"http://{self.host}:{self.port}"

    @property
    def rss_mb(self) -> float:
        """How much memory it has."""
        return float(self._process.memory_info().rss) / 1024**2

    @asynccontextmanager
    async def client(self, source: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody, at an address of this machine's, who asks it with the token."""
        transport = httpx.AsyncHTTPTransport(local_address=source)
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.address, headers=headers, timeout=30, transport=transport) as client:
            yield client


@asynccontextmanager
async def served(folder: Path, settings: Mapping[str, object]) -> AsyncIterator[Served]:
    """A server with these settings, by their names in lower case, and some entries on its board."""
    await asyncio.to_thread(folder.mkdir)
    token = secrets.token_hex(24)
    environment = {**os.environ, "TOPRUNG_ADMIN_TOKEN": token, "TOPRUNG_REPLAY_WORKERS": "0"}
    environment |= {f"TOPRUNG_{name.upper()}": str(value) for name, value in settings.items()}
    database = f"sqlite:///{folder / 'ladder.db'}"
    command = (sys.executable, "-m", "toprung", "serve", "--port", "0", "--database", database)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=PIPE, stderr=DEVNULL)
    try:
        assert process.stdout is not None
        said = re.search(rb"http://([0-9.]+):([0-9]+)", await process.stdout.readline())
        if said is None:
            raise RuntimeError("the server did not start")
        server = Served(process, said[1].decode(), int(said[2]), token)
        async with server.client() as client:
            answer = await client.post("/api/v1/admin/import-entries", content=_entries())
            if '"summary"' not in answer.text:
                raise RuntimeError(f"the entries were not taken: {answer.text[:200]}")
        yield server
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _entries() -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = (f",Player{number:04},KR,sc2_zerg,{1_000 + number},9,5,4,0,{now}" for number in range(ENTRIES))
    return "\n".join([_HEAD, *rows]).encode()
