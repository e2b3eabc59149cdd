"""The house rules that no linter knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "toprung"
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
ROOM_NAMES_MAX = 12
SOURCES = sorted(SRC.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BESIDE = sorted(path for name in ("chaos", "benchmarks", "scripts") for path in (ROOT / name).rglob("*.py"))
ROOMS = sorted(
    {path.parent for path in (*SOURCES, *TESTS)} - {SRC / "adapters" / "storage" / "migrations" / "versions"}
)

# Run by name and not by import: the replay pool starts its child, which loads the parser; Alembic runs the migrations.
ENTRY_POINTS = ("toprung.__main__", "toprung.adapters.replays.child.child", "toprung.adapters.replays.child.parser")
RUN_BY_NAME = re.compile(r"toprung\.adapters\.storage\.migrations")


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *BESIDE], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES_MAX
    too_long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert not too_long


@pytest.mark.parametrize("folder", ROOMS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_rooms_hold_what_can_be_seen_at_a_glance(folder: Path) -> None:
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert len(modules | packages) <= ROOM_NAMES_MAX, sorted(modules | packages)


def test_nothing_prints_outside_the_command_line() -> None:
    printing = [
        str(path.relative_to(SRC))
        for path in SOURCES
        if "cli" not in path.relative_to(SRC).parts and any(name == "print" for name, _ in calls(path))
    ]
    assert not printing


def test_the_domain_has_no_hidden_clock() -> None:
    hidden = [
        f"{path.relative_to(SRC)}: {name}"
        for path in sorted((SRC / "domain").rglob("*.py"))
        for name, _ in calls(path)
        if name.split(".")[-1] in {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
    ]
    assert not hidden


ABOUT_EVERY_USE_CASE = {"toprung.application.organising.operations.Administration"}
"""What an organiser asks of whoever holds the ladder is in operations, which name every use case; no port may."""


def test_what_the_application_needs_of_the_world_is_told_by_its_ports() -> None:
    """A protocol says what somebody else keeps; what is the application's own in several kinds is a base class."""
    elsewhere = {
        f"toprung.{'.'.join(path.relative_to(SRC).with_suffix('').parts)}.{node.name}"
        for path in sorted((SRC / "application").rglob("*.py"))
        if path.parent != SRC / "application" / "ports"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases)
    }
    assert elsewhere == ABOUT_EVERY_USE_CASE


def test_front_ends_name_no_transaction_and_no_repository() -> None:
    named = [
        f"{path.relative_to(SRC)}: {alias.name}"
        for path in sorted((SRC / "interfaces").rglob("*.py"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in {"Transaction", "UnitOfWork"} or alias.name.endswith("Repository")
    ]
    assert not named


def test_every_module_is_reached_from_an_entry_point() -> None:
    graph = grimp.build_graph("toprung", cache_dir=None)
    reached = set(ENTRY_POINTS)
    for entry_point in ENTRY_POINTS:
        reached |= graph.find_upstream_modules(entry_point)
    packages = {module.rpartition(".")[0] for module in graph.modules}
    unreached = {
        module for module in graph.modules - reached if module not in packages and not RUN_BY_NAME.match(module)
    }
    assert not unreached


def test_tests_use_fakes_and_not_mocks() -> None:
    mocking = [
        str(path.relative_to(ROOT))
        for path in TESTS
        if re.search(r"^\s*(from|import) unittest", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert not mocking


def test_tests_give_limits_as_arguments_and_patch_no_constant() -> None:
    """Seeded bugs may: what they change is the program, and not what a test asks of it."""
    patched = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {constant}"
        for path in TESTS
        if not path.stem.endswith("_seeded_bugs")
        for name, node in calls(path)
        if name.endswith("setattr") and (constant := patched_constant(path, node))
    ]
    assert not patched


def patched_constant(path: Path, call: ast.Call) -> str | None:
    """The constant of the program that a call of `setattr` patches, by its module and name or by its whole path."""
    texts = [node.value for node in call.args if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    constant = next((text for text in texts if re.fullmatch(r"(toprung\..*\.)?_?[A-Z][A-Z0-9_]*", text)), None)
    if constant is None or "." in constant:
        return constant
    owner = ast.unparse(call.args[0])
    modules = {
        alias.asname or alias.name: f"{node.module if isinstance(node, ast.ImportFrom) else ''}.{alias.name}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    is_own = modules.get(owner, owner).lstrip(".").startswith("toprung.")
    return constant if is_own else None


def test_tests_do_not_sleep() -> None:
    sleeping = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in TESTS
        for name, node in calls(path)
        if name in {"time.sleep", "asyncio.sleep", "sleep"}
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
    ]
    assert not sleeping


def test_no_module_keeps_an_instance_of_a_service() -> None:
    kept = [
        f"{path.relative_to(SRC)}:{node.lineno}"
        for path in SOURCES
        for node in parsed(path).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and re.search(r"(Service|Storage|Board|Hub|Bus|Client)$", ast.unparse(node.value.func))
    ]
    assert not kept
