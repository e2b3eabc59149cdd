"""The benchmark of replay reading measures every way."""

import pytest

from benchmarks import bench_replay
from benchmarks.measuring import Plan


def test_a_tiny_run_measures_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_replay, "REAL_REPLAYS", [])
    found = bench_replay.measure(Plan(effort=0.01))
    assert list(found["median_ms"]) == ["library", "library_and_events", "parser", "pool"]
    assert all(milliseconds > 0 for milliseconds in (*found["median_ms"].values(), *found["slowest_ms"].values()))
    assert set(found["times_the_library"]) == {"parser", "pool"}
    assert found["replays"] == 1
