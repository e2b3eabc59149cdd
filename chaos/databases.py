"""New databases of both kinds, for as long as a run lasts."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final

import asyncpg

from benchmarks.postgres_server import postgres_server

KINDS: Final = ("sqlite", "postgresql")


class Databases:
    """Makes databases: files in a folder of its own, and on a PostgreSQL server that is started when one is wanted.

    The server belongs to this process and not to those that are killed.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._address: Callable[[str], str] | None = None
        self._numbers = count(1)

    def __enter__(self) -> "Databases":
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="toprung-chaos-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @asynccontextmanager
    async def new(self, kind: str) -> AsyncIterator[str]:
        """The address of an empty database; a PostgreSQL one is dropped at the end."""
        name = f"ladder_{next(self._numbers)}"
        if kind == "sqlite":
            yield f"sqlite:///{self._folder / name}.db"
            return
        if self._address is None:
            self._address = self._stack.enter_context(postgres_server())
        await run_on_postgres(self._address("postgres"), f"create database {name}")
        try:
            yield self._address(name)
        finally:
            await run_on_postgres(self._address("postgres"), f"drop database {name} with (force)")


async def run_on_postgres(address: str, *statements: str) -> None:
    """Runs statements on a connection of its own."""
    connection = await asyncpg.connect(address)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
