"""One writing process a database file: a lock that the system lets go of however its holder ends."""

import fcntl
import os
from pathlib import Path

from toprung.adapters.private_files import open_private
from toprung.domain.errors import StorageUnavailable, WriterPresent


class WriterLock:
    """The lock beside a database file. The lock file stays: removing it would let two processes hold two locks."""

    def __init__(self, database: Path) -> None:
        real = database.resolve()  # or two processes that call one file by two names would hold two locks
        self._path = real.with_name(real.name + ".lock")
        self._database = database
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Takes the lock. Raises `WriterPresent` where another process has it."""
        try:
            descriptor = open_private(self._path, os.O_RDWR)
        except OSError as error:
            raise StorageUnavailable(
                "Cannot write beside {database}: {problem}.",
                "not_writable_beside",
                database=self._database,
                problem=error.strerror,
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise WriterPresent(
                "Process {process} is already writing to {database}, and only one process may. Stop it first.",
                "process",
                process=holder or "unknown",
                database=self._database,
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        self.release()
        self._descriptor = descriptor

    @property
    def is_held(self) -> bool:
        """Whether the lock file that this process has locked is the one that others would find."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except OSError:
            return False

    def release(self) -> None:
        """Lets go of the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
