"""The organisers' channel: what wants an organiser announces itself there, and says when it does not any more."""

from collections.abc import Callable
from typing import Final

import discord

from toprung.application.jobs.loop import Loop
from toprung.application.organising import announcements, match_log
from toprung.application.organising.concerns import SETTLED
from toprung.application.ports.intents import StoredIntent
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.organising.announcement import AnnouncementDrawing
from toprung.interfaces.discord.organising.concerns import (
    ConcernDrawing,
    ConflictConcern,
    DeadLetterConcern,
    ExpiredConcern,
    ReturnConcern,
    UnknownModConcern,
)
from toprung.interfaces.discord.organising.match_log import MatchLogDrawing
from toprung.interfaces.discord.organising.refusal_concern import RefusalConcern
from toprung.interfaces.discord.organising.watch_concern import UnusualConcern
from toprung.interfaces.discord.sending.send_queue import (
    Deliverer,
    Delivery,
    Drawing,
    MessageDeliverer,
    SaidOnce,
    SendQueue,
)

LOOK_SECONDS: Final = 10.0


def concern_drawings(context: BotContext) -> tuple[ConcernDrawing, ...]:
    """How each kind of concern is said."""
    return (
        ConflictConcern(context),
        DeadLetterConcern(context),
        ExpiredConcern(context),
        UnknownModConcern(context),
        ReturnConcern(context),
        UnusualConcern(context),
        RefusalConcern(context),
    )


class OrganisersChannel:
    """Wants one message for each concern; the send queue makes it so."""

    def __init__(self, context: BotContext, queue: SendQueue, channel_id: int) -> None:
        self._watch = context.ladder.concerns
        self._queue = queue
        self._channel_id = channel_id

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        await Loop(self.look, every_seconds=LOOK_SECONDS, failed="organisers_channel_failed").run()

    async def look(self) -> None:
        """Wants what is so now to be said, where that is not wanted already."""
        if await self._watch.look(self._channel_id):
            self._queue.wake()


class ConcernMessage:
    """Draws a concern; one that was over before it was ever said is not."""

    def __init__(self, concern: ConcernDrawing) -> None:
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
        concern.kind: ClosingDeliverer(MessageDeliverer(client, ConcernMessage(concern)), is_settled)
        for concern in concern_drawings(context)
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
