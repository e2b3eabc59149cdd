"""Telling what was committed to whoever wants to know."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from toprung.domain.events import Change

Handler = Callable[[Sequence[Change]], Awaitable[None]]
GapHandler = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


class EventBus:
    """Hands committed changes to its handlers in the order in which they subscribed.

    A handler that fails is logged and the rest run: what is committed cannot be refused any more.
    """

    def __init__(self) -> None:
        self._handlers: list[Handler] = []
        self._gap_handlers: list[GapHandler] = []

    def subscribe(self, handler: Handler) -> None:
        """Adds a handler."""
        self._handlers.append(handler)

    def subscribe_to_gaps(self, handler: GapHandler) -> None:
        """Adds a handler that is told when something may have been committed that nobody here was told of."""
        self._gap_handlers.append(handler)

    async def publish(self, changes: Sequence[Change]) -> None:
        """Hands changes to each handler and returns when all have run."""
        for handler in self._handlers:
            try:
                await handler(changes)
            except Exception:  # noqa: BLE001 - the one catch-all of this loop: a deaf listener must not stop the others
                _log.exception("event_handler_failed", handler=getattr(handler, "__qualname__", repr(handler)))

    async def publish_gap(self) -> None:
        """Says that something may have been committed that nobody was told of; returns when all handlers have run."""
        for handler in self._gap_handlers:
            try:
                await handler()
            except Exception:  # noqa: BLE001 - as above
                _log.exception("event_handler_failed", handler=getattr(handler, "__qualname__", repr(handler)))
