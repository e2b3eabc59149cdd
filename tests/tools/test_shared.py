"""The data beside the checkout: one place knows where it is, and what reads it is known."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import readers_of_shared_data
from tests.support.shared import DEFAULT, ROOT, VARIABLE, absence_of, data_folder, needs_shared, shared_files

pytest_plugins = ("pytester",)

ONE_PLACE = ROOT / "tests" / "support" / "shared.py"
KNOWS = re.compile(rf"""{VARIABLE}|["'/]shared["'/]""")


def python_files() -> Iterator[Path]:
    for folder in ("tests", "chaos", "benchmarks", "scripts", "src"):
        yield from sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ROOT / DEFAULT / "data"),
        ({VARIABLE: ""}, None),
        ({VARIABLE: " "}, None),
        ({VARIABLE: "../elsewhere"}, ROOT / ".." / "elsewhere" / "data"),
        ({VARIABLE: "/mnt/shared"}, Path("/mnt/shared/data")),
    ],
)
def test_the_folder_is_the_variables_or_none_where_that_is_empty(
    environment: dict[str, str], expected: Path | None
) -> None:
    assert data_folder(environment) == expected


def test_one_place_alone_knows_where_shared_data_is() -> None:
    assert KNOWS.search(ONE_PLACE.read_text("utf-8"))
    known = [path for path in python_files() if path not in {ONE_PLACE, Path(__file__)}]
    assert [str(path) for path in known if KNOWS.search(path.read_text("utf-8"))] == []


def test_files_that_are_not_there_are_none_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b").touch()
    (tmp_path / "folder" / "a").touch()
    monkeypatch.setattr("tests.support.shared.DATA", tmp_path)
    assert [path.name for path in shared_files("folder/*")] == ["a", "b"]
    assert shared_files("folder") == shared_files("other/*") == []
    assert needs_shared("folder/a").mark.args == (False,)
    assert needs_shared("other/a").mark.args == (True,)
    assert absence_of("other/a") == f"needs other/a of the shared data: not in {tmp_path} ({VARIABLE})"
    monkeypatch.setattr("tests.support.shared.DATA", None)
    assert shared_files("folder/*") == []
    assert absence_of("a") == f"needs a of the shared data: {VARIABLE} is set empty"


def test_what_reads_shared_data_is_known_by_its_imports() -> None:
    readers = readers_of_shared_data()
    assert {
        "tests.adapters.replays.child.test_parser",
        "tests.flows.test_game_files",
        "tests.interfaces.discord.bot.test_discord_api",
        "tests.tools.test_bench_replay",  # by benchmarks
        "tests.tools.test_replay_fuzz",  # by chaos
        "tests.tools.test_shared",
    } <= readers
    assert not {"tests.conftest", "tests.support.databases", "tests.interfaces.discord.bot.test_loopback"} & readers


@pytest.mark.parametrize(("limit", "outcome"), [("1", 1), ("2", 0)])
def test_a_run_that_skips_more_than_it_may_fails(pytester: pytest.Pytester, limit: str, outcome: int) -> None:
    pytester.makeconftest("from tests.conftest import pytest_addoption, pytest_sessionfinish")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_some(number):
            if number > 1:
                pytest.skip("for once")
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:simcord", "-p", "no:asyncio", "--skips-max", limit)
    result.stdout.fnmatch_lines([f"2 tests were skipped, of {limit} that may be"])
    assert result.ret == outcome
