"""What the application needs of the database to know how long nobody was served."""

from typing import Protocol

from toprung.domain.matches.served_time import Heartbeat


class HeartbeatRepository(Protocol):
    """The heartbeats, by the names of the loops that beat. They are no changes of the ladder, and nobody is told."""

    def get(self, name: str) -> Heartbeat | None:
        """The last heartbeat under this name; None before the first one."""
        ...

    def put(self, name: str, heartbeat: Heartbeat) -> None:
        """Stores it in the place of the one before."""
        ...
