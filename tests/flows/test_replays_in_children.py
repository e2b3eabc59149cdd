"""Replays through the real pool: what the sandboxed child says is what the parser says."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.replays.archives import archive as archive_of
from tests.support.replays.archives import bzipped, deflated, in_one_unit
from tests.support.replays.sample_replays import SampleReplay, all_replays
from tests.support.replays.synthetic_replay import SyntheticGame, replay_of
from toprung.adapters.replays.child.mpq_archive import UNPACKED_BYTES_MAX
from toprung.adapters.replays.child.parser import parse_replay
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.application.ports.replays import Parsed, Refused
from toprung.bootstrap.builder import Bootstrap
from toprung.domain.replays.replay import ReplayReading
from toprung.interfaces.cli.terminal.builder import Options


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In a folder where nothing is left behind, no ladder among it."""
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


async def test_good_and_bad_files_each_get_their_answer() -> None:
    bombs = [
        archive_of({"replay.game.events": in_one_unit(b"\0" * (UNPACKED_BYTES_MAX + 1), method)}, user_data=b"x")
        for method in (deflated, bzipped)
    ]
    async with Bootstrap().inspecting(Options(game="sc2")) as inspector:
        good, *bad = await asyncio.gather(
            *(inspector.inspect(data) for data in (replay_of(SyntheticGame()), *bombs, b"text", b""))
        )
    assert isinstance(good, ReplayReading)
    assert [player.race for player in good.players] == ["terran", "zerg"]
    assert [found.code for found in bad if isinstance(found, Refused)] == [
        "bomb",
        "bomb",
        "not_a_replay",
        "not_a_replay",
    ]


@all_replays
async def test_the_child_says_what_the_parser_says(replays: list[SampleReplay]) -> None:
    pool = ReplayPool(workers=2, clock=asyncio.get_running_loop().time)
    pool.start()
    try:
        outcomes = await asyncio.gather(*(pool.parse(replay.read()) for replay in replays))
    finally:
        await pool.close()
    for replay, outcome in zip(replays, outcomes, strict=True):
        assert isinstance(outcome, Parsed), (replay.name, outcome)
        assert json.loads(outcome.payload) == parse_replay(replay.read())
