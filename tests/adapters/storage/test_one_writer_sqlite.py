"""SQLite's one writer: other names of its file, files that are moved under it, and commits whose outcome is lost."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import RootTransaction

from tests.support.databases import Database
from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.adapters.storage.server_record import ServerRecord, ServerRecordFile
from toprung.adapters.storage.sqlite import sqlite_commit, sqlite_writer
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.wiring import new_nonce
from toprung.domain.errors import OutcomeUnknown, StorageUnavailable, WriterLost, WriterPresent
from toprung.domain.events import PlayerRegistered

pytest_plugins = ("tests.support.databases",)


async def opened(path: Path, limits: StorageLimits = LIMITS) -> SqliteStorage:
    return await SqliteStorage.open_for_writing(path, new_nonce=new_nonce, limits=limits)


def adding(name: str) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        (player,) = tx.players.add([NewPlayer(name=name, name_key=name)])
        tx.changes.record(PlayerRegistered(player=player))
        return name

    return work


@pytest.fixture
async def storage(sqlite_database: Database) -> AsyncIterator[SqliteStorage]:
    writing = await opened(sqlite_database.path)
    yield writing
    await writing.close()


def names(path: Path) -> list[str]:
    with closing(driver().connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return [name for (name,) in connection.execute("select name from player order by id")]


def epoch(path: Path) -> int:
    return sqlite_commit.present_epoch(path)


async def lost(storage: SqliteStorage) -> WriterLost:
    assert storage.hold is not None
    return await asyncio.wait_for(asyncio.shield(storage.hold.lost), 30)


def rescued(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.displaced-*"))


async def test_each_writer_has_an_epoch_of_its_own(sqlite_database: Database) -> None:
    seen = []
    for _ in range(3):
        async with sqlite_database.writing() as storage:
            assert storage.hold is not None
            seen.append(storage.hold.epoch)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("way", ["symlink", "chain of symlinks", "symlink to the folder", "relative"])
async def test_one_file_has_one_lock_by_whatever_name_it_is_called(
    storage: SqliteStorage, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    path = sqlite_database.path
    other = tmp_path / "elsewhere" / "other.db"
    other.parent.mkdir()
    if way == "relative":
        monkeypatch.chdir(other.parent)
        other = Path("..") / path.name
    elif way == "symlink to the folder":
        (tmp_path / "folder").symlink_to(path.parent)
        other = tmp_path / "folder" / path.name
    else:
        target = path
        if way != "symlink":
            target = tmp_path / "between.db"
            target.symlink_to(path)
        other.symlink_to(target)
    with pytest.raises(WriterPresent, match=f"Process {os.getpid()} is already writing"):
        await opened(other)
    record = ServerRecord(address="http://127.0.0.1:1", token="t")
    await ServerRecordFile(path).publish(record)
    assert await ServerRecordFile(other).find() == record
    await storage.write(adding("a"))


async def test_a_file_with_a_second_name_is_refused(sqlite_database: Database, tmp_path: Path) -> None:
    async with sqlite_database.writing() as storage:
        await storage.write(adding("a"))
    other = tmp_path / "other.db"
    other.hardlink_to(sqlite_database.path)
    for path in (other, sqlite_database.path):
        with pytest.raises(StorageUnavailable, match=r"has 2 names \(hard links\)"):
            await opened(path)
    other.unlink()
    async with sqlite_database.writing() as storage:
        await storage.write(adding("b"))


def move_another_over(path: Path) -> None:
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("create table t (x)")
    other.replace(path)


def move_away(path: Path) -> None:
    path.rename(path.with_name("away.db"))


def remove(path: Path) -> None:
    path.unlink()


def turn_into_a_link(path: Path) -> None:
    away = path.with_name("away.db")
    path.rename(away)
    away.with_name("copy.db").write_bytes(away.read_bytes())
    path.symlink_to(away.with_name("copy.db"))


DISPLACING = (move_another_over, move_away, remove, turn_into_a_link)


@pytest.mark.parametrize("displace", DISPLACING)
@pytest.mark.parametrize("is_idle", [True, False])
async def test_a_file_that_is_moved_under_its_writer_ends_it_and_loses_nothing(
    storage: SqliteStorage,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    displace: Callable[[Path], None],
    is_idle: bool,
) -> None:
    path = sqlite_database.path
    for name in ("a", "b"):
        await storage.write(adding(name))
    displace(path)
    if not is_idle:
        with pytest.raises(WriterLost, match="was moved, removed or replaced"):
            await storage.write(adding("late"))
    error = await lost(storage)
    with pytest.raises(WriterLost):
        await storage.write(adding("later"))
    assert not storage.is_in_touch
    (copy,) = rescued(path)
    assert str(copy) in str(error)
    assert names(copy) == ["a", "b"]
    assert copy.stat().st_mode & 0o777 == 0o600
    log = path.with_name(f"{path.name}-wal")
    assert not log.exists() or log.stat().st_size == 0  # or what comes to lie there would be read with it


async def test_a_commit_into_a_file_that_goes_meanwhile_does_not_count_as_told(
    storage: SqliteStorage, sqlite_database: Database
) -> None:
    path = sqlite_database.path

    def work(tx: Transaction) -> str:
        move_another_over(path)
        return adding("a")(tx)

    with pytest.raises(OutcomeUnknown, match="displaced") as raised:
        await storage.write(work)
    assert "nothing" not in str(raised.value)
    (copy,) = rescued(path)
    assert names(copy) == ["a"]
    assert str(copy) in str(raised.value)


@pytest.mark.parametrize("is_replaced", [True, False])
async def test_a_log_that_is_removed_or_replaced_ends_the_writer_and_loses_nothing(
    storage: SqliteStorage, sqlite_database: Database, is_replaced: bool
) -> None:
    await storage.write(adding("a"))
    log = sqlite_database.path.with_name(f"{sqlite_database.path.name}-wal")
    log.unlink()
    if is_replaced:
        log.write_bytes(b"")
    assert "which is a part of the database" in str(await lost(storage))
    await storage.close()
    assert names(sqlite_database.path) == ["a"]
    assert rescued(sqlite_database.path) == []


async def test_a_lock_file_that_is_removed_is_made_anew(storage: SqliteStorage, sqlite_database: Database) -> None:
    renewed = asyncio.Event()

    async def hear() -> None:
        renewed.set()

    storage.on_renewed(hear)
    first = epoch(sqlite_database.path)
    sqlite_database.path.with_name("ladder.db.lock").unlink()
    await asyncio.wait_for(renewed.wait(), 30)
    await storage.get_in_touch()
    assert epoch(sqlite_database.path) == first + 1
    with pytest.raises(WriterPresent):
        await sqlite_database.open_for_writing()
    await storage.write(adding("a"))


async def test_where_another_process_has_begun_to_write_nothing_is_committed_and_it_is_over(
    sqlite_database: Database,
) -> None:
    # It has not heard of anything yet.
    former = await opened(sqlite_database.path, StorageLimits(ask_every_seconds=3_600))
    await former.write(adding("before"))
    sqlite_database.path.with_name("ladder.db.lock").unlink()
    async with sqlite_database.writing() as present:
        outcomes = await asyncio.gather(*(former.write(adding(f"n{n}")) for n in range(30)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {WriterLost}
        assert "Another process has begun to write" in str(await lost(former))
        await present.write(adding("after"))
        await former.close()
        assert names(sqlite_database.path) == ["before", "after"]
        await present.write(adding("still"))


def failing_commit(monkeypatch: pytest.MonkeyPatch, *, is_kept: bool) -> None:
    """The next commit raises, after it was made or instead of it."""
    real = RootTransaction.commit

    def commit(transaction: RootTransaction) -> Any:
        monkeypatch.setattr(RootTransaction, "commit", real)
        if is_kept:
            real(transaction)
        raise driver().OperationalError("disk I/O error")

    monkeypatch.setattr(RootTransaction, "commit", commit)


async def test_a_commit_that_fails_after_it_was_made_is_a_success(
    storage: SqliteStorage, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.write(adding("a"))
    failing_commit(monkeypatch, is_kept=True)
    committed = await storage.write(adding("b"))
    assert (committed.value, [change.seq for change in committed.changes]) == ("b", [2])
    failing_commit(monkeypatch, is_kept=False)
    with pytest.raises(StorageUnavailable, match="disk I/O error"):
        await storage.write(adding("c"))
    await storage.write(adding("d"))
    assert names(sqlite_database.path) == ["a", "b", "d"]


async def test_a_commit_that_cannot_be_looked_up_is_unknown_and_never_called_refused(
    storage: SqliteStorage, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "became_of", lambda *_: None)
    for is_kept in (True, False):
        failing_commit(monkeypatch, is_kept=is_kept)
        with pytest.raises(OutcomeUnknown, match="not known whether it was kept") as raised:
            await storage.write(adding(f"{is_kept}"))
        assert "nothing" not in str(raised.value)
    await storage.write(adding("after"))
    assert names(sqlite_database.path) == ["True", "after"]


async def test_what_cannot_be_looked_up_in_time_is_none(tmp_path: Path) -> None:
    assert sqlite_commit.became_of(tmp_path / "missing.db", 1, 1, seconds_max=0) is None


async def test_a_unit_of_work_that_changes_nothing_costs_no_commit_to_the_disk(
    storage: SqliteStorage, sqlite_database: Database
) -> None:
    await storage.write(adding("a"))
    log = sqlite_database.path.with_name(f"{sqlite_database.path.name}-wal")
    before = log.stat().st_size
    await storage.write(lambda tx: tx.changes.last_seq())
    assert log.stat().st_size == before
