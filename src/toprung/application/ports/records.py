"""What the application needs of the database for its own records: audit, change sequence, notes and heartbeats."""

from dataclasses import dataclass
from typing import Protocol

from toprung.domain.events import Change, Event
from toprung.domain.matches.served_time import Heartbeat
from toprung.domain.players.player import Player


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """What an organiser did: to what, why, and what it changed."""

    at_us: int
    actor: str
    action: str
    subject: str
    reason: str
    details: str


class AuditRepository(Protocol):
    """The audit: what organisers did."""

    def append(self, row: AuditRow) -> None:
        """Keeps what an organiser did."""
        ...

    def replace_details(self, *, action: str, subject: str, details: str) -> None:
        """Puts these details in the place of what every row with this action and this subject has."""
        ...


class ChangeRepository(Protocol):
    """The change sequence: everything that happened, each in a place of its own, without gaps."""

    def record(self, *events: Event) -> None:
        """Says what happens with this transaction: stored with it, and told to whoever listens after the commit."""
        ...

    def last_seq(self) -> int:
        """The last place that is committed."""
        ...

    def seqs(self) -> list[int]:
        """The places that are kept, in order."""
        ...

    def since(self, seq: int) -> list[Change] | None:
        """The changes after place `seq`, or None where they are not all kept any more."""
        ...

    def replace_player(self, player: Player) -> None:
        """Puts the player as given in the place of what the kept changes say of the same player."""
        ...


class NoteRepository(Protocol):
    """Notes that the database keeps about itself (its game, say), by their names."""

    def get(self, name: str) -> str | None:
        """A note; None where there is none."""
        ...

    def put(self, name: str, value: str) -> None:
        """Writes a note, in the place of the one before."""
        ...

    def keep(self, name: str, value: str) -> str:
        """Writes a note unless there is one, and gives the one that there then is: the same one for everybody."""
        ...


class HeartbeatRepository(Protocol):
    """The heartbeats, by the names of the loops that beat. They are no changes of the ladder, and nobody is told."""

    def get(self, name: str) -> Heartbeat | None:
        """The last heartbeat under this name; None before the first one."""
        ...

    def put(self, name: str, heartbeat: Heartbeat) -> None:
        """Stores it in the place of the one before."""
        ...
