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
_STATE: Final = (
    "mmr",
    "games_played",
    "games_won",
    "games_lost",
    "games_drawn",
    "last_played_us",
    "skill",
    "known_at_us",
)
_COUNTED: Final = "games_played"  # follows from the others


def encode_event(event: Event) -> tuple[str, str]:
    """The event's kind and payload."""
    values = {field.name: _flat(getattr(event, field.name)) for field in fields(event)}
    return type(event).__name__, msgspec.json.encode(values).decode()


def decode_event(kind: str, payload: str) -> Event:
    """The event again. Raises KeyError for a kind that this version does not know."""
    values = {name: _deep(value) for name, value in msgspec.json.decode(payload).items()}
    return cast("Event", msgspec.convert(values, _TYPES[kind]))


def _flat(value: object) -> object:
    match value:
        case Entry(id=entry_id, player_id=player_id, race=race, state=state):
            held = {name: getattr(state, name) for name in _STATE}
            return {"id": entry_id, "player_id": player_id, "race": race, **held}
        case tuple():
            return [_flat(one) for one in value]
        case _:
            return value


def _deep(value: Any) -> object:
    match value:
        case {"race": _, "mmr": _}:
            state = {name: value[name] for name in _STATE if name in value and name != _COUNTED}
            return {name: one for name, one in value.items() if name not in _STATE} | {"state": state}
        case list():
            return [_deep(one) for one in value]
        case _:
            return value
