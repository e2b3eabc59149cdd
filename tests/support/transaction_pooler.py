"""A pooler in transaction mode, as small as one can be: each transaction gets whatever session was used last."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qs, urlsplit

READY: Final = b"Z"
IDLE: Final = b"I"
AUTHENTICATED: Final = b"R" + struct.pack("!ii", 8, 0)
NO_ENCRYPTION: Final = b"N"
SSL_REQUEST: Final = 80_877_103


class _Session:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer


class TransactionPooler:
    """Passes each client's messages to a session of the server until that says that no transaction is open."""

    def __init__(self, path: str, user: str, database: str) -> None:
        self._path = path
        self._user = user
        self._database = database
        self._free: asyncio.LifoQueue[_Session] = asyncio.LifoQueue()
        self._server: asyncio.Server | None = None

    @classmethod
    @asynccontextmanager
    async def before(cls, address: str, *, sessions: int) -> "AsyncIterator[TransactionPooler]":
        """One with so many sessions, before the PostgreSQL that answers on a Unix socket at this address."""
        parts = urlsplit(address)
        path = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.{parts.port or 5432}"
        pooler = cls(path, parts.username or "postgres", parts.path.lstrip("/"))
        opened = [await pooler._open() for _ in range(sessions)]
        for session in opened:
            pooler._free.put_nowait(session)
        pooler._server = await asyncio.start_server(pooler._serve, "127.0.0.1", 0)
        try:
            yield pooler
        finally:
            pooler._server.close()
            for session in opened:
                session.writer.close()

    @property
    def address(self) -> str:
        """The database's address through this pooler."""
        assert self._server is not None
        return f"postgresql://{self._user}@127.0.0.1:{self._server.sockets[0].getsockname()[1]}/{self._database}"

    async def _open(self) -> _Session:
        reader, writer = await asyncio.open_unix_connection(self._path)
        body = f"user\0{self._user}\0database\0{self._database}\0client_encoding\0utf-8\0\0".encode()
        writer.write(struct.pack("!ii", len(body) + 8, 196_608) + body)
        session = _Session(reader, writer)
        while (await _message(reader))[:1] != READY:
            pass
        return session

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                (size,) = struct.unpack("!i", await reader.readexactly(4))
                startup = await reader.readexactly(size - 4)
                if struct.unpack("!i", startup[:4])[0] != SSL_REQUEST:
                    break
                client.write(NO_ENCRYPTION)
            client.write(AUTHENTICATED)
            for name, value in (("server_version", "16.0"), ("client_encoding", "UTF8"), ("integer_datetimes", "on")):
                text = f"{name}\0{value}\0".encode()
                client.write(b"S" + struct.pack("!i", len(text) + 4) + text)
            client.write(b"K" + struct.pack("!iii", 12, 0, 0) + READY + struct.pack("!i", 5) + IDLE)
            while True:
                first = await _message(reader)
                if first[:1] == b"X":
                    break
                session = await self._free.get()
                try:
                    await self._transaction(first, reader, client, session)
                finally:
                    self._free.put_nowait(session)
        client.close()

    async def _transaction(
        self, first: bytes, reader: asyncio.StreamReader, client: asyncio.StreamWriter, session: _Session
    ) -> None:
        message = first
        while True:
            session.writer.write(message)
            if message[:1] in (b"Q", b"S", b"H"):  # whatever asks for an answer
                wanted = READY if message[:1] != b"H" else None
                while True:
                    answer = await _message(session.reader) if wanted else await self._some(session)
                    client.write(answer)
                    if wanted is None:
                        break
                    if answer[:1] == READY:
                        if answer[5:6] == IDLE:
                            return
                        break
            message = await _message(reader)

    async def _some(self, session: _Session) -> bytes:
        return await session.reader.read(65_536)


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    (size,) = struct.unpack("!i", head[1:])
    return head + await reader.readexactly(size - 4)
