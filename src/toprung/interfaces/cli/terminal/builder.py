"""What the command line asks of the program's composition, so that it need not know it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from toprung.application.ladder import Ladder
from toprung.application.organising.operations import Administration
from toprung.application.ports.replays import Intake
from toprung.application.replays.pool_health import PoolHealth
from toprung.application.replays.replay_inspection import ReplayInspector


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was said on the command line of where the ladder is; None leaves it to the environment and the defaults.

    `inactivity_days` is a number of days or `off`. `now_us` sets the clock of a command that only reads.
    """

    database: str | None = None
    game: str | None = None
    inactivity_days: str | None = None
    host: str | None = None
    port: int | None = None
    now_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationSummary:
    """What a migration did: the schema's revisions before (None for a new database) and after, and the backup."""

    before: str | None
    after: str
    backup: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A ladder opened for reading, and how long that took."""

    ladder: Ladder
    open_seconds: float
    read_seconds: Callable[[], list[float]]


class Builder(Protocol):
    """Opens ladders. Every method raises a `ToprungError` that says what is wrong and what to do."""

    def reading(self, options: Options) -> AbstractAsyncContextManager[Reading]:
        """The ladder, opened read-only beside whatever else uses it."""
        ...

    def administering(self, options: Options, *, needs_server: bool) -> AbstractAsyncContextManager[Administration]:
        """The organiser's operations: through the running server's API where there is one, else in this process.

        Raises `Conflict` where none runs and one is needed.
        """
        ...

    async def pool_health(self, options: Options) -> PoolHealth:
        """How the running server's replay pool is; `NotFound` where no server runs."""
        ...

    def inspecting(self, options: Options) -> AbstractAsyncContextManager[ReplayInspector]:
        """A reader of replays, in processes of its own; no ladder is opened."""
        ...

    def submitting(self, options: Options) -> AbstractAsyncContextManager[Intake]:
        """The intake of the running server. Raises `Conflict` where none runs."""
        ...

    async def migrate(self, options: Options) -> MigrationSummary:
        """Brings the database's schema up to date."""
        ...

    async def serve(self, options: Options, *, started: Callable[[str], None]) -> None:
        """Serves the site until it is told to stop; `started` is told the site's address once it answers."""
        ...

    async def demo(
        self, options: Options, *, progress: Callable[[int, int], None], started: Callable[[str], None]
    ) -> None:
        """Plays a season into a new database, showing progress in matches, then serves it while matches go on."""
        ...
