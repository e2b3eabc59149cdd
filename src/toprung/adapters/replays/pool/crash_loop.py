"""When to stop starting children that cannot start: a circuit that opens for longer and longer."""

from collections import deque
from typing import Final

FAILURES_MAX: Final = 10
WINDOW_SECONDS: Final = 10.0
OPEN_SECONDS_MIN: Final = 5.0
OPEN_SECONDS_MAX: Final = 60.0


class CrashLoop:
    """Counts failing starts. More than ten in ten seconds open the circuit, for five seconds the first time.

    After that one start is let through: its success closes the circuit, its failure opens it for twice as long, up to a
    minute. So does the next opening, unless a minute went well in between. Times are seconds on a monotonic clock.
    """

    def __init__(self) -> None:
        self._failures: deque[float] = deque(maxlen=FAILURES_MAX + 1)
        self._open_until: float | None = None
        self._open_seconds = 0.0
        self._last_open = float("-inf")

    @property
    def is_tripped(self) -> bool:
        """Whether the circuit opened and no child has started since."""
        return self._open_until is not None

    def seconds_open(self, now: float) -> float | None:
        """How long no child may be started any more; None where one may."""
        if self._open_until is None or now >= self._open_until:
            return None
        return self._open_until - now

    def allows_start(self, now: float, starting: int) -> bool:
        """Whether one more child may be started now, while `starting` others are."""
        if self._open_until is None:
            return True
        return now >= self._open_until and not starting

    def failed(self, now: float) -> None:
        """A child could not start, or died before it was of any use."""
        self._failures.append(now)
        if self._open_until is None:
            if len(self._failures) > FAILURES_MAX and now - self._failures[0] <= WINDOW_SECONDS:
                self._open(now)
        elif now >= self._open_until:
            self._open(now)

    def succeeded(self, now: float) -> None:
        """A child started. One that was started before the circuit opened closes it as well."""
        if self._open_until is not None:
            self._last_open = now
            self._open_until = None
            self._failures.clear()

    def _open(self, now: float) -> None:
        is_first = self._open_until is None and now - self._last_open > OPEN_SECONDS_MAX
        self._open_seconds = OPEN_SECONDS_MIN if is_first else min(2 * self._open_seconds, OPEN_SECONDS_MAX)
        self._open_until = now + self._open_seconds
