"""Safety copies: whole or not there, checked, counted, for their owner alone; and killed at random moments."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.storage.test_sqlite_full_disk import files_up_to
from tests.support.databases import Database
from toprung.adapters.storage.sqlite import safety_copies
from toprung.adapters.storage.sqlite.safety_copies import SafetyCopies
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import PlayerRegistered

pytest_plugins = ("tests.support.databases",)

KILLS = 8
STAMP = "20261127T101112131415Z"


def add_player(tx: Transaction) -> None:
    number = len(tx.players.columns().ids)
    (player,) = tx.players.add([NewPlayer(name=f"p{number}", name_key=f"p{number}")])
    tx.changes.record(PlayerRegistered(player=player))


def made(path: Path, rows: int = 100) -> Path:
    """A database of nobody's in WAL mode, whose last rows are not in the file itself."""
    with closing(driver().connect(str(path), isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("create table thing (id integer primary key, name text, size real, bytes blob)")
        for number in range(rows):
            values = (f"thing {number}", number / 7, bytes(number % 9))
            connection.execute("insert into thing (name, size, bytes) values (?, ?, ?)", values)
    return path


def rows_of(path: Path) -> list[tuple[Any, ...]]:
    with closing(driver().connect(str(path))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(connection.execute("select * from thing order by id"))


def names(folder: Path, database: str = "ladder.db") -> set[str]:
    """What lies there, but for what SQLite puts beside a database that is being looked at."""
    return {path.name for path in folder.iterdir()} - {f"{database}-wal", f"{database}-shm"}


def copies(folder: Path) -> list[str]:
    return sorted(name for name in names(folder) if ".backup-" in name)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_copy_is_the_whole_database_with_what_is_in_its_log_only(tmp_path: Path) -> None:
    path = made(tmp_path / "ladder.db")
    with closing(driver().connect(str(path), isolation_level=None)) as writer:
        writer.execute("insert into thing (name) values ('late')")
        copy = SafetyCopies(path).make("import")
    assert copy.name.startswith("ladder.db.backup-")
    assert copy.name.endswith("-import")
    assert rows_of(copy) == rows_of(path)
    assert len(rows_of(copy)) == 101


def test_the_newest_stay_and_what_is_not_ours_is_never_touched(tmp_path: Path) -> None:
    path = made(tmp_path / "ladder.db")
    others = {
        f"ladder.db.backup-{STAMP}-import.keep",
        f"ladder.db.backup-{STAMP}-Import",
        "ladder.db.backup-yesterday",
        f"other.db.backup-{STAMP}-import",
        f"xladder.db.backup-{STAMP}-import",
        f"ladder_db.backup-{STAMP}-import",
        "ladder.db.bak",
        f"ladder.db.backup-{STAMP}-folder",
        f"ladder.db.backup-{STAMP}-link",
    }
    for name in others - {f"ladder.db.backup-{STAMP}-folder", f"ladder.db.backup-{STAMP}-link"}:
        (tmp_path / name).write_text("mine")
    (tmp_path / f"ladder.db.backup-{STAMP}-folder").mkdir()
    (tmp_path / f"ladder.db.backup-{STAMP}-link").symlink_to(tmp_path / "ladder.db.bak")
    (tmp_path / f"ladder.db.backup-{STAMP}-migration").write_text("an old one of ours")
    (tmp_path / f"ladder.db.backup-{STAMP}-migration-wal").write_text("of one who looked into it")
    keeping = SafetyCopies(path, kept=2)
    made_ones = [keeping.make(reason).name for reason in ("import", "recompute", "import", "migration")]
    assert names(tmp_path) == {"ladder.db", *others, *made_ones[-2:]}


def test_the_copy_just_made_stays_where_the_clock_went_back(tmp_path: Path) -> None:
    path = made(tmp_path / "ladder.db")
    later = [f"ladder.db.backup-{year}0101T000000000000Z-import" for year in (2997, 2998, 2999)]
    for name in later:
        (tmp_path / name).write_text("from the future")
    newest = SafetyCopies(path, kept=2).make("import")
    assert copies(tmp_path) == sorted([newest.name, later[-1]])


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_a_copy_is_its_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    path = made(tmp_path / "ladder.db")
    before = os.umask(umask)
    try:
        assert mode(SafetyCopies(path).make("import")) == 0o600
    finally:
        os.umask(before)


def test_left_overs_of_killed_runs_go_at_the_start_and_nothing_else_does(tmp_path: Path) -> None:
    path = made(tmp_path / "ladder.db")
    ours = {f"ladder.db.backup-{STAMP}-import.part{end}" for end in ("", "-journal", "-wal", "-shm")}
    others = {f"ladder.db.backup-{STAMP}-import", f"other.db.backup-{STAMP}-import.part", "ladder.db.part"}
    for name in ours | others:
        (tmp_path / name).write_text("x")
    SafetyCopies(path).sweep()
    assert names(tmp_path) == {"ladder.db", *others}


async def test_opening_for_writing_sweeps_and_tightens(sqlite_database: Database) -> None:
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)
    left = sqlite_database.path.with_name(f"ladder.db.backup-{STAMP}-import.part")
    left.write_text("half")
    for path in (sqlite_database.path, sqlite_database.path.with_name("ladder.db.lock")):
        path.chmod(0o664)
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)
        modes = {path.name: mode(path) for path in sqlite_database.path.parent.iterdir()}
        assert modes == {f"ladder.db{end}": 0o600 for end in ("", "-wal", "-shm", ".lock")}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_a_new_database_is_its_owners_alone_from_its_first_byte(sqlite_database: Database, umask: int) -> None:
    before = os.umask(umask)
    try:
        async with sqlite_database.writing() as storage:
            await storage.write(add_player)
            assert {mode(path) for path in sqlite_database.path.parent.iterdir()} == {0o600}
    finally:
        os.umask(before)


async def test_somebody_elses_file_keeps_its_mode(sqlite_database: Database) -> None:
    for content in (b"no database", None):
        sqlite_database.path.unlink(missing_ok=True)
        if content is None:
            await sqlite_database.run("create table theirs (id integer)")
        else:
            sqlite_database.path.write_bytes(content * 100)
        sqlite_database.path.chmod(0o664)
        with pytest.raises(StorageUnavailable):
            await sqlite_database.open_for_writing()
        assert mode(sqlite_database.path) == 0o664


async def test_no_copy_is_made_where_no_migration_is_due(sqlite_database: Database) -> None:
    for _ in range(3):
        async with sqlite_database.writing() as storage:
            await storage.write(add_player)
    assert copies(sqlite_database.path.parent) == []


async def test_a_reader_makes_no_copies(sqlite_database: Database) -> None:
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)
    async with sqlite_database.reading() as reader:
        with pytest.raises(StorageUnavailable, match="reading only"):
            await reader.make("import")


