"""The outbox: what is wanted to be said, what of it is due, and what came of each attempt, in one transaction each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from toprung.application.ports.clock import Clock
from toprung.application.ports.intents import Ending, Intent, StoredIntent
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork

Settling = Callable[[Transaction, StoredIntent, Ending], None]
"""What follows from the end of an intent, in the transaction that notes it. One that was given up has no such end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """It is said by this message, or nothing was to be said (None); where it is over, nothing is left to keep."""

    message: tuple[int, int] | None
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedDown:
    """Its recipient takes no messages."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """It is not tried again, which is proof against nobody."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLost:
    """The message that said it is gone: it is said anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """It is tried again later; `hindrance` is what an organiser has to mend first."""

    until_us: int
    attempts: int
    hindrance: str | None = None


Outcome = Delivered | TurnedDown | GivenUp | MessageLost | PutOff


class Outbox:
    """What is to be said, for whoever wants it said and whoever says it."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock, settlings: Mapping[str, Settling]) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._settlings = settlings

    async def want(self, intents: Sequence[Intent]) -> None:
        """Wants these to be so; what is wanted already stays as it is."""
        now_us = self._clock.now_us()
        await self._unit_of_work.run(lambda tx: tx.intents.want(intents, now_us=now_us))

    async def due(
        self, *, limit: int, passed_over: Collection[int], resting: Collection[tuple[str, int | None]]
    ) -> tuple[list[StoredIntent], int | None]:
        """What is due, the weightiest first, but for those recipients and corners; and when the next one is."""
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> tuple[list[StoredIntent], int | None]:
            due = tx.intents.due(now_us=now_us, limit=limit, passed_over=passed_over, resting=resting)
            return due, tx.intents.next_due_us()

        return await self._unit_of_work.read(work)

    async def end_unsent(self, recipients: Collection[int], *, reason: str, limit: int) -> None:
        """Ends what is due for users who take no messages, where something follows from their not being reached."""
        now_us = self._clock.now_us()

        def unsent(tx: Transaction) -> list[StoredIntent]:
            return tx.intents.due_of(self._settlings, recipients, now_us=now_us, limit=limit)

        def end(tx: Transaction) -> None:
            for stored in unsent(tx):
                self._note(tx, stored, TurnedDown(reason=reason))

        if await self._unit_of_work.read(unsent):
            await self._unit_of_work.run(end)

    async def note(self, stored: StoredIntent, outcome: Outcome) -> None:
        """Keeps what came of an attempt, with all that follows from it."""
        await self._unit_of_work.run(lambda tx: self._note(tx, stored, outcome))

    def _note(self, tx: Transaction, stored: StoredIntent, outcome: Outcome) -> None:
        match outcome:
            case Delivered(message=message, is_over=is_over):
                if is_over:
                    tx.intents.remove(stored.id, revision=stored.revision)
                else:
                    tx.intents.delivered(stored.id, revision=stored.revision, message=message)
                self._settle(tx, stored, Ending.NOTHING_TO_SAY if message is None else Ending.SAID)
            case TurnedDown(reason=reason):
                tx.intents.give_up(stored.id, reason=reason)
                self._settle(tx, stored, Ending.REFUSED)
            case GivenUp(reason=reason):
                tx.intents.give_up(stored.id, reason=reason)
            case MessageLost():
                tx.intents.lost_message(stored.id)
            case PutOff(until_us=until_us, attempts=attempts, hindrance=hindrance):
                tx.intents.put_off(stored.id, until_us=until_us, attempts=attempts, hindrance=hindrance)

    def _settle(self, tx: Transaction, stored: StoredIntent, ending: Ending) -> None:
        settling = self._settlings.get(stored.intent.kind)
        if settling is not None:
            settling(tx, stored, ending)
