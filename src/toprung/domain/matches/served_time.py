"""Time served: what counts of the time that people have for something, and what is given back to them.

A ladder that is down, stuck or without its database serves nobody, and a clock that is set takes or gives time that
never passed. So a loop beats while it serves, and what passed between two beats without being served is owed to whoever
had a deadline. A little of it is remembered and not given back yet: a deadline that moves at each quick restart would
seldom be the one that was said.
"""

from dataclasses import dataclass
from typing import Final

from toprung.domain.moment import MICROSECONDS_PER_SECOND

BEAT_SECONDS: Final = 5
SERVED_BETWEEN_BEATS_US_MAX: Final = 2 * BEAT_SECONDS * MICROSECONDS_PER_SECOND
"""More than this between two beats of one process, and nobody was served between them."""

OWED_US_MAX: Final = 30 * MICROSECONDS_PER_SECOND
"""More than this is given back at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """When a loop served last, and how much time it owes since before then; less than nothing is owed to the ladder."""

    at_us: int
    owed_us: int = 0


def next_beat(last: Heartbeat, now_us: int, *, is_first: bool) -> tuple[Heartbeat, int]:
    """The heartbeat of now, and by how much open deadlines move with it, in microseconds; less than nothing is earlier.

    The first beat of a process served nothing of the time before it. Time before the last beat is that of a clock that
    was set back, so that deadlines go back with it.
    """
    passed_us = now_us - last.at_us
    is_served = not is_first and 0 <= passed_us <= SERVED_BETWEEN_BEATS_US_MAX
    owed_us = last.owed_us + (0 if is_served else passed_us)
    if abs(owed_us) > OWED_US_MAX:
        return Heartbeat(at_us=now_us), owed_us
    return Heartbeat(at_us=now_us, owed_us=owed_us), 0
