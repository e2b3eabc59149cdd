"""What is special about SQLite: a durable writing connection, one complete file, backups, and others' locks."""

import asyncio
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from structlog.testing import capture_logs

from tests.support.databases import Database, connection_of
from toprung.adapters.storage import migration
from toprung.adapters.storage.limits import StorageLimits
from toprung.adapters.storage.migration import Migrations
from toprung.adapters.storage.sqlite import sqlite
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.wiring import new_nonce
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import PlayerRegistered

pytest_plugins = ("tests.support.databases",)

FULL: Final = 2

PRESENT: Final = migration.HEAD


def add_player(tx: Transaction) -> None:
    """Adds the next player and says so."""
    number = len(tx.players.columns().ids)
    (player,) = tx.players.add([NewPlayer(name=f"p{number}", name_key=f"p{number}")])
    tx.changes.record(PlayerRegistered(player=player))


def pragma(name: str) -> Any:
    """A unit of work that gives what a pragma says on its connection."""
    return lambda tx: connection_of(tx).exec_driver_sql(f"PRAGMA {name}").scalar()


def names_beside(database: Database) -> set[str]:
    return {path.name for path in database.path.parent.iterdir()} - {f"{database.path.name}.lock"}


async def test_the_writing_connection_is_durable_and_checks_foreign_keys(sqlite_database: Database) -> None:
    async with sqlite_database.writing() as storage:
        for name, value in {"journal_mode": "wal", "synchronous": FULL, "foreign_keys": 1, "query_only": 0}.items():
            assert (await storage.write(pragma(name))).value == value
        assert await storage.read(pragma("query_only")) == 1
        assert await storage.read(pragma("journal_mode")) == "wal"


async def test_writes_that_wait_together_share_a_commit_and_one_that_is_alone_does_not_wait(
    sqlite_database: Database,
) -> None:
    commits: list[Connection] = []

    def count(connection: Connection) -> None:
        commits.append(connection)

    event.listen(Engine, "commit", count)
    try:
        async with sqlite_database.writing() as storage:
            commits.clear()
            await storage.write(add_player)
            assert len(commits) == 1
            gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            def hold(tx: Transaction) -> None:
                asyncio.run_coroutine_threadsafe(_wait_for(gate), gate.get_loop()).result(timeout=60)

            writes = [asyncio.ensure_future(storage.write(work)) for work in (hold, *[add_player] * 40)]
            await asyncio.sleep(0)
            gate.set_result(None)
            await asyncio.gather(*writes)
            assert 3 <= len(commits) - 1 <= 4  # the one that holds, alone or with others, and 40 more in groups of 20
    finally:
        event.remove(Engine, "commit", count)


async def _wait_for(gate: asyncio.Future[None]) -> None:
    await gate


async def test_closing_leaves_one_complete_file(sqlite_database: Database) -> None:
    async with sqlite_database.writing() as storage:
        for _ in range(20):
            await storage.write(add_player)
        await storage.read(lambda tx: tx.changes.last_seq())
        assert f"{sqlite_database.path.name}-wal" in names_beside(sqlite_database)
    assert names_beside(sqlite_database) == {sqlite_database.path.name}
    copy = sqlite_database.path.with_name("copy.db")
    copy.write_bytes(sqlite_database.path.read_bytes())
    assert await Database("sqlite", f"sqlite:///{copy}").run("select count(*) from player") == [(20,)]


async def test_closing_leaves_a_complete_file_even_beside_a_reader(sqlite_database: Database) -> None:
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)
        reader = await sqlite_database.open_for_reading()
        await reader.read(lambda tx: tx.changes.last_seq())
    copy = sqlite_database.path.with_name("copy.db")
    copy.write_bytes(sqlite_database.path.read_bytes())
    assert await Database("sqlite", f"sqlite:///{copy}").run("select count(*) from player") == [(1,)]
    assert await reader.read(lambda tx: tx.changes.last_seq()) == 1
    await reader.close()


async def test_a_backup_is_a_database_of_its_own_from_the_moment_it_was_made(sqlite_database: Database) -> None:
    async with sqlite_database.writing() as storage:
        assert isinstance(storage, SqliteStorage)
        assert await storage.make("import") is None  # nothing in it yet that could be lost
        await storage.write(add_player)
        where = await storage.make("import")
        await storage.write(add_player)
    assert where is not None
    path = Path(where)
    assert path.parent == sqlite_database.path.parent
    assert path.name.startswith("ladder.db.backup-")
    assert path.name.endswith("-import")
    async with Database("sqlite", f"sqlite:///{where}").writing() as backup:
        assert await backup.read(lambda tx: (tx.changes.last_seq(), list(tx.players.columns().names))) == (1, ["p0"])
    assert await sqlite_database.run("select count(*) from player") == [(2,)]


def next_migrations(folder: Path, statement: str) -> Migrations:
    """What the program will know after its next migration, which does what it is told."""
    (folder / "versions").mkdir(parents=True)
    for source in (migration.FOLDER / "env.py", *migration.FOLDER.glob("versions/*.py")):
        (folder / source.relative_to(migration.FOLDER)).write_bytes(source.read_bytes())
    (folder / "versions" / "9999_next.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision, branch_labels, depends_on = '9999', '{PRESENT}', None, None\n"
        f"def upgrade():\n    op.execute('create table nickname (id integer)')\n    {statement}\n",
        encoding="utf-8",
    )
    return Migrations(head="9999", folder=folder)


