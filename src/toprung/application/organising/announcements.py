"""What organisers announce in a channel."""

from typing import Final
from uuid import uuid4

from toprung.application.ports.clock import Clock
from toprung.application.ports.intents import Intent, Priority
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution, audit
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput

KIND: Final = "announcement"
TEXT_MAX_CODE_POINTS: Final = 1_800


def announcement_text(text: str) -> str:
    """The text as it is announced: without characters that cannot be shown. Raises `InvalidInput`."""
    kept = "".join(char for char in text if char.isprintable() or char == "\n").strip()
    if not 1 <= len(kept) <= TEXT_MAX_CODE_POINTS:
        raise InvalidInput(
            "text", "An announcement has 1 to {most} characters.", "announcement_length", most=str(TEXT_MAX_CODE_POINTS)
        )
    return kept


class Announcements:
    """Promises announcements; whoever sends messages keeps the promise."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def announce(self, channel_id: int, text: str, by: Attribution) -> None:
        """Promises the announcement. Raises `InvalidInput` for a text that cannot be one."""
        checked, key, now_us = announcement_text(text), f"{KIND} {uuid4().hex}", self._clock.now_us()
        intent = Intent(
            key=key, kind=KIND, recipient=channel_id, priority=Priority.ORGANISER, parameters={"text": checked}
        )

        def work(tx: Transaction) -> None:
            tx.intents.want([intent], now_us=now_us)
            audit(tx, by, "announce", f"channel {channel_id}", now_us=now_us, text=checked)

        await self._unit_of_work.run(work)
