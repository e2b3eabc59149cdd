"""How a command finds the server that has the database: an address and a token, kept where the database is."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from toprung.adapters.private_files import open_private
from toprung.application.ports.storage import Storage, Transaction

_NOTE: Final = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """Where the server's admin API answers, and what it asks for."""

    address: str
    token: str


class ServerRecords(Protocol):
    """Where the record is kept."""

    async def publish(self, record: ServerRecord) -> None:
        """Keeps the record for others to find."""
        ...

    async def find(self) -> ServerRecord | None:
        """The record, if one is kept. Its server may be gone; whether it writes is the writer's lock's to say."""
        ...

    async def withdraw(self, record: ServerRecord) -> None:
        """Removes this record, and leaves another server's alone, which may have begun meanwhile."""
        ...


class ServerRecordFile:
    """Keeps the record in a file beside an SQLite database, readable by its owner only."""

    def __init__(self, database: Path) -> None:
        real = database.resolve()  # whoever calls the database by another name is to find the server as well
        self._path = real.with_name(real.name + ".server.json")

    async def publish(self, record: ServerRecord) -> None:
        """See `ServerRecords`."""
        self._path.unlink(missing_ok=True)
        descriptor = open_private(self._path, os.O_WRONLY | os.O_EXCL)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_encode(record))

    async def find(self) -> ServerRecord | None:
        """See `ServerRecords`."""
        try:
            return _decode(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    async def withdraw(self, record: ServerRecord) -> None:
        """See `ServerRecords`."""
        if await self.find() == record:
            self._path.unlink(missing_ok=True)


class ServerRecordNote:
    """Keeps the record in the database itself, whose readers may do everything anyway."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def publish(self, record: ServerRecord) -> None:
        """See `ServerRecords`."""
        await self._storage.write(lambda tx: tx.notes.put(_NOTE, _encode(record)))

    async def find(self) -> ServerRecord | None:
        """See `ServerRecords`."""
        text: str | None = await self._storage.read(lambda tx: tx.notes.get(_NOTE))
        return _decode(text or "")

    async def withdraw(self, record: ServerRecord) -> None:
        """See `ServerRecords`."""

        def work(tx: Transaction) -> None:
            if _decode(tx.notes.get(_NOTE) or "") == record:
                tx.notes.put(_NOTE, "")

        await self._storage.write(work)


def _encode(record: ServerRecord) -> str:
    return json.dumps({"address": record.address, "token": record.token})


def _decode(text: str) -> ServerRecord | None:
    try:
        values = json.loads(text)
        return ServerRecord(address=str(values["address"]), token=str(values["token"]))
    except (ValueError, KeyError, TypeError):
        return None
