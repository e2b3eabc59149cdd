"""`docs/founding-report.md` names what exists: each module and test of its table, and the founding note's own names."""

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import Final

import pytest

from toprung.application.leaderboard.leaderboard_service import LeaderboardService

ROOT = Path(__file__).parents[2]
REPORT = (ROOT / "docs" / "founding-report.md").read_text("utf-8")
TABLE_HEAD: Final = "| in the report | our module | our test |"

IN_THE_NOTE: Final = (
    *("leaderboard_service.py", "leaderboard_command.py", "test_synchronous_leaderboard_generation.py"),
    *("test_leaderboard_cache_invalidation.py", "_get_filtered_leaderboard_dataframe()"),
    *(
        "LeaderboardService.get_leaderboard_data()",
        "LeaderboardView.update_view()",
        "DataAccessService",
        "process_pool",
    ),
    *("TestSynchronousFilteringCorrectness", "TestPaginationCorrectness", "TestDataIsProperlyOrdered"),
    *("TestAsyncBehavior", "TestEdgeCases", "TestCacheIntegration", "TestPerformance"),
    *("pool health", "graceful retirement", "2.5 s", "SQLite-backed queue"),
)


def table_rows() -> list[tuple[str, str, str]]:
    """The table's rows: what the report names, our modules, our tests."""
    lines = REPORT.partition(TABLE_HEAD)[2].strip().splitlines()[1:]
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if line.startswith("|")]
    return [(name, module, test) for name, module, test in rows]


ROWS = table_rows()


def names_in(cell: str) -> list[str]:
    """The names that stand in a cell as code."""
    return re.findall(r"`([^`]+)`", cell)


def find_object(dotted: str) -> object:
    """The module, class, function or method with this name. Raises LookupError."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            if not hasattr(found, name):
                raise LookupError(f"{dotted}: there is no {name}")
            found = getattr(found, name)
        return found
    raise LookupError(f"there is no module for {dotted}")


def as_dotted(test: str) -> str:
    """A test's path as pytest writes it, as a dotted name."""
    file, *inside = test.split("::")
    return ".".join((file.removesuffix(".py").replace("/", "."), *inside))


def test_the_table_is_found() -> None:
    assert len(ROWS) > 40


@pytest.mark.parametrize(("name", "module", "test"), ROWS, ids=[row[0].strip("`") for row in ROWS])
def test_each_named_module_and_test_exists(name: str, module: str, test: str) -> None:
    modules, tests = names_in(module), names_in(test)
    assert modules, f"{name} has no module"
    assert tests, f"{name} has no test"
    for dotted in modules:
        assert dotted.startswith("toprung.")
        find_object(dotted)
    for path in tests:
        find_object(as_dotted(path))


@pytest.mark.parametrize("name", IN_THE_NOTE)
def test_each_name_of_the_note_has_a_row(name: str) -> None:
    assert any(name in first for first, _, _ in ROWS)


def test_a_name_that_is_not_there_is_noticed() -> None:
    for missing in ("toprung.domain.leaderboard.board.Board.no_such_method", "toprung_is_not_here.board"):
        with pytest.raises(LookupError):
            find_object(missing)


def test_the_leaderboard_takes_no_process_pool() -> None:
    for ask in (
        LeaderboardService.get_leaderboard_data,
        LeaderboardService.filtered_frame,
        LeaderboardService.__init__,
    ):
        assert not [name for name in inspect.signature(ask).parameters if "pool" in name]


def test_no_module_imports_a_process_pool() -> None:
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                imported.append(node.module or "")
            pools = [name for name in imported if re.match(r"multiprocessing|concurrent|ProcessPool", name)]
            assert not pools, f"{path.relative_to(ROOT)} imports {pools}"


def test_each_picture_and_page_that_the_report_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", REPORT):
        assert (ROOT / "docs" / target).exists(), target
