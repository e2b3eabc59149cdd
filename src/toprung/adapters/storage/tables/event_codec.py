"""Events as text, for the change table."""

from typing import cast, get_args

import msgspec

from toprung.domain.events import Event

_TYPES = {kind.__name__: kind for kind in get_args(Event)}


def encode_event(event: Event) -> tuple[str, str]:
    """The event's kind and payload."""
    return type(event).__name__, msgspec.json.encode(event).decode()


def decode_event(kind: str, payload: str) -> Event:
    """The event again. Raises KeyError for a kind that this version does not know."""
    return cast("Event", msgspec.json.decode(payload, type=_TYPES[kind]))
