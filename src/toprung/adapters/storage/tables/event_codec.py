"""Events as text, for the change table.

An entry is written flat there, its state among its other fields, as it has been from the first database on; without
what is believed of its player, which is for who rates and not for who shows.
"""

from dataclasses import fields
from typing import Any, Final, cast, get_args

import msgspec

from toprung.domain.events import Event
from toprung.domain.ratings.rating import Entry

_TYPES = {kind.__name__: kind for kind in get_args(Event)}
_STATE: Final = ("mmr", "games_played", "games_won", "games_lost", "games_drawn", "last_played_us", "skill")
_COUNTED: Final = "games_played"  # follows from the others
_KNOWN_AT: Final = "known_at_us"  # written where a system knows a player by games with any race


def encode_event(event: Event) -> tuple[str, str]:
    """The event's kind and payload."""
    held = {field: getattr(event, field.name) for field in fields(event)}
    values = {field.name: _flat(value) for field, value in held.items() if value != field.default}
    return type(event).__name__, msgspec.json.encode(values).decode()


def decode_event(kind: str, payload: str) -> Event:
    """The event again. Raises KeyError for a kind that this version does not know."""
    values = {name: _deep(value) for name, value in msgspec.json.decode(payload).items()}
    return cast("Event", msgspec.convert(values, _TYPES[kind]))


def _flat(value: object) -> object:
    match value:
        case Entry(id=entry_id, player_id=player_id, race=race, state=state):
            held = {name: getattr(state, name) for name in _STATE}
            if state.known_at_us is not None:
                held[_KNOWN_AT] = state.known_at_us
            return {"id": entry_id, "player_id": player_id, "race": race, **held}
        case tuple():
            return [_flat(one) for one in value]
        case _:
            return value


def _deep(value: Any) -> object:
    match value:
        case {"race": _, "mmr": _}:
            held = {name: value.pop(name) for name in (*_STATE, _KNOWN_AT) if name in value}
            held.pop(_COUNTED, None)
            return value | {"state": held}
        case list():
            return [_deep(one) for one in value]
        case _:
            return value
