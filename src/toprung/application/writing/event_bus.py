"""Telling what was committed to whoever wants to know."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import structlog

from toprung.domain.events import EVERYTHING, Change, Event

Handler = Callable[[Sequence[Change]], Awaitable[None]]
GapHandler = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subscription:
    kinds: frozenset[type[Event]]
    handler: Handler
    on_gap: GapHandler | None


class EventBus:
    """Hands committed changes to those who subscribed to their kinds, one after the other.

    A handler that fails is logged and the rest run: what is committed cannot be refused any more.
    """

    def __init__(self) -> None:
        self._subscriptions: list[_Subscription] = []

    def subscribe(
        self,
        handler: Handler,
        kinds: Collection[type[Event]] = EVERYTHING,
        *,
        after: Handler | None = None,
        on_gap: GapHandler | None = None,
    ) -> None:
        """Hands changes of these kinds to `handler` from now on, in the order of the subscriptions.

        `after` is who has to have heard of a change first, and so must have subscribed before: else ValueError.
        `on_gap` is told when something may have been committed that nobody here was told of.
        """
        if after is not None and all(one.handler != after for one in self._subscriptions):
            raise ValueError("what has to hear of changes first is not subscribed yet")
        self._subscriptions.append(_Subscription(kinds=frozenset(kinds), handler=handler, on_gap=on_gap))

    async def publish(self, changes: Sequence[Change]) -> None:
        """Hands changes to each handler and returns when all have run."""
        for one in self._subscriptions:
            wanted = [change for change in changes if type(change.event) in one.kinds]
            if wanted:
                await _told(one.handler, wanted)

    async def publish_gap(self) -> None:
        """Says that something may have been committed that nobody was told of; returns when all handlers have run."""
        for one in self._subscriptions:
            if one.on_gap is not None:
                await _told(one.on_gap)


async def _told(handler: Callable[..., Awaitable[None]], *what: Sequence[Change]) -> None:
    try:
        await handler(*what)
    except Exception:  # noqa: BLE001 - the one catch-all of this loop: a deaf listener must not stop the others
        _log.exception("event_handler_failed", handler=getattr(handler, "__qualname__", repr(handler)))
