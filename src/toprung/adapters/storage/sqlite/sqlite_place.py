"""Where an SQLite database lies, and whether what is open is still what lies there.

Somebody who moves another file into its place, or removes it, does not disturb a process that has it open: that goes on
writing into a file that nobody will find again.
"""

from pathlib import Path

from toprung.domain.errors import StorageUnavailable, WriterLost

Identity = tuple[int, int]
"""What a file is known by while it is there, whatever it is called: its device and inode."""


class SqlitePlace:
    """The path of a database, and which files its writer opened there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._real = path.resolve()
        self._wal = self._real.with_name(f"{self._real.name}-wal")
        self._file: Identity | None = None
        self._wal_file: Identity | None = None

    def refuse_second_names(self) -> None:
        """Raises `StorageUnavailable` for a file that has hard links: each name would get a log of its own."""
        try:
            names = self.path.stat().st_nlink
        except FileNotFoundError:
            return
        if names > 1:
            raise StorageUnavailable(
                "The file {path} has {count} names (hard links), and SQLite keeps what was written last beside "
                "one of them only. Remove the other names, or make real copies of them.",
                "hard_links",
                path=str(self.path),
                count=str(names),
            )

    def opened(self) -> None:
        """Remembers what lies there now, which the caller has just opened, as what is open."""
        self._file, self._wal_file = _identity(self.path), _identity(self._wal)

    def check(self) -> None:
        """Raises `WriterLost` where something else lies there, or nothing."""
        if _identity(self.path) != self._file:
            raise WriterLost(
                "The file {path} was moved, removed or replaced while it was open, so this process ends; nothing "
                "of this was kept. Stop Toprung before you touch its database.",
                "file_moved",
                path=str(self.path),
            )
        if _identity(self._wal) != self._wal_file:
            raise WriterLost(
                "The file {path}, which is a part of the database, was moved, removed or replaced while it was "
                "open, so this process ends; nothing of this was kept. Stop Toprung before you touch its "
                "database.",
                "wal_moved",
                path=str(self._wal),
            )

    @property
    def is_elsewhere(self) -> bool:
        """Whether the database itself, and not only its log, is not there any more."""
        return _identity(self.path) != self._file


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
