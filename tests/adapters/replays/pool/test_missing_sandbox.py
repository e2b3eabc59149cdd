"""On a system that lacks parts of the sandbox: with one of the two it reads and says so, with neither it does not."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.adapters.replays.pool.pools import running_pool, without
from tests.support.replays.synthetic_replay import SyntheticGame, replay_of
from toprung.adapters.replays.pool.children import UNCONFINED
from toprung.adapters.replays.pool.pool import CHILD_COMMAND
from toprung.application.ports.replays import Parsed, Unavailable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is made of Linux' own parts")

BOTH = ("seccomp", "landlock")
REPLAY = replay_of(SyntheticGame())
TOLD = {"replay_sandbox_missing", "replay_sandbox_reduced"}


async def test_with_neither_part_nothing_is_read() -> None:
    with capture_logs() as logs:
        async with running_pool(child=CHILD_COMMAND, lacking=BOTH) as pool:
            outcomes = [await pool.parse(REPLAY) for _ in range(3)]
            health = pool.health()
    assert outcomes == [Unavailable(retry_after_seconds=5.0, sentence=UNCONFINED)] * 3
    assert (health.status, health.sandbox, health.boots, health.failed_boots) == ("degraded", "missing", 0, 0)
    assert set(BOTH) <= set(health.sandbox_missing)
    assert health.can_start  # what a restart could mend is not broken
    told = [line for line in logs if line["event"] in TOLD]
    assert [(line["event"], line["log_level"]) for line in told] == [("replay_sandbox_missing", "error")]


async def test_with_neither_part_replays_are_read_where_the_operator_says_so() -> None:
    with capture_logs() as logs:
        async with running_pool(child=CHILD_COMMAND, lacking=BOTH, may_be_unconfined=True) as pool:
            assert isinstance(await pool.parse(REPLAY), Parsed)
            health = pool.health()
    assert (health.status, health.sandbox) == ("degraded", "reduced")
    told = [line for line in logs if line["event"] in TOLD]
    assert [(line["event"], line["log_level"]) for line in told] == [("replay_sandbox_reduced", "warning")]


@pytest.mark.parametrize("part", BOTH)
async def test_with_one_part_replays_are_read_and_it_is_said_once(part: str) -> None:
    with capture_logs() as logs:
        async with running_pool(child=CHILD_COMMAND, lacking=(part,)) as pool:
            for _ in range(3):
                assert isinstance(await pool.parse(REPLAY), Parsed)
            health = pool.health()
    if {*BOTH} - {part} & set(health.sandbox_missing):
        pytest.skip("this machine's own kernel lacks the other part")
    assert (health.status, health.sandbox, health.sandbox_is_weak) == ("degraded", "reduced", True)
    assert health.can_start
    told = [line for line in logs if line["event"] in TOLD]
    assert [(line["event"], line["log_level"]) for line in told] == [("replay_sandbox_reduced", "warning")]
    assert part in told[0]["missing"]


async def test_with_both_parts_nothing_is_said() -> None:
    with capture_logs() as logs:
        async with running_pool(child=CHILD_COMMAND) as pool:
            assert isinstance(await pool.parse(REPLAY), Parsed)
            health = pool.health()
    if {*BOTH} & set(health.sandbox_missing):
        pytest.skip("this machine's own kernel lacks a part")
    assert health.status == "ok"
    assert not [line for line in logs if line["event"] in TOLD]


@asynccontextmanager
async def served(folder: Path, *, lacking: tuple[str, ...], **environment: str) -> AsyncIterator[str]:
    """The address of a whole server on a system without these parts."""
    command = (*without(lacking), sys.executable, "-m", "toprung", "serve", "--port", "0")
    settings = {"TOPRUNG_DATABASE": f"sqlite:///{folder / 'ladder.db'}", "PYTHONUNBUFFERED": "1", **environment}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**os.environ, **settings}, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            said = (await process.stdout.readline()).decode()
        found = re.search(r"http://[^/ ]+", said)
        assert found is not None, said
        yield found[0]
    finally:
        process.terminate()
        await process.communicate()


async def health_of(address: str, sandbox: str) -> dict[str, Any]:
    """What /healthz says once the first reader has told of its sandbox."""
    async with httpx.AsyncClient(base_url=address) as client, asyncio.timeout(30):
        while True:
            answer = await client.get("/healthz")
            if answer.json()["replays"]["sandbox"] == sandbox:
                assert answer.status_code == 200  # the ladder serves all the same
                return dict(answer.json())


async def test_a_server_without_a_sandbox_says_so_and_reads_nothing(tmp_path: Path) -> None:
    async with served(tmp_path, lacking=BOTH) as address:
        health = await health_of(address, "missing")
    assert (health["status"], health["serves"]) == ("degraded", True)


async def test_a_server_with_half_a_sandbox_reads_and_says_so(tmp_path: Path) -> None:
    async with served(tmp_path, lacking=("landlock",)) as address:
        health = await health_of(address, "reduced")
    assert (health["status"], health["serves"]) == ("degraded", True)


@pytest.mark.parametrize(("allowed", "is_read"), [("required", False), ("reduced", True)])
async def test_the_terminal_reads_a_strangers_file_as_the_server_does(
    tmp_path: Path, allowed: str, is_read: bool
) -> None:
    path = tmp_path / "game.SC2Replay"
    path.write_bytes(REPLAY)
    command = (*without(BOTH), sys.executable, "-m", "toprung", "replay", "inspect", "--json", str(path))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, env={**os.environ, "TOPRUNG_REPLAY_SANDBOX": allowed}, stdout=PIPE, stderr=PIPE
    )
    said, _ = await process.communicate()
    row = json.loads(said)
    assert row["ok"] is is_read
    if not is_read:
        assert row["error"]["code"] == "unavailable"
        assert UNCONFINED in row["error"].values()
