"""How fast the bot sends, so that Discord neither limits it nor takes it for broken.

Discord shuts an address out that makes 10,000 invalid requests (answered 401, 403 or 429) in 10 minutes. A delivery
ends at its first one; only discord.py's own repetitions of a 429 can make it five. So many refusals slow everything
down, and nothing ever stops: at worst there are about 600 refused deliveries in any 10 minutes.
"""

from collections import deque
from typing import Final

INVALID_REQUESTS_AT_FULL_SPEED_MAX: Final = 300
INVALID_REQUESTS_WINDOW_SECONDS: Final = 600.0
SLOWED_SECONDS_PER_SEND: Final = 2.0
INVALID_STATUSES: Final = frozenset({401, 403, 429})


class SendPace:
    """Gives every send its turn. Moments are in seconds of one steady clock, passed in."""

    def __init__(self, sends_per_second_max: float) -> None:
        self._sends_per_second_max = sends_per_second_max
        self._next_at = 0.0
        self._invalid_at: deque[float] = deque()

    def answered(self, status: int, now: float) -> None:
        """Notes how Discord refused a request."""
        if status in INVALID_STATUSES:
            self._invalid_at.append(now)

    def turn(self, now: float) -> float:
        """When the next send may go, which is taken with that."""
        while self._invalid_at and self._invalid_at[0] <= now - INVALID_REQUESTS_WINDOW_SECONDS:
            self._invalid_at.popleft()
        is_slowed = len(self._invalid_at) >= INVALID_REQUESTS_AT_FULL_SPEED_MAX
        turn = max(now, self._next_at)
        self._next_at = turn + (SLOWED_SECONDS_PER_SEND if is_slowed else 1 / self._sends_per_second_max)
        return turn