async def test_a_backup_is_made_before_a_migration(sqlite_database: Database, tmp_path: Path) -> None:
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)
    async with sqlite_database.writing(migrations=next_migrations(tmp_path / "migrations", "pass")) as storage:
        migrated = storage.migrated
        assert await storage.read(lambda tx: list(tx.players.columns().names)) == ["p0"]
    assert migrated is not None
    assert migrated.before == PRESENT
    assert migrated.backup is not None
    backup = Database("sqlite", f"sqlite:///{migrated.backup}")
    assert await backup.run("select version_num from alembic_version") == [(PRESENT,)]
    assert await backup.run("select name from player") == [("p0",)]
    assert await sqlite_database.run("select count(*) from nickname") == [(0,)]


async def test_a_migration_that_fails_leaves_the_database_as_it_was(sqlite_database: Database, tmp_path: Path) -> None:
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)
    migrations = next_migrations(tmp_path / "migrations", "op.execute('insert into nowhere values (1)')")
    for _ in range(2):  # the second time, too: the lock was let go of
        with pytest.raises(StorageUnavailable, match="no such table: nowhere"):
            await sqlite_database.open_for_writing(migrations=migrations)
    assert await sqlite_database.run("select version_num from alembic_version") == [(PRESENT,)]
    assert await sqlite_database.run("select name from sqlite_master where name = 'nickname'") == []


async def test_a_lock_that_another_program_holds_is_a_clear_error_and_blocks_nobody_else(
    sqlite_database: Database,
) -> None:
    ticks = 0
    async with sqlite_database.writing(limits=StorageLimits(lock_timeout_ms=200)) as storage:
        await storage.write(add_player)
        with closing(driver().connect(str(sqlite_database.path), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            writes = [asyncio.ensure_future(storage.write(add_player)) for _ in range(3)]
            while not all(write.done() for write in writes):
                assert await storage.read(lambda tx: tx.changes.last_seq()) == 1
                ticks += 1
            for write in writes:
                with pytest.raises(StorageUnavailable, match="Another program holds the database locked"):
                    write.result()
            other.execute("ROLLBACK")
        assert ticks > 2  # the reads were answered while the writes waited
        committed = await storage.write(add_player)
        assert [change.seq for change in committed.changes] == [2]


async def test_opening_a_database_that_another_program_has_locked_is_a_clear_error(
    sqlite_database: Database,
) -> None:
    with closing(driver().connect(str(sqlite_database.path), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageUnavailable, match="Another program holds the database locked"):
            await sqlite_database.open_for_writing(limits=StorageLimits(lock_timeout_ms=50))
        other.execute("ROLLBACK")
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)


async def test_an_old_sqlite_is_named_at_the_start(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real = driver()
    old = SimpleNamespace(
        sqlite_version_info=(3, 51, 2), sqlite_version="3.51.2", connect=real.connect, Error=real.Error
    )
    monkeypatch.setattr(sqlite, "driver", lambda: old)
    with capture_logs() as logs:
        async with sqlite_database.writing():
            pass
    assert [one for one in logs if one["log_level"] == "warning"] == [
        {"event": "sqlite_is_old", "log_level": "warning", "version": "3.51.2", "needed": "3.51.3"}
    ]


async def test_a_file_that_is_no_database_is_left_alone(sqlite_database: Database) -> None:
    text = b"these are my notes and not a database " * 100
    sqlite_database.path.write_bytes(text)
    for opening in (sqlite_database.open_for_reading, sqlite_database.open_for_writing):
        with pytest.raises(StorageUnavailable, match="not an SQLite database"):
            await opening()
    assert sqlite_database.path.read_bytes() == text


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match=r"The folder .*nowhere does not exist"):
        await SqliteStorage.open_for_writing(tmp_path / "nowhere" / "ladder.db", new_nonce=new_nonce)


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "a#b.db", "별.db"])
async def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    database = Database("sqlite", f"sqlite:///{tmp_path / name}")
    async with database.writing() as storage:
        assert isinstance(storage, SqliteStorage)
        await storage.write(add_player)
        backup = await storage.make("import")
        assert backup is not None
        async with database.reading() as reader:
            assert await reader.read(lambda tx: tx.changes.last_seq()) == 1
    assert names_beside(database) == {name, Path(backup).name}


async def test_a_failure_that_nobody_foresaw_does_not_end_the_writing(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: Connection) -> None:
        raise RuntimeError("nobody foresaw this")

    async with sqlite_database.writing() as storage:
        monkeypatch.setattr(Connection, "begin", fail)
        outcomes = await asyncio.gather(*(storage.write(add_player) for _ in range(40)), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert {(type(failure), str(failure)) for failure in failures} == {
            (StorageUnavailable, "The database refused: nobody foresaw this")
        }
        monkeypatch.undo()
        await storage.write(add_player)
        names = await storage.read(lambda tx: list(tx.players.columns().names))
        assert len(names) == 40 - len(failures) + 1


async def test_a_write_that_waited_too_long_is_refused_and_not_begun(sqlite_database: Database) -> None:
    async with sqlite_database.writing(limits=StorageLimits(write_waits_seconds_max=-1)) as storage:
        outcomes = await asyncio.gather(*(storage.write(add_player) for _ in range(30)), return_exceptions=True)
        assert {str(outcome) for outcome in outcomes} == {
            "The database is busy with other work; nothing of this was done. Try again in a moment."
        }
    async with sqlite_database.writing() as storage:
        await storage.write(add_player)
        assert len(await storage.read(lambda tx: tx.players.columns().names)) == 1
