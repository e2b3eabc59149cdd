"""What each writing transaction on SQLite does last: it checks its writer's epoch and leaves a number behind."""

from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from toprung.adapters.storage.hold.writer_hold import TAKEN_OVER
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.domain.errors import WriterLost

LOOK_UP_SECONDS_MAX: Final = 2.0
LOOK_AGAIN_SECONDS: Final = 0.05
BUSY_SECONDS_MAX: Final = 0.5

# Given to the driver itself: SQLAlchemy would take longer than SQLite does.
_TAKE_EPOCH: Final = "UPDATE writer SET epoch = epoch + 1, commits = 0 RETURNING epoch"
_COUNT: Final = "UPDATE writer SET commits = commits + 1 WHERE epoch = ? RETURNING commits"
_LOOK: Final = "SELECT epoch, commits FROM writer"


def take_epoch(raw: Any) -> int:
    """Begins a new epoch on a driver's connection, in a transaction of its own."""
    raw.execute("BEGIN IMMEDIATE")
    try:
        (epoch,) = raw.execute(_TAKE_EPOCH).fetchone()
    except BaseException:
        raw.execute("ROLLBACK")
        raise
    raw.execute("COMMIT")
    return int(epoch)


def count_commit(raw: Any, epoch: int) -> int:
    """The number of the open transaction among those of this epoch. Raises `WriterLost` where another has begun."""
    row = raw.execute(_COUNT, (epoch,)).fetchone()
    if row is None:
        raise WriterLost(TAKEN_OVER, "taken_over")
    return int(row[0])


def present_epoch(path: Path) -> int:
    """The epoch in the file at a path. Raises what the driver raises."""
    return _look(path)[0]


def became_of(path: Path, epoch: int, number: int, *, seconds_max: float = LOOK_UP_SECONDS_MAX) -> bool | None:
    """Whether a transaction was committed, as a new connection sees it; None where that cannot be found out in time."""
    until = monotonic() + seconds_max
    while True:
        try:
            found_epoch, commits = _look(path)
        except driver().Error:
            if monotonic() >= until:
                return None
            sleep(LOOK_AGAIN_SECONDS)
        else:
            return None if found_epoch != epoch else commits >= number


def _look(path: Path) -> tuple[int, int]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(driver().connect(uri, uri=True, timeout=BUSY_SECONDS_MAX, isolation_level=None)) as connection:
        epoch, commits = connection.execute(_LOOK).fetchone()
    return int(epoch), int(commits)
