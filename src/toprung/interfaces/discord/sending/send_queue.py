"""The send queue: everything the bot says without being asked goes through here, from rows that survive a restart.

Answers to interactions do not: they have their own limits and three seconds. discord.py keeps to the limits that
Discord announces per route; this adds what it does not know: which message matters more, that a later wish replaces an
earlier one, whose fault a refusal is and what follows from that, and that a refused token is the end.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import aiohttp
import discord
import structlog

from toprung.application.jobs.outbox import Delivered, GivenUp, MessageLost, Outbox, Outcome, PutOff, TurnedDown
from toprung.application.ports.clock import Clock
from toprung.application.ports.intents import StoredIntent
from toprung.domain.errors import ToprungError
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.sending.hindrances import Hindrances
from toprung.interfaces.discord.sending.refusals import (
    QUARANTINED,
    Fault,
    Hindrance,
    Place,
    PlaceKind,
    Refusal,
    fault_of,
)
from toprung.interfaces.discord.sending.rests import Rests
from toprung.interfaces.discord.sending.send_pace import SendPace

SENDS_AT_ONCE_MAX: Final = 5
ATTEMPTS_MAX: Final = 120
"""What fails for now is tried for more than a day, by when organisers look after a match that waits for it."""

RETRY_SECONDS_MIN: Final = 2.0
RETRY_SECONDS_MAX: Final = 900.0
HINDERED_RETRY_SECONDS_MIN: Final = 60.0
WAIT_SECONDS_MAX: Final = 3_600.0
"""The longest wait between two attempts, also where Discord says more."""

LOOK_AGAIN_SECONDS_MAX: Final = 30.0
ENDED_UNSENT_AT_ONCE_MAX: Final = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of an intent: the message that now says it, and whether nothing is left to keep."""

    message: tuple[int, int] | None = None
    is_over: bool = False


class RefusedAt(Exception):
    """Discord refused what concerns the recipient at a place of the server's, which says nothing of the recipient."""

    def __init__(self, error: discord.HTTPException, place: Place) -> None:
        super().__init__(str(error))
        self.error = error
        self.place = place


class Deliverer(Protocol):
    """Makes one kind of intent so."""

    async def deliver(self, stored: StoredIntent) -> Delivery:
        """Makes it so. Raises discord.py's exceptions where it is a message to the recipient, else `RefusedAt`."""
        ...


