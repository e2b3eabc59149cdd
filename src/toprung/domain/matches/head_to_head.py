"""The games between two players."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadToHead:
    """How often a player won, lost and drew against an opponent, whatever their races, and when they last played.

    It is of finished matches as they count now: one that was voided is not in it, and a corrected one is as corrected.
    """

    won: int = 0
    lost: int = 0
    drawn: int = 0
    last_played_us: int | None = None

    @property
    def played(self) -> int:
        """How many games that are."""
        return self.won + self.lost + self.drawn
