"""The results that are kept are whole, their goals follow from their numbers, and the reports are made from them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench_page
from benchmarks.founding_section import replace_sections
from benchmarks.measuring import FOUNDING_SIZES, SIZES, Plan
from benchmarks.population import the_game
from benchmarks.queries import page_queries
from benchmarks.report import render
from benchmarks.run import BENCHMARKS, FOUNDING_REPORT, KEPT, measure, merged, write
from benchmarks.summary import FRESH_WAYS, PAGE_ENGINES, summarise

RESULTS: dict[str, Any] = json.loads((KEPT / "results.json").read_text("utf-8"))
ALL_SIZES = [str(size) for size in SIZES]
TINY = Plan(sizes=(120,), founding_sizes=(120,), mixed_size=120, effort=0.01, with_postgres=False)


def numbers_in(value: object) -> Iterator[object]:
    """Every value in a nest of mappings and lists that is no text."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers_in(inner)
    elif not isinstance(value, str):
        yield value


def test_the_kept_results_are_of_a_full_run_and_say_where_and_of_what() -> None:
    assert set(BENCHMARKS) < set(RESULTS)
    assert RESULTS["effort"] == 1
    assert {"processor", "cores", "memory_gb", "python", "polars", "numpy", "sqlite"} <= set(RESULTS["machine"])
    assert len(RESULTS["commit"]) == 40


def test_every_way_was_measured_at_every_size() -> None:
    assert set(RESULTS["page_p50_ms"]) == set(PAGE_ENGINES)
    assert set(RESULTS["fresh_p50_ms"]) == set(FRESH_WAYS)
    for by_size in (*RESULTS["page_p50_ms"].values(), *RESULTS["fresh_p50_ms"].values(), RESULTS["startup"]["sizes"]):
        assert list(by_size) == ALL_SIZES
    founding = RESULTS["founding"]
    for measured in ("first_request_ms", "request_ms", "three_requests_ms"):
        assert {"thread", "board"} < set(founding[measured])
        for by_size in founding[measured].values():
            assert list(by_size) == [str(size) for size in FOUNDING_SIZES]
    assert RESULTS["mixed"]["entries"] == 100_000
    ways = {f"{ladder}_{place}" for ladder in ("nothing", "board", "polars") for place in ("direct", "thread")}
    assert set(RESULTS["mixed"]["ways"]) == ways


@pytest.mark.parametrize("name", [*BENCHMARKS, "page_p50_ms", "fresh_p50_ms", "ratios"])
def test_what_was_measured_is_a_number_and_not_negative(name: str) -> None:
    found = list(numbers_in(RESULTS[name]))
    assert found
    assert all(isinstance(number, int | float) and number >= 0 for number in found)


def test_every_answer_was_compared_before_it_was_timed() -> None:
    twelve = len(page_queries(the_game()[1]))
    assert twelve >= 12
    for found in RESULTS["page"]["sizes"].values():
        assert found["answers_compared"] >= (len(PAGE_ENGINES) - 1) * twelve
        assert all(len(by_query) == twelve for by_query in found["page_p50_ms_by_query"].values())
    assert all(found["answers_compared"] > 0 for found in RESULTS["fresh"]["sizes"].values())


def test_ratios_and_goals_follow_from_the_numbers() -> None:
    again = summarise({key: value for key, value in RESULTS.items() if key not in ("ratios", "goals")})
    assert again == RESULTS
    assert len(RESULTS["goals"]) == 15
    for goal in RESULTS["goals"]:
        above, below = goal["value"] >= goal["limit"], goal["value"] <= goal["limit"]
        assert goal["reached"] == (above if goal["at_least"] else below)


def test_the_reports_are_made_from_the_results() -> None:
    assert (KEPT / "RESULTS.md").read_text("utf-8") == render(RESULTS)
    report = FOUNDING_REPORT.read_text("utf-8")
    assert report == replace_sections(report, RESULTS)


def test_a_tiny_run_measures_and_reports(tmp_path: Path) -> None:
    results = measure(TINY, ["fresh", "page", "record", "linked"])
    write(results, tmp_path)
    assert json.loads((tmp_path / "results.json").read_text("utf-8")) == results
    assert "## One filtered page" in (tmp_path / "RESULTS.md").read_text("utf-8")
    assert set(results["fresh_p50_ms"]) == set(FRESH_WAYS)
    assert results["record"]["databases"]["sqlite"]["results_per_s"] > 0
    linked = results["linked"]
    assert linked["log_loss"]["truth"] < min(linked["log_loss"]["linked"], linked["log_loss"]["separate"])
    assert set(linked["us_a_game"]) == {"linked", "separate"}
    assert "## Races together or apart" in (tmp_path / "RESULTS.md").read_text("utf-8")
    together = merged(RESULTS, results)
    measured_of = {name: results[name] for name in ("date", "commit", "uncommitted_changes", "machine")}
    assert together["record"] == {**results["record"], "apart": measured_of}
    assert together["startup"] == RESULTS["startup"]
    assert together["commit"] == RESULTS["commit"]
    assert "Measured apart" in render(together)


def test_an_engine_that_answers_otherwise_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_page, "_is_equal", lambda *_, **__: False)
    with pytest.raises(AssertionError, match="differently"):
        bench_page.measure(TINY)
