"""A network between a client and its PostgreSQL that can swallow everything, break, or break at a commit."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

COMMIT: Final = b"COMMIT;\x00"
"""How the driver's simple query for a commit ends."""

Moment = Literal["before", "after"]


class TcpProxy:
    """Passes bytes on until it is told otherwise. `address` is what the client is given."""

    def __init__(self, path: str, database: str, user: str) -> None:
        self._path = path
        self._database = database
        self._user = user
        self._server: asyncio.Server | None = None
        self._open: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._passes = asyncio.Event()
        self._passes.set()
        self._deaf: set[asyncio.StreamWriter] = set()
        self._break_at: Moment | None = None
        self.broken = asyncio.Event()
        """Set once a commit was met by what `break_at_commit` asked for."""

    @property
    def address(self) -> str:
        """The database's address through this proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://{self._user}@127.0.0.1:{port}/{self._database}"

    async def start(self) -> None:
        """Begins to take connections."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def close(self) -> None:
        """Ends all connections."""
        if self._server is not None:
            self._server.close()
        self._passes.set()
        self.drop()

    def swallow(self) -> None:
        """From now on nothing arrives any more, in either direction, and nobody is told."""
        self._passes.clear()

    def pass_on(self) -> None:
        """Everything arrives again."""
        self._passes.set()

    def make_half_open(self) -> None:
        """What is connected now hears nothing any more, for good; new connections work."""
        for client, server in self._open:
            self._deaf |= {client, server}

    def drop(self) -> None:
        """Ends what is connected now, at both ends."""
        for client, server in self._open:
            client.close()
            server.close()

    def break_at_commit(self, moment: Moment) -> None:
        """The next commit does not reach the server (`before`), or its answer does not reach the client (`after`).

        The client's end of that connection is closed. The server's stays open in the first case: it hears of nothing.
        """
        self._break_at = moment
        self.broken.clear()

    async def _connected(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await self._passes.wait()
        try:
            from_server, server = await asyncio.open_unix_connection(self._path)
        except OSError:
            client.close()
            return
        both = (client, server)
        self._open.add(both)
        try:
            await asyncio.gather(self._pump(reader, server, client), self._pump(from_server, client, None))
        finally:
            client.close()
            server.close()
            self._open.discard(both)
            self._deaf -= set(both)

    async def _pump(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, client: asyncio.StreamWriter | None
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._passes.wait()
                if to in self._deaf:
                    continue
                if client is not None and self._break_at and data.endswith(COMMIT):
                    moment, self._break_at = self._break_at, None
                    self._deaf.add(client)
                    if moment == "after":
                        to.write(data)
                        await to.drain()
                        await asyncio.sleep(0.2)  # the server needs a moment to commit, and answers into the void
                    self.broken.set()
                    client.transport.abort()
                    if moment == "before":
                        return  # and leaves the server's end open
                    continue
                to.write(data)
                await to.drain()
        to.close()


@asynccontextmanager
async def proxied(address: str) -> AsyncIterator[TcpProxy]:
    """A proxy before the PostgreSQL that answers on a Unix socket at this address."""
    parts = urlsplit(address)
    folder = parse_qs(parts.query)["host"][0]
    proxy = TcpProxy(f"{folder}/.s.PGSQL.{parts.port or 5432}", parts.path.lstrip("/"), parts.username or "postgres")
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
