"""The send queue: everything the bot says without being asked goes through here, from rows that survive a restart.

Answers to interactions do not: they have their own limits and three seconds. discord.py keeps to the limits that
Discord announces per route; this adds what it does not know: which message matters more, that a later wish replaces an
earlier one, that a refused recipient stays refused for a while, and that a refused token is the end.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import aiohttp
import discord
import structlog

from toprung.application.intents import StoredIntent
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.unit_of_work import UnitOfWork
from toprung.domain.errors import ToprungError
from toprung.domain.moment import MICROSECONDS_PER_SECOND

SENDS_PER_SECOND_MAX: Final = 20
SENDS_AT_ONCE_MAX: Final = 5
ATTEMPTS_MAX: Final = 12
RETRY_SECONDS_MIN: Final = 2.0
RETRY_SECONDS_MAX: Final = 900.0
LOOK_AGAIN_SECONDS_MAX: Final = 30.0
REFUSED_RECIPIENT_REST_SECONDS: Final = 3_600.0
ENDED_UNSENT_AT_ONCE_MAX: Final = 100
INVALID_REQUESTS_MAX: Final = 20
INVALID_REQUESTS_WINDOW_SECONDS: Final = 600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of an intent: the message that now says it, and whether nothing is left to keep."""

    message: tuple[int, int] | None = None
    is_over: bool = False


class Deliverer(Protocol):
    """Makes one kind of intent so."""

    async def deliver(self, stored: StoredIntent) -> Delivery:
        """Makes it so. Raises discord.py's exceptions."""
        ...


Settling = Callable[[Transaction, StoredIntent, bool], None]
"""What follows from the end of an intent, in the transaction that notes it; the flag says whether it was delivered."""


