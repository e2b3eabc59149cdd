"""What is believed of a player as bytes, to the last bit."""

import struct
from functools import lru_cache
from typing import Final

from toprung.domain.ratings.linked.belief import Belief
from toprung.domain.ratings.linked.player_belief import PlayerBelief

_OTHERS: Final = 2
KEPT_MAX: Final = 4_096
_NEVER: Final = -1
_SEPARATOR: Final = "\n"  # no race's code has one


@lru_cache
def _layout(races: int) -> struct.Struct:
    """Games and the time of the last one, the games when each race was shown last, ratings and covariances."""
    slots = races + _OTHERS
    return struct.Struct(f"<qq{races}q{slots + slots * (slots + 1) // 2}d")


def encode_belief(known: PlayerBelief) -> bytes:
    """The belief: the number of races in a byte, then all numbers, then the races' codes."""
    belief, races = known.belief, len(known.races)
    last_us = _NEVER if belief.last_played_us is None else belief.last_played_us
    numbers = _layout(races).pack(belief.games, last_us, *known.shown_games, *belief.ratings, *belief.covariances)
    return bytes([races]) + numbers + _SEPARATOR.join(known.races).encode()


@lru_cache(KEPT_MAX)
def decode_belief(stored: bytes) -> PlayerBelief:
    """The belief again. What one row of the journal left the next one found, so the last ones are kept."""
    races = stored[0]
    layout = _layout(races)
    games, last_us, *numbers = layout.unpack_from(stored, 1)
    codes = stored[1 + layout.size :].decode()
    slots = races + _OTHERS
    return PlayerBelief(
        tuple(codes.split(_SEPARATOR)) if races else (),
        tuple(numbers[:races]),
        Belief(
            tuple(numbers[races : races + slots]),
            tuple(numbers[races + slots :]),
            games,
            None if last_us == _NEVER else last_us,
        ),
    )
