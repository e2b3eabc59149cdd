"""Announcing something in a channel."""

from dataclasses import dataclass

from toprung.application.organising.operation import Desk, FrontEnd, Operation, Spec
from toprung.application.ports.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(Operation[None]):
    """Writes a text into a channel."""

    channel_id: int
    text: str

    async def carry_out(self, desk: Desk, tell: Progress) -> None:
        """See `Announcements.announce`."""
        await desk.announcements.announce(self.channel_id, self.text, self.by)


ANNOUNCEMENT_OPERATIONS: tuple[Spec, ...] = (
    Spec(kind=Announce, actions=frozenset({"announce"}), ways_in=frozenset({FrontEnd.DISCORD})),
)