class SendQueue:
    """Delivers due intents: the weightiest first, one at a time per recipient, a few at once in all."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        clock: Clock,
        deliverers: Mapping[str, Deliverer],
        on_refused: Callable[[], None],
        settlings: Mapping[str, Settling] | None = None,
        something_happened: asyncio.Event | None = None,
    ) -> None:
        self._settlings = dict(settlings or {})
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._deliverers = deliverers
        self._on_refused = on_refused
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._resting_until_us: dict[int, int] = {}
        self._invalid_at_us: deque[int] = deque()
        self._something_happened = something_happened or asyncio.Event()
        self._next_send_at = 0.0

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
                    wait_seconds = RETRY_SECONDS_MIN
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
        if self._is_over_budget(now_us):
            return LOOK_AGAIN_SECONDS_MAX
        self._resting_until_us = {who: until for who, until in self._resting_until_us.items() if until > now_us}
        await self._end_unsent(now_us)
        while len(self._under_way) < SENDS_AT_ONCE_MAX:
            due, next_due_us = await self._unit_of_work.read(self._look_for_due(now_us))
            for stored in due:
                recipient = stored.intent.recipient
                if recipient not in self._under_way:
                    self._under_way[recipient] = asyncio.create_task(self._deliver(stored))
            if not due:
                until_due_seconds = ((next_due_us or now_us) - now_us) / MICROSECONDS_PER_SECOND
                return min(max(until_due_seconds, RETRY_SECONDS_MIN), LOOK_AGAIN_SECONDS_MAX)
        return LOOK_AGAIN_SECONDS_MAX  # the end of any of them wakes it

    async def _end_unsent(self, now_us: int) -> None:
        """Ends what is meant for users who refused lately, where something follows from their not being reached.

        Their rest spares Discord requests that it would refuse; whoever waits for them to be told should not wait too.
        """
        resting = self._resting_until_us.keys() - self._under_way.keys()
        if not resting:
            return

        def unsent(tx: Transaction) -> list[StoredIntent]:
            return tx.intents.due_of(self._settlings, resting, now_us=now_us, limit=ENDED_UNSENT_AT_ONCE_MAX)

        def end(tx: Transaction) -> None:
            for stored in unsent(tx):
                self._give_up(stored, "refused a message lately")(tx)

        if await self._unit_of_work.read(unsent):
            await self._unit_of_work.run(end)

    def _look_for_due(self, now_us: int) -> Callable[[Transaction], tuple[list[StoredIntent], int | None]]:
        room = SENDS_AT_ONCE_MAX - len(self._under_way)
        passed_over = {*self._under_way, *self._resting_until_us}

        def work(tx: Transaction) -> tuple[list[StoredIntent], int | None]:
            return tx.intents.due(now_us=now_us, limit=room, passed_over=passed_over), tx.intents.next_due_us()

        return work

    async def _deliver(self, stored: StoredIntent) -> None:
        try:
            await self._pace()
            outcome = await self._outcome(stored)
            await self._unit_of_work.run(outcome)
        except Exception:  # noqa: BLE001 - the row stays due, and is looked at again with the next round
            _log.exception("intent_outcome_not_kept", key=stored.intent.key)
        finally:
            self._under_way.pop(stored.intent.recipient, None)
            self._something_happened.set()

    async def _outcome(self, stored: StoredIntent) -> Callable[[Transaction], None]:
        """Tries to deliver one, and says what to note about it."""
        deliverer = self._deliverers.get(stored.intent.kind)
        if deliverer is None:
            return lambda tx: tx.intents.give_up(stored.id, reason="this version knows no such kind")
        try:
            delivery = await deliverer.deliver(stored)
        except discord.HTTPException as error:
            return self._after_refusal(stored, error)
        except (discord.RateLimited, discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            return self._put_off(stored, str(error) or type(error).__name__, getattr(error, "retry_after", 0.0))
        except ToprungError as error:
            return self._put_off(stored, str(error), 0.0)
        return self._after_delivery(stored, delivery)

    def _after_delivery(self, stored: StoredIntent, delivery: Delivery) -> Callable[[Transaction], None]:
        def note(tx: Transaction) -> None:
            if delivery.is_over:
                tx.intents.remove(stored.id, revision=stored.revision)
            else:
                tx.intents.delivered(stored.id, revision=stored.revision, message=delivery.message)
            self._settle(tx, stored, is_delivered=delivery.message is not None)

        return note

    def _give_up(self, stored: StoredIntent, reason: str) -> Callable[[Transaction], None]:
        def note(tx: Transaction) -> None:
            tx.intents.give_up(stored.id, reason=reason)
            self._settle(tx, stored, is_delivered=False)

        return note

    def _settle(self, tx: Transaction, stored: StoredIntent, *, is_delivered: bool) -> None:
        settling = self._settlings.get(stored.intent.kind)
        if settling is not None:
            settling(tx, stored, is_delivered)

    def _after_refusal(self, stored: StoredIntent, error: discord.HTTPException) -> Callable[[Transaction], None]:
        now_us = self._clock.now_us()
        if error.status in (401, 403, 404, 429):
            self._invalid_at_us.append(now_us)
        if error.status == 401:
            self._on_refused()
            return self._put_off(stored, "the token is refused", RETRY_SECONDS_MAX)
        if error.status == 404 and stored.message is not None and error.code == 10008:
            return lambda tx: tx.intents.lost_message(stored.id)  # somebody deleted it: it is said anew
        if error.status in (403, 404):
            until_us = now_us + round(REFUSED_RECIPIENT_REST_SECONDS * MICROSECONDS_PER_SECOND)
            self._resting_until_us[stored.intent.recipient] = until_us
        if 400 <= error.status < 500 and error.status != 429:
            _log.warning("intent_refused", key=stored.intent.key, status=error.status, code=error.code)
            return self._give_up(stored, f"{error.status}: {error.text[:200]}")
        return self._put_off(stored, str(error), 0.0)

    def _put_off(self, stored: StoredIntent, reason: str, at_least_seconds: float) -> Callable[[Transaction], None]:
        attempts = stored.attempts + 1
        if attempts >= ATTEMPTS_MAX:
            _log.error("intent_given_up", key=stored.intent.key, reason=reason)
            return self._give_up(stored, reason)
        seconds = min(RETRY_SECONDS_MIN * 2**stored.attempts, RETRY_SECONDS_MAX)
        seconds = max(seconds * random.uniform(0.8, 1.2), at_least_seconds)  # noqa: S311 - only so that not all come at once
        until_us = self._clock.now_us() + round(seconds * MICROSECONDS_PER_SECOND)
        _log.info("intent_put_off", key=stored.intent.key, seconds=round(seconds, 1), reason=reason)
        return lambda tx: tx.intents.put_off(stored.id, until_us=until_us, attempts=attempts)

    def _is_over_budget(self, now_us: int) -> bool:
        """Whether so much was refused lately that Discord may take us for broken; then nothing is sent for a while."""
        earliest_us = now_us - round(INVALID_REQUESTS_WINDOW_SECONDS * MICROSECONDS_PER_SECOND)
        while self._invalid_at_us and self._invalid_at_us[0] < earliest_us:
            self._invalid_at_us.popleft()
        return len(self._invalid_at_us) >= INVALID_REQUESTS_MAX

    async def _pace(self) -> None:
        """Waits for this send's turn."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next_send_at)
        self._next_send_at = turn + 1 / SENDS_PER_SECOND_MAX
        if turn > now:
            await asyncio.sleep(turn - now)


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
        mentions = discord.AllowedMentions.none()
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