async def test_a_full_disk_while_copying_is_one_sentence_and_leaves_nothing(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(path: str, **options: Any) -> Any:
        connection = driver().connect(path, **options)
        if path.endswith(".part"):
            connection.execute("PRAGMA max_page_count = 3")
        return connection

    async with sqlite_database.writing() as storage:
        assert isinstance(storage, SqliteStorage)
        await storage.write(add_player)
        small = SimpleNamespace(connect=connect, Error=driver().Error)
        monkeypatch.setattr(safety_copies, "driver", lambda: small)
        before = names(sqlite_database.path.parent)
        with pytest.raises(StorageUnavailable) as raised:
            await storage.make("import")
        assert str(raised.value) == (
            "No backup could be made, so nothing was begun: "
            "the disk is full; nothing of this was kept. Make room and try again."
        )
        assert names(sqlite_database.path.parent) == before
        monkeypatch.undo()
        assert await storage.make("import") is not None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
async def test_wherever_the_disk_ends_no_half_copy_stays_and_nobody_is_disturbed(
    sqlite_database: Database, share: float
) -> None:
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)
        await storage.write(lambda tx: tx.notes.put("large", "x" * 100_000))
        before = names(sqlite_database.path.parent)
        size = (await asyncio.to_thread(sqlite_database.path.stat)).st_size + 100_000
        with files_up_to(int(size * share)), pytest.raises(StorageUnavailable, match="nothing was begun"):
            await storage.make("import")
        assert names(sqlite_database.path.parent) == before
        await storage.write(add_player)


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_failure_at_the_end_leaves_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    path = made(tmp_path / "ladder.db")
    with monkeypatch.context() as broken:
        where: Any = os if step == "fsync" else Path
        broken.setattr(where, step, fail)
        with pytest.raises(StorageUnavailable, match="No backup could be made"):
            SafetyCopies(path).make("import")
    assert names(tmp_path) == {"ladder.db"}


