"""Replays in a directory, each under its SHA-256, so that no name from outside ever becomes a path."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Final
from uuid import uuid4

import structlog

from toprung.adapters.private_files import FOLDER_MODE, make_private_folder, open_private, sync_folder, tighten
from toprung.domain.errors import StorageUnavailable
from toprung.domain.replays.replay_upload import is_sha256

_HALF: Final = ".part"

_log = structlog.get_logger(__name__)


class ReplayFolder:
    """Implements `ReplayArchive`: `ab/abcd….SC2Replay`, written beside its place and moved there once it is on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = uuid4().hex

    async def put(self, sha256: str, data: bytes) -> None:
        """See `ReplayArchive`. Raises ValueError for bytes with another hash."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError("these bytes have another SHA-256")
        try:
            await asyncio.to_thread(self._put, self._path(sha256), data)
        except OSError as error:
            raise StorageUnavailable(
                "The replay could not be stored: {problem}. Nothing of it was kept; try again later.",
                "replay_not_stored",
                problem=error.strerror or error,
            ) from error

    async def get(self, sha256: str) -> bytes | None:
        """See `ReplayArchive`."""
        try:
            return await asyncio.to_thread(_whole, self._path(sha256), sha256)
        except OSError as error:
            raise StorageUnavailable(
                "The replay could not be read: {problem}.", "replay_not_read", problem=error.strerror or error
            ) from error

    async def sweep(self) -> int:
        """Removes what a process that was killed left half written; gives how many files. For the only writer.

        What this one is writing meanwhile stays.
        """
        return await asyncio.to_thread(self._sweep)

    def _path(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise ValueError("a replay is kept under its SHA-256 only")
        return self._folder / sha256[:2] / f"{sha256}.SC2Replay"

    def _put(self, path: Path, data: bytes) -> None:
        self._make_folders(path.parent)
        if _whole(path, path.stem) is None:
            half = path.with_name(f"{path.stem}.{uuid4().hex}.{self._writer}{_HALF}")
            try:
                _write_durably(half, data)
                half.replace(path)
            except BaseException:
                half.unlink(missing_ok=True)
                raise
        sync_folder(path.parent)  # also where the file was there: who moved it there may not have come to this line

    def _make_folders(self, folder: Path) -> None:
        for missing in (self._folder, folder):
            make_private_folder(missing)
            sync_folder(missing.parent)

    def _sweep(self) -> int:
        swept = 0
        for folder in self._folder.glob("??"):
            tighten(folder, FOLDER_MODE)  # those that were made when the group could read them
        for half in self._folder.glob(f"??/*{_HALF}"):
            if not half.name.endswith(f".{self._writer}{_HALF}"):
                half.unlink(missing_ok=True)
                swept += 1
        return swept


def _whole(path: Path, sha256: str) -> bytes | None:
    """The file's bytes if they are what their name says."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(data).hexdigest() == sha256:
        return data
    _log.error("replay_damaged", sha256=sha256)
    return None


def _write_durably(path: Path, data: bytes) -> None:
    descriptor = open_private(path, os.O_WRONLY | os.O_EXCL | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
