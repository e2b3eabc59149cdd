"""The layouts whose controls answer, by the message they are on; so many at most, the oldest go first."""

from collections.abc import Awaitable, Callable
from typing import Final

LIVE_LAYOUTS_MAX: Final = 1_000
INTERACTIONS_REMEMBERED: Final = 2_000


Expire = Callable[[], Awaitable[None]]
"""Has a layout stop answering, and say so by switching its controls off. It stands for the layout here."""


class LiveLayouts:
    """Knows whose press will be answered, so that the press of anybody else can be answered in another way."""

    def __init__(self) -> None:
        self._layouts: dict[int, Expire] = {}

    def __contains__(self, message_id: int) -> bool:
        return message_id in self._layouts

    def __len__(self) -> int:
        return len(self._layouts)

    async def add(self, message_id: int, expire: Expire) -> None:
        """Keeps a layout; where that is one too many, the oldest expires."""
        self._layouts[message_id] = expire
        if len(self._layouts) > LIVE_LAYOUTS_MAX:
            await self._layouts.pop(next(iter(self._layouts)))()

    def remove(self, expire: Expire) -> None:
        """Forgets a layout."""
        for message_id, kept in list(self._layouts.items()):
            if kept == expire:
                del self._layouts[message_id]


class SeenInteractions:
    """Remembers the interactions of late: after a RESUME, Discord may deliver an event again."""

    def __init__(self) -> None:
        self._seen: dict[int, None] = {}

    def is_repeated(self, interaction_id: int) -> bool:
        """Whether this one was asked about before."""
        if interaction_id in self._seen:
            return True
        self._seen[interaction_id] = None
        if len(self._seen) > INTERACTIONS_REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        return False