class SendQueue:
    """Delivers due intents: the weightiest first, one at a time per recipient, a few at once in all."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        clock: Clock,
        deliverers: Mapping[str, Deliverer],
        on_refused: Callable[[], None],
        hindrances: Hindrances,
        sends_per_second_max: float,
        retry_seconds_min: float = RETRY_SECONDS_MIN,
        something_happened: asyncio.Event | None = None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._deliverers = deliverers
        self._on_refused = on_refused
        self._hindrances = hindrances
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._rests = Rests()
        self._pace = SendPace(sends_per_second_max)
        self._retry_seconds_min = retry_seconds_min
        self._something_happened = something_happened or asyncio.Event()

    def wake(self) -> None:
        """Says that there may be something to send."""
        self._something_happened.set()

    async def run(self) -> None:
        """Delivers until it is cancelled; what is under way then is finished."""
        try:
            while True:
                self._something_happened.clear()
                try:
                    wait_seconds = await self._start_due()
                except Exception:  # noqa: BLE001 - the one catch-all of this loop: a database that is away comes back
                    _log.exception("send_queue_failed")
                    wait_seconds = self._retry_seconds_min
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_seconds):  # wait_for can lose a cancellation before Python 3.12
                        await self._something_happened.wait()
        finally:
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def deliver_due(self) -> None:
        """Delivers what is due now and returns when nothing of that is left."""
        while True:
            await self._start_due()
            if not self._under_way:
                return
            await asyncio.wait(self._under_way.values(), return_when=asyncio.FIRST_COMPLETED)

    async def _start_due(self) -> float:
        """Starts what is due as far as there is room, and says for how many seconds nothing more will be, at most."""
        now_us = self._clock.now_us()
        await self._end_unsent(now_us)
        while len(self._under_way) < SENDS_AT_ONCE_MAX:
            due, next_due_us = await self._outbox.due(
                limit=SENDS_AT_ONCE_MAX - len(self._under_way),
                passed_over={*self._under_way, *self._rests.people(now_us)},
                resting=self._rests.corners(now_us),
            )
            for stored in due:
                recipient = stored.intent.recipient
                if recipient not in self._under_way:
                    self._under_way[recipient] = asyncio.create_task(self._deliver(stored))
            if not due:
                until_due_seconds = ((next_due_us or now_us) - now_us) / MICROSECONDS_PER_SECOND
                return min(max(until_due_seconds, self._retry_seconds_min), LOOK_AGAIN_SECONDS_MAX)
        return LOOK_AGAIN_SECONDS_MAX  # the end of any of them wakes it

    async def _end_unsent(self, now_us: int) -> None:
        """Ends what is meant for users who take no messages.

        Their rest spares Discord requests that it would refuse; whoever waits for them to be told should not wait too.
        """
        resting = {*self._rests.people(now_us)} - self._under_way.keys()
        if resting:
            await self._outbox.end_unsent(resting, reason="refused a message lately", limit=ENDED_UNSENT_AT_ONCE_MAX)

    async def _deliver(self, stored: StoredIntent) -> None:
        try:
            await self._take_turn()
            await self._outbox.note(stored, await self._outcome(stored))
        except Exception:  # noqa: BLE001 - the row stays due, and is looked at again with the next round
            _log.exception("intent_outcome_not_kept", key=stored.intent.key)
        finally:
            self._under_way.pop(stored.intent.recipient, None)
            self._something_happened.set()

    async def _outcome(self, stored: StoredIntent) -> Outcome:
        """Tries to deliver one, and says what came of it."""
        deliverer = self._deliverers.get(stored.intent.kind)
        if deliverer is None:
            return GivenUp(reason="this version knows no such kind")
        try:
            delivery = await deliverer.deliver(stored)
        except RefusedAt as refusal:
            return self._after_refusal(stored, refusal.error, refusal.place)
        except discord.HTTPException as error:
            return self._after_refusal(stored, error, None)
        except discord.RateLimited as error:
            return self._put_off(stored, str(error), at_least_seconds=error.retry_after)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, ToprungError) as error:
            return self._put_off(stored, str(error) or type(error).__name__)
        return self._after_delivery(stored, delivery)

    def _after_delivery(self, stored: StoredIntent, delivery: Delivery) -> Outcome:
        self._rests.end(stored.intent.kind, stored.intent.recipient)
        if stored.hindrance is not None:
            self._hindrances.over(stored.hindrance)
        return Delivered(message=delivery.message, is_over=delivery.is_over)

    def _after_refusal(self, stored: StoredIntent, error: discord.HTTPException, place: Place | None) -> Outcome:
        """What follows from a refusal: of a message to the recipient, or at a place of the server's."""
        self._pace.answered(error.status, asyncio.get_running_loop().time())
        if error.status == 401:
            self._on_refused()
            return self._put_off(stored, "the token is refused", at_least_seconds=RETRY_SECONDS_MAX)
        is_message, is_direct = place is None, stored.intent.is_direct
        refusal = Refusal(
            status=error.status,
            code=error.code,
            is_to_person=is_message and is_direct,
            is_edit=is_message and stored.message is not None,
        )
        fault, now_us = fault_of(refusal), self._clock.now_us()
        details = {"key": stored.intent.key, "status": error.status, "code": error.code, "fault": fault.value}
        if fault is Fault.GONE:
            return MessageLost()
        if fault is Fault.THEIRS:
            _log.info("intent_refused", **details)
            self._rests.rest_person(stored.intent.recipient, now_us)
            return TurnedDown(reason=f"{error.status}: {error.text[:200]}")
        if place is None:
            kind = PlaceKind.DIRECT if is_direct else PlaceKind.CHANNEL
            place = Place(kind=kind, number=0 if is_direct else stored.intent.recipient)
        hindrance = Hindrance(status=error.status, code=error.code, place=place)
        if fault is Fault.OURS:
            _log.info("intent_refused", **details)
            self._rests.rest_corner((stored.intent.kind, stored.intent.recipient if is_message else None), now_us)
            self._hindrances.met(hindrance, stored.intent.key)
            return self._put_off(stored, str(error), seconds_min=HINDERED_RETRY_SECONDS_MIN, hindrance=hindrance)
        if error.code == QUARANTINED:
            self._hindrances.met(hindrance, stored.intent.key)
        told_seconds = _retry_after_seconds(error)
        return self._put_off(
            stored,
            str(error),
            at_least_seconds=told_seconds,
            hindrance=hindrance if error.code == QUARANTINED else None,
        )

    def _put_off(
        self,
        stored: StoredIntent,
        reason: str,
        *,
        at_least_seconds: float = 0.0,
        seconds_min: float | None = None,
        hindrance: Hindrance | None = None,
    ) -> Outcome:
        """Tries one again later. One that was tried too often is given up, which is proof against nobody."""
        attempts = stored.attempts + 1
        if attempts >= ATTEMPTS_MAX:
            _log.error("intent_given_up", key=stored.intent.key, reason=reason)
            return GivenUp(reason=reason)
        seconds = min((seconds_min or self._retry_seconds_min) * 2.0 ** min(stored.attempts, 20), RETRY_SECONDS_MAX)
        seconds *= random.uniform(0.8, 1.2)  # noqa: S311 - only so that not all come at once
        seconds = min(max(seconds, at_least_seconds), WAIT_SECONDS_MAX)
        until_us = self._clock.now_us() + round(seconds * MICROSECONDS_PER_SECOND)
        _log.info("intent_put_off", key=stored.intent.key, seconds=round(seconds, 1), reason=reason)
        noted = None if hindrance is None else str(hindrance)
        return PutOff(until_us=until_us, attempts=attempts, hindrance=noted)

    async def _take_turn(self) -> None:
        """Waits for this send's turn."""
        now = asyncio.get_running_loop().time()
        turn = self._pace.turn(now)
        if turn > now:
            await asyncio.sleep(turn - now)


