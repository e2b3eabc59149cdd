"""Whom and what the send queue leaves in peace for a while after a refusal.

Nothing of it is kept: after a restart each is asked once more, which costs a refusal each.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from toprung.domain.moment import MICROSECONDS_PER_SECOND

PERSON_RESTS_SECONDS: Final = 3_600
PLACE_RESTS_SECONDS_MIN: Final = 60
PLACE_RESTS_SECONDS_MAX: Final = 900

Corner = tuple[str, int | None]
"""A kind of intent and its recipient; None is that kind to anybody."""


@dataclass(frozen=True, slots=True)
class _Rest:
    until_us: int
    refusals: int


class Rests:
    """People by their own refusals; kinds of messages at a place by ours, longer with every one in a row."""

    def __init__(self) -> None:
        self._people: dict[int, int] = {}
        self._corners: dict[Corner, _Rest] = {}

    def rest_person(self, discord_id: int, now_us: int) -> None:
        """Leaves somebody in peace who takes no messages."""
        self._people[discord_id] = now_us + PERSON_RESTS_SECONDS * MICROSECONDS_PER_SECOND

    def rest_corner(self, corner: Corner, now_us: int) -> None:
        """Leaves a kind of message alone there. A refusal during a rest is one that was under way, and adds nothing."""
        before = self._corners.get(corner)
        if before is not None and before.until_us > now_us:
            return
        refusals = 1 if before is None else before.refusals + 1
        seconds = min(PLACE_RESTS_SECONDS_MIN << min(refusals - 1, 10), PLACE_RESTS_SECONDS_MAX)
        self._corners[corner] = _Rest(now_us + seconds * MICROSECONDS_PER_SECOND, refusals)

    def end(self, kind: str, recipient: int) -> None:
        """Something of this kind went through there."""
        for corner in ((kind, recipient), (kind, None)):
            self._corners.pop(corner, None)

    def people(self, now_us: int) -> Collection[int]:
        """Who rests now."""
        self._people = {who: until_us for who, until_us in self._people.items() if until_us > now_us}
        return self._people.keys()

    def corners(self, now_us: int) -> Collection[Corner]:
        """What rests now, and where."""
        return {corner for corner, rest in self._corners.items() if rest.until_us > now_us}
