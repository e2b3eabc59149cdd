"""Telling what was committed to whoever wants to know."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from toprung.domain.events import Change

Handler = Callable[[Sequence[Change]], Awaitable[None]]

_log = structlog.get_logger(__name__)


class EventBus:
    """Hands committed changes to its handlers in the order in which they subscribed.

    A handler that fails is logged and the rest run: what is committed cannot be refused any more.
    """

    def __init__(self) -> None:
        self._handlers: list[Handler] = []

    def subscribe(self, handler: Handler) -> None:
        """Adds a handler."""
        self._handlers.append(handler)

    async def publish(self, changes: Sequence[Change]) -> None:
        """Hands changes to each handler and returns when all have run."""
        for handler in self._handlers:
            try:
                await handler(changes)
            except Exception:  # noqa: BLE001 - the one catch-all of this loop: a deaf listener must not stop the others
                _log.exception("event_handler_failed", handler=getattr(handler, "__qualname__", repr(handler)))
