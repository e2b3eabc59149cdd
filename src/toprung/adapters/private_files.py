"""Files and folders that only their owner can read, whatever the process's umask says."""

import os
import stat
from pathlib import Path
from typing import Final

import structlog

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700

_log = structlog.get_logger(__name__)


def open_private(path: Path, flags: int) -> int:
    """A descriptor of the file, which is made for its owner alone where it is not there yet. Raises OSError."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != FILE_MODE:
            os.fchmod(descriptor, FILE_MODE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def make_private_folder(folder: Path) -> None:
    """Makes the folder, and those above it that are missing, for their owner alone; one that is there stays as it is.

    Raises OSError.
    """
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        return  # somebody else was faster, and it is theirs
    folder.chmod(FOLDER_MODE)


def tighten(path: Path, mode: int = FILE_MODE) -> None:
    """Gives what is there this mode; nothing where there is nothing. What is another user's is logged and stays.

    By its name: to close a descriptor of a file that SQLite has open would let go of SQLite's locks on it.
    """
    try:
        found = stat.S_IMODE(path.stat().st_mode)
        if found != mode:
            path.chmod(mode)
    except FileNotFoundError:
        pass
    except OSError as error:
        _log.warning("file_mode_stays", path=str(path), error=error.strerror)


def sync_folder(folder: Path) -> None:
    """Returns when the names in the folder are on disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
