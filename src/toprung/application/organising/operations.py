"""Every operation that organisers have, and the one way in which one is carried out."""

from collections.abc import Mapping
from typing import Final, Protocol, TypeVar

from toprung.application.organising.announcement_operation import ANNOUNCEMENT_OPERATIONS
from toprung.application.organising.match_operations import MATCH_OPERATIONS
from toprung.application.organising.operation import Desk, Foreseeable, Operation, Route, Spec
from toprung.application.organising.player_operations import PLAYER_OPERATIONS
from toprung.application.organising.rating_operations import RATING_OPERATIONS
from toprung.application.organising.replay_operations import REPLAY_OPERATIONS
from toprung.application.organising.transfer_operations import TRANSFER_OPERATIONS
from toprung.application.ports.progress import Progress
from toprung.domain.errors import Conflict

R = TypeVar("R")
P = TypeVar("P")

OPERATIONS: Final[tuple[Spec, ...]] = (
    *TRANSFER_OPERATIONS,
    *PLAYER_OPERATIONS,
    *MATCH_OPERATIONS,
    *RATING_OPERATIONS,
    *REPLAY_OPERATIONS,
    *ANNOUNCEMENT_OPERATIONS,
)

_BY_KIND: Final[Mapping[type[Operation[object]], Spec]] = {spec.kind: spec for spec in OPERATIONS}


def spec_of(operation: Operation[object]) -> Spec:
    """What is to be known of this kind of operation."""
    return _BY_KIND[type(operation)]


def route_of(operation: Operation[object]) -> Route:
    """How this kind of operation is asked for over HTTP. Raises `Conflict` where it is not."""
    route = spec_of(operation).route
    if route is None:
        raise Conflict("That can only be done where the ladder itself is, not through its API.", "not_over_api")
    return route


def in_silence(_done: int, _total: int) -> None:
    """A `Progress` that nobody watches."""


class Administration(Protocol):
    """Carries out operations, in the process that holds the ladder or through it.

    Raises what the use cases behind an operation raise.
    """

    async def perform(self, operation: Operation[R], tell: Progress = in_silence) -> R:
        """Does it, and gives what came of it; the audit keeps who did what, and why."""
        ...

    async def preview(self, operation: Foreseeable[object, P]) -> P:
        """What it would do as things are now; nothing is changed."""
        ...


class AdminService:
    """The organiser's operations in the process that holds the ladder."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def perform(self, operation: Operation[R], tell: Progress = in_silence) -> R:
        """See `Administration`."""
        return await operation.carry_out(self._desk, tell)

    async def preview(self, operation: Foreseeable[object, P]) -> P:
        """See `Administration`."""
        return await operation.preview(self._desk)