def _retry_after_seconds(error: discord.HTTPException) -> float:
    """How long Discord says to wait; 0 where it does not say."""
    try:
        return float(error.response.headers.get("Retry-After", 0.0))
    except ValueError:
        return 0.0


class MessageDeliverer:
    """Says an intent by a message: a new one, or an edit of the one that said it before."""

    def __init__(self, client: discord.Client, draw: "Drawing") -> None:
        self._client = client
        self._draw = draw

    async def deliver(self, stored: StoredIntent) -> Delivery:
        """See `Deliverer`. Where there is nothing to say any more, nothing is said and the intent is over."""
        view = await self._draw(stored)
        if view is None:
            return Delivery(is_over=True)
        # Nobody is kept to answer its buttons: the client answers those of all messages without a layout, ever after.
        view.stop()
        mentions = _mentions_of(view)
        if stored.message is not None:
            channel_id, message_id = stored.message
            channel = self._client.get_partial_messageable(channel_id)
            await channel.get_partial_message(message_id).edit(view=view, allowed_mentions=mentions)
            return Delivery(message=stored.message)
        recipient = stored.intent.recipient
        target = (
            await self._client.create_dm(discord.Object(recipient))
            if stored.intent.is_direct
            else self._client.get_partial_messageable(recipient)
        )
        # The nonce makes a repetition after a lost answer the same message to Discord.
        sent = await target.send(view=view, nonce=stored.nonce, allowed_mentions=mentions)
        return Delivery(message=(sent.channel.id, sent.id))


def _mentions_of(view: discord.ui.LayoutView) -> discord.AllowedMentions:
    """Who may be pinged: the one whom the message is for, where it names somebody, whatever else is in it."""
    whom = view.mentions if isinstance(view, Layout) else None
    users: bool | list[discord.Object] = False if whom is None else [discord.Object(whom)]
    return discord.AllowedMentions(everyone=False, users=users, roles=False, replied_user=False)


class SaidOnce:
    """Says an intent by a message that is never changed, so that nothing is left to keep of it afterwards."""

    def __init__(self, client: discord.Client, draw: "Drawing") -> None:
        self._messages = MessageDeliverer(client, draw)

    async def deliver(self, stored: StoredIntent) -> Delivery:
        """See `Deliverer`."""
        return replace(await self._messages.deliver(stored), is_over=True)


class Drawing(Protocol):
    """Draws the message of an intent as things are now; None where there is nothing to say any more."""

    async def __call__(self, stored: StoredIntent) -> discord.ui.LayoutView | None:
        """The message."""
        ...
