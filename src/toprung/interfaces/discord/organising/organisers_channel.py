"""The organisers' channel: what wants an organiser announces itself there, and says when it does not any more."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import discord

from toprung.application.jobs.loop import Loop
from toprung.application.organising import announcements
from toprung.application.ports.intents import Intent, Priority, StoredIntent
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.organising import match_log
from toprung.interfaces.discord.organising.announcement import AnnouncementDrawing
from toprung.interfaces.discord.organising.concerns import (
    SETTLED,
    Concern,
    ConflictConcern,
    DeadLetterConcern,
    ExpiredConcern,
    ReturnConcern,
    UnknownModConcern,
)
from toprung.interfaces.discord.organising.match_log import MatchLogDrawing
from toprung.interfaces.discord.organising.refusal_concern import RefusalConcern
from toprung.interfaces.discord.sending.send_queue import (
    Deliverer,
    Delivery,
    Drawing,
    MessageDeliverer,
    SaidOnce,
    SendQueue,
)

LOOK_SECONDS: Final = 10.0


def concerns(context: BotContext) -> tuple[Concern, ...]:
    """Every kind of concern."""
    of_the_ladder: tuple[Concern, ...] = (
        ConflictConcern(context),
        DeadLetterConcern(context),
        ExpiredConcern(context),
        UnknownModConcern(context),
        ReturnConcern(context),
    )
    return *of_the_ladder, RefusalConcern(context, [one.kind for one in of_the_ladder])


class OrganisersChannel:
    """Wants one message for each concern; the send queue makes it so.

    It keeps nothing itself: what was said are rows, and what is so is read again at every look.
    """

    def __init__(self, context: BotContext, unit_of_work: UnitOfWork, queue: SendQueue, channel_id: int) -> None:
        self._context = context
        self._unit_of_work = unit_of_work
        self._queue = queue
        self._channel_id = channel_id
        self._concerns = concerns(context)

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        await Loop(self.look, every_seconds=LOOK_SECONDS, failed="organisers_channel_failed").run()

    async def look(self) -> None:
        """Wants what is so now to be said, where that is not wanted already."""
        now_us = self._context.ladder.clock.now_us()
        if not await self._unit_of_work.read(lambda tx: self._news(tx, now_us)):
            return
        await self._unit_of_work.run(lambda tx: tx.intents.want(self._news(tx, now_us), now_us=now_us))
        self._queue.wake()

    def _news(self, tx: Transaction, now_us: int) -> Sequence[Intent]:
        news = []
        for concern in self._concerns:
            known = {stored.intent.key: stored.intent for stored in tx.intents.of_kind(concern.kind)}
            wanted = concern.wanted(tx, now_us, [intent.parameters for intent in known.values()])
            intents = [self._intent(concern.kind, key, parameters) for key, parameters in wanted.items()]
            news += [intent for intent in intents if known.get(intent.key) != intent]
        return news

    def _intent(self, kind: str, key: str, parameters: Mapping[str, str]) -> Intent:
        return Intent(
            key=key, kind=kind, recipient=self._channel_id, priority=Priority.ORGANISER, parameters=parameters
        )


class ConcernDrawing:
    """Draws a concern; one that was over before it was ever said is not."""

    def __init__(self, concern: Concern) -> None:
        self._concern = concern

    async def __call__(self, stored: StoredIntent) -> discord.ui.LayoutView | None:
        """See `Drawing`."""
        if stored.message is None and is_settled(stored):
            return None
        return await self._concern.draw(stored.intent.parameters)


class ClosingDeliverer:
    """Says intents by messages, and keeps those no longer that nothing is to be added to."""

    def __init__(self, messages: MessageDeliverer, is_last: Callable[[StoredIntent], bool]) -> None:
        self._messages = messages
        self._is_last = is_last

    async def deliver(self, stored: StoredIntent) -> Delivery:
        """See `Deliverer`."""
        delivery = await self._messages.deliver(stored)
        return Delivery(message=delivery.message, is_over=delivery.is_over or self._is_last(stored))


def organisers_deliverers(context: BotContext, client: discord.Client) -> dict[str, Deliverer]:
    """How concerns, the match log and announcements are said."""
    said: dict[str, Deliverer] = {
        concern.kind: ClosingDeliverer(MessageDeliverer(client, ConcernDrawing(concern)), is_settled)
        for concern in concerns(context)
    }
    once: dict[str, Drawing] = {
        match_log.KIND: MatchLogDrawing(context),
        announcements.KIND: AnnouncementDrawing(context),
    }
    for kind, drawing in once.items():
        said[kind] = SaidOnce(client, drawing)
    return said


def is_settled(stored: StoredIntent) -> bool:
    """Whether what an intent says is over."""
    return bool(stored.intent.parameters[SETTLED])
