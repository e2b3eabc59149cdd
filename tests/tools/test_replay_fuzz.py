"""The experiment with hostile replays, made small: it runs, it counts, and it notices a file without an outcome."""

import random
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from chaos import replay_fuzz
from chaos.hostile_replays import Named, hand_made, spoilt
from toprung.adapters.replays.child.parser import parse_replay
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.application.ports.replays import ParseOutcome, Unavailable
from toprung.domain.replays.replay import UnreadableReplay


@dataclass(frozen=True)
class TinyPlan:
    folder: Path
    seed: int = 1
    effort: float = 0.01
    lines: list[str] = field(default_factory=list)

    def told(self, line: str) -> None:
        self.lines.append(line)


@cache
def few_files() -> tuple[Named, ...]:
    """Every tenth of the files that were thought of."""
    return tuple(islice(hand_made(), 0, None, 10))


def held(found: dict[str, Any]) -> list[bool]:
    """Whether the promises that have nothing to do with time were kept."""
    return [claim["held"] for claim in found["claims"][:2]]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_fuzz, "hand_made", few_files)


def test_a_small_run_gives_every_file_an_outcome(tmp_path: Path) -> None:
    plan = TinyPlan(tmp_path)
    found = replay_fuzz.run(plan)
    assert held(found) == [True, True]
    assert found["files"] == sum(found["by_kind"].values()) == sum(found["by_outcome"].values()) == 50
    assert {"bomb", "damaged", "not_a_replay"} <= set(found["by_outcome"])
    assert plan.lines


def test_files_that_nobody_reads_break_a_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def turned_away(self: ReplayPool, data: bytes) -> ParseOutcome:
        return Unavailable(retry_after_seconds=1.0)

    monkeypatch.setattr(ReplayPool, "parse", turned_away)
    assert held(replay_fuzz.run(TinyPlan(tmp_path))) == [True, False]


def test_files_that_are_left_over_break_a_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_fuzz, "FUZZ_SECONDS_MAX", 0.0)
    assert held(replay_fuzz.run(TinyPlan(tmp_path)))[0] is False


def test_what_is_spoilt_is_the_same_for_the_same_seed_and_only_ever_read_or_refused() -> None:
    files = list(islice(spoilt(random.Random(3)), 60))
    assert files == list(islice(spoilt(random.Random(3)), 60))
    refused = 0
    for _, data in files:
        try:
            parse_replay(data)
        except UnreadableReplay:
            refused += 1
    assert 0 < refused < len(files)
