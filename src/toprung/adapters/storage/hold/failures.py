"""What a driver's error means to the application."""

from sqlalchemy.exc import DBAPIError, InterfaceError

from toprung.domain.database_address import without_password
from toprung.domain.errors import StorageUnavailable

_SENTENCES = (
    ("disk is full", "disk_full", "The disk is full; nothing of this was kept. Make room and try again."),
    ("no space left", "disk_full", "The disk is full; nothing of this was kept. Make room and try again."),
    (
        "database is locked",
        "locked",
        "Another program holds the database locked; nothing of this was kept. Try again in a moment.",
    ),
    (
        "lock timeout",
        "lock_timeout",
        "Another writer holds what this wants to change; nothing of it was kept. Try again in a moment.",
    ),
    ("readonly database", "file_read_only", "The database cannot be written to: the file or its folder is read-only."),
    ("read-only transaction", "read_only", "The database was opened for reading only."),
    (
        "unable to open",
        "not_opened",
        "The database file cannot be opened; check that its folder exists and may be written to.",
    ),
    ("malformed", "malformed", "The database file is damaged; restore the newest backup that lies beside it."),
    ("not a database", "not_sqlite", "This file is not an SQLite database."),
)


def storage_failure(error: Exception) -> StorageUnavailable:
    """The error as one that the application knows, with a sentence that says what to do."""
    reason = without_password(str(error.orig) if isinstance(error, DBAPIError) else str(error))
    for sign, kind, sentence in _SENTENCES:
        if sign in reason.lower():
            return StorageUnavailable(sentence, kind)
    if isinstance(error, (InterfaceError, OSError)):
        return StorageUnavailable("The database cannot be reached: {problem}", "unreachable", problem=reason)
    return StorageUnavailable("The database refused: {problem}", "refused", problem=reason)