def without_a_row(copy: Any) -> None:
    copy.execute("delete from thing where id = 5")


def with_another_text(copy: Any) -> None:
    copy.execute("update thing set name = 'x' where id = 5")


def with_another_number(copy: Any) -> None:
    copy.execute("update thing set size = 0.5 where id = 5")


def without_a_table(copy: Any) -> None:
    copy.execute("drop table thing")


@pytest.mark.parametrize("damage", [without_a_row, with_another_text, with_another_number, without_a_table])
def test_a_copy_that_does_not_hold_what_the_database_does_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Any
) -> None:
    check = safety_copies._check

    def damaged(half: Path, sums: Any) -> None:
        with closing(driver().connect(str(half), isolation_level=None)) as copy:
            damage(copy)
        check(half, sums)

    monkeypatch.setattr(safety_copies, "_check", damaged)
    with pytest.raises(StorageUnavailable, match="in the table thing"):
        SafetyCopies(made(tmp_path / "ladder.db")).make("import")
    assert names(tmp_path) == {"ladder.db"}


def test_a_damaged_database_is_not_copied(tmp_path: Path) -> None:
    path = made(tmp_path / "ladder.db", rows=2_000)
    with path.open("r+b") as file:
        file.seek(3 * 4096 + 100)
        file.write(b"\xff" * 3_000)
    with pytest.raises(StorageUnavailable, match="damaged"):
        SafetyCopies(path).make("import")
    assert names(tmp_path) == {"ladder.db"}


@settings(max_examples=20, deadline=None)
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="/\0\n"), min_size=1, max_size=30))
def test_a_name_that_is_a_pattern_is_taken_by_the_letter(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    if name in (".", ".."):
        return
    path = made(tmp_path_factory.mktemp("copies") / name, rows=1)
    keeping = SafetyCopies(path, kept=1)
    keeping.make("import")
    newest = keeping.make("import")
    assert names(path.parent, path.name) == {path.name, newest.name}


# Nothing handles the alarm, so that it ends the process where it stands, as kill -9 does.
COPYING = """
import logging, signal, sys
from pathlib import Path
import structlog
from toprung.adapters.storage.sqlite.safety_copies import SafetyCopies
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
copies = SafetyCopies(Path(sys.argv[1]), kept=3)
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[2]))
while True:
    copies.make("import")
"""


def test_whenever_it_is_killed_what_has_the_name_is_a_whole_database(tmp_path: Path) -> None:
    """A few kills of what `python -m chaos --only copies` does at length."""
    path = made(tmp_path / "ladder.db", rows=3_000)
    chance, expected, left_over = random.Random(1), rows_of(path), 0
    for _ in range(KILLS):
        command = [sys.executable, "-c", COPYING, str(path), str(chance.uniform(0.001, 0.2))]
        assert subprocess.run(command, check=False).returncode == -signal.SIGALRM
        whole = [name for name in copies(tmp_path) if ".part" not in name]
        assert all(rows_of(tmp_path / name) == expected for name in whole)
        left_over += len([name for name in copies(tmp_path) if name.endswith(".part")])
        SafetyCopies(path, kept=3).sweep()
        assert not any(".part" in name for name in names(tmp_path))
    assert left_over > 0, "no kill fell into the making of a copy, so that this shows nothing"
