"""Safety copies of an SQLite database: complete or not there, and only so many of them."""

import os
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog

from toprung.adapters.private_files import open_private, sync_folder
from toprung.adapters.storage.hold.failures import storage_failure
from toprung.adapters.storage.limits import LIMITS
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.domain.errors import StorageUnavailable

COPIES_KEPT: Final = 5

_HALF: Final = ".part"
_STAMP: Final = "%Y%m%dT%H%M%S%fZ"
# SQLite's own companions of a file that it has open.
_COMPANIONS: Final = ("-journal", "-wal", "-shm")

_log = structlog.get_logger(__name__)

Sums = dict[str, tuple[object, ...]]
"""By table: how many rows it has and, of each column, how many have a value, the total of its numbers, and the total
length of its texts (in characters) and blobs (in bytes)."""


class SafetyCopies:
    """Copies that lie beside a database as `NAME.backup-TIME-REASON`. For the database's only writer.

    A copy gets that name last: it is made under another one, held against the database, and synced before. So whatever
    has the name is a whole database, however the process ended. The newest `kept` stay. What is called otherwise, a
    copy that somebody renamed included, is never touched.
    """

    def __init__(self, database: Path, *, kept: int = COPIES_KEPT) -> None:
        self._database = database
        self._kept = kept
        self._finished = re.compile(re.escape(database.name) + r"\.backup-(\d{8}T\d{12}Z)-[a-z]+")
        half = self._finished.pattern + re.escape(_HALF)
        self._half_made = re.compile(f"{half}({'|'.join(_COMPANIONS)})?")

    def make(self, reason: str) -> Path:
        """Copies the database, and removes the oldest copies beyond the number to keep.

        Raises `StorageUnavailable` where no whole copy could be made; nothing of it stays then.
        """
        stamp = datetime.now(UTC).strftime(_STAMP)
        target = self._database.with_name(f"{self._database.name}.backup-{stamp}-{reason}")
        half = target.with_name(target.name + _HALF)
        try:
            self._copy(half)
            half.rename(target)
            sync_folder(target.parent)
        except BaseException as error:
            for path in (half, target):
                path.unlink(missing_ok=True)  # half a copy is none, and takes the room that is missing
            if isinstance(error, OSError | driver().Error | StorageUnavailable):
                raise StorageUnavailable(
                    "No backup could be made, so nothing was begun: {problem}", "no_backup", problem=_why(error)
                ) from error
            raise
        _log.info("backup_made", path=str(target), reason=reason)
        self._remove_old(target)
        return target

    def sweep(self) -> None:
        """Removes what was left by processes that were killed while they made a copy."""
        for path in self._files():
            if self._half_made.fullmatch(path.name):
                _remove(path, "unfinished_backup_removed")

    def _copy(self, half: Path) -> None:
        """A copy that is whole, right, and on disk. Raises as `make` does, and OSError and the driver's errors."""
        module = driver()
        os.close(open_private(half, os.O_WRONLY | os.O_EXCL))
        address = f"{self._database.absolute().as_uri()}?mode=ro"
        patience_seconds = LIMITS.lock_timeout_ms / 1000
        with closing(module.connect(address, uri=True, isolation_level=None, timeout=patience_seconds)) as source:
            source.execute("BEGIN")  # one version of the data for the sums and the copy, whoever writes meanwhile
            sums = _sums(source)
            with closing(module.connect(str(half), isolation_level=None)) as copy:
                # A process that dies here leaves a file without its name, so that nothing has to be undone or synced.
                copy.execute("PRAGMA journal_mode = OFF")
                copy.execute("PRAGMA synchronous = OFF")
                source.backup(copy)
            source.execute("ROLLBACK")
        _check(half, sums)
        descriptor = os.open(half, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _remove_old(self, newest: Path) -> None:
        """Removes the oldest. The one just made is the newest, whatever the clock said for the others."""
        others = sorted(
            (found[1], path)
            for path in self._files()
            if path.name != newest.name and (found := self._finished.fullmatch(path.name))
        )
        for _, path in others[: max(0, len(others) + 1 - self._kept)]:
            _remove(path, "old_backup_removed")
            for companion in _COMPANIONS:  # of somebody who looked into it and was killed
                path.with_name(path.name + companion).unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        with os.scandir(self._database.absolute().parent) as entries:
            yield from [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]


def _why(error: Exception) -> str:
    """What goes on a sentence: why there is no copy, and what to do."""
    reason = str(error if isinstance(error, StorageUnavailable) else storage_failure(error))
    return reason[:1].lower() + reason[1:]


def _check(half: Path, sums: Sums) -> None:
    """Raises `StorageUnavailable` unless the file is sound in itself and has what the database has."""
    # Immutable: nobody else knows of it, and SQLite need not put files beside it to find that out.
    address = f"{half.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(driver().connect(address, uri=True, isolation_level=None)) as copy:
        faults = [row[0] for row in copy.execute("PRAGMA integrity_check(1)")]
        if faults != ["ok"]:
            raise StorageUnavailable(
                "The database file is damaged ({problem}); restore the newest good copy of it.",
                "damaged_file",
                problem=faults[0],
            )
        found = _sums(copy)
    wrong = sorted(name for name in sums.keys() | found.keys() if sums.get(name) != found.get(name))
    if wrong:
        raise StorageUnavailable(
            "The copy does not hold what the database does (in the table {table}).", "wrong_copy", table=wrong[0]
        )


def _sums(connection: Any) -> Sums:
    sums: Sums = {}
    for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
        columns = [_quoted(row[1]) for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]
        each = "".join(f", count({one}), total({one}), total(length({one}))" for one in columns)
        sums[table] = connection.execute(f"select count(*){each} from {_quoted(table)}").fetchone()  # noqa: S608 - its own tables
    return sums


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _remove(path: Path, event: str) -> None:
    """Removes a file; one that cannot be removed is logged, and the next time tries again."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("backup_not_removed", path=str(path), error=error.strerror)
    else:
        _log.info(event, path=str(path))
