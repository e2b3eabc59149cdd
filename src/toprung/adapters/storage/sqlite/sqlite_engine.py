"""Engines on an SQLite file, with the settings that make an acknowledged write survive a power cut."""

import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from toprung.adapters.storage.limits import LIMITS, StorageLimits

READERS_MAX: Final = 4
SAFE_VERSION: Final = (3, 51, 3)
"""The first SQLite without the bug that can corrupt a WAL database with several writing connections."""


def driver() -> ModuleType:
    """The newest SQLite at hand: the one in pysqlite3's wheel, else the standard library's."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    module: ModuleType = dbapi2
    return module


def writing_engine(path: Path, limits: StorageLimits = LIMITS) -> Engine:
    """An engine whose transactions begin by taking the write lock, and are on disk when they are committed."""
    # EXTRA instead of FULL would also sync the folder, which only matters for rollback journals.
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF")
    return _single_engine(path, limits, pragmas, "BEGIN IMMEDIATE")


def migrating_engine(path: Path, limits: StorageLimits = LIMITS) -> Engine:
    """An engine for changing the tables, which SQLite does by making them anew: meanwhile foreign keys lead nowhere."""
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "trusted_schema=OFF")
    return _single_engine(path, limits, pragmas, "BEGIN IMMEDIATE")


def looking_engine(path: Path, limits: StorageLimits = LIMITS) -> Engine:
    """An engine for a first look at a file of which it is not known yet whose it is; it changes nothing in it."""
    return _single_engine(path, limits, ("query_only=ON", "trusted_schema=OFF"), "BEGIN")


def reading_engine(path: Path) -> Engine:
    """An engine that cannot write; each transaction sees one version of the data."""
    module = driver()
    uri = f"{path.absolute().as_uri()}?mode=ro"
    engine = create_engine(
        "sqlite+pysqlite://",
        module=module,
        creator=lambda: module.connect(
            uri, uri=True, timeout=LIMITS.lock_timeout_ms / 1000, isolation_level=None, check_same_thread=False
        ),
        poolclass=QueuePool,
        pool_size=READERS_MAX,
        max_overflow=0,
    )
    _prepare(engine, ("query_only=ON", "trusted_schema=OFF"), "BEGIN")
    return engine


def _single_engine(path: Path, limits: StorageLimits, pragmas: tuple[str, ...], begin: str) -> Engine:
    module = driver()
    engine = create_engine(
        "sqlite+pysqlite://",
        module=module,
        creator=lambda: module.connect(str(path), timeout=limits.lock_timeout_ms / 1000, isolation_level=None),
        poolclass=NullPool,
    )
    _prepare(engine, pragmas, begin)
    return engine


def _prepare(engine: Engine, pragmas: tuple[str, ...], begin: str) -> None:
    def connect(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin_transaction)
