"""What an organiser's operation is: a value that says what is to be done, by whom and why, and how it is asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Generic, TypeVar

from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.organising.announcements import Announcements
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.progress import Progress
from toprung.application.ratings.rating_adjustment import RatingAdjustment
from toprung.application.ratings.rating_service import RatingService
from toprung.application.ratings.season_service import SeasonService
from toprung.application.ratings.system_service import RatingSystemService
from toprung.application.replays.replay_mods import ReplayMods
from toprung.application.transfer.import_service import ImportService
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import ToprungError
from toprung.domain.jobs.job import JobId

R_co = TypeVar("R_co", covariant=True)
P_co = TypeVar("P_co", covariant=True)

NOBODY_YET: Final = Attribution(actor="")
"""By whom an operation is that is only looked at beforehand; nothing of it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The use cases that operations are carried out with, in the process that holds the ladder."""

    imports: ImportService
    players: PlayerService
    ratings: RatingService
    lifecycle: MatchLifecycle
    adjustment: RatingAdjustment
    seasons: SeasonService
    systems: RatingSystemService
    mods: ReplayMods
    announcements: Announcements
    retry_job: Callable[[JobId, Attribution], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[R_co]):
    """Something to be done, by whom and why. Players are named by name. `R_co` is what is said when it is done."""

    by: Attribution

    async def carry_out(self, desk: Desk, tell: Progress) -> R_co:
        """Does it, with its row in the audit, in one transaction. Raises what the use case behind it raises."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseeable(Operation[R_co], Generic[R_co, P_co]):
    """An operation of which can be said beforehand what it would do: `P_co`."""

    async def preview(self, desk: Desk) -> P_co:
        """What it would do as things are now; nothing is changed. Raises what doing it raises."""
        raise NotImplementedError


class FrontEnd(StrEnum):
    """Where an operation can be asked for."""

    CLI = "cli"
    API = "api"
    DISCORD = "discord"


EVERYWHERE: Final = frozenset(FrontEnd)
AT_A_TERMINAL: Final = frozenset({FrontEnd.CLI, FrontEnd.API})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is taken for a field from outside, as far as its type does not say; lengths are in code points."""

    min_length: int | None = None
    max_length: int | None = None
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    description: str | None = None
    examples: tuple[str, ...] | None = None


PlayerName = Annotated[str, Taken(min_length=1, max_length=200, examples=("Artosis",))]


class Carries(StrEnum):
    """What a request for an operation carries, beside what its path says."""

    JSON = "json"
    JSON_OR_NOTHING = "json or nothing"
    NOTHING = "nothing"
    CSV = "csv"
    """The text of a file, with all else in the query; the answer tells how far it is, line by line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """How the API's document calls what a request carries, and what it says of it."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How an operation is asked for over HTTP: fields in braces in the path, the others in what it carries.

    `name` is what the API's document calls it, and `refusals` is what it answers with but for what every route does.
    """

    path: str
    name: str
    summary: str
    refusals: tuple[type[ToprungError], ...]
    body: Body | None = None
    carries: Carries = Carries.JSON
    needs_reason: bool = False
    previews: bool = False
    takes_long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What is to be known of one kind of operation.

    `actions` is what the audit calls it. One that moves ratings is foreseeable, or a copy of the database is made
    before (`makes_copy`), where storage can. Some need a server that runs (`needs_server`).
    """

    kind: type[Operation[object]]
    actions: frozenset[str]
    ways_in: frozenset[FrontEnd]
    route: Route | None = None
    moves_ratings: bool = False
    makes_copy: bool = False
    needs_server: bool = False
