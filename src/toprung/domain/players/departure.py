"""Leaving the ladder: what is kept of somebody who left, so that the others stay protected, and for how long."""

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player, PlayerId

DEPARTURES_KEPT_DAYS: Final = 180
"""A departure is kept so long, and longer for as long as the player who left is banned."""

DEPARTURES_KEPT_US: Final = DEPARTURES_KEPT_DAYS * MICROSECONDS_PER_DAY

HASH_KEY_BYTES: Final = 32
HASH_KEY_NOTE: Final = "account_hash_key"
"""The note of the database that holds the key of its hashes, in hexadecimal digits."""

NAMELESS: Final = "Deleted player"
"""What every player who left is called, with the number behind it."""

_NAMELESS_NUMBER: Final = re.compile(rf"{NAMELESS} ([0-9]{{1,18}})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """That somebody left, known by keyed hashes only: of the Discord account, and of the name at that time.

    `renamed_at_us` is when the player had last taken another name, where that still forbids to take yet another one.
    `returned_as` is the player whom the same account has now; None while it has none. Ban, penalties and ratings stay
    with the player who left.
    """

    player_id: PlayerId
    account_hash: str
    name_hash: str
    left_at_us: int
    renamed_at_us: int | None = None
    returned_as: PlayerId | None = None


def account_hash(key: bytes, discord_id: int) -> str:
    """HMAC-SHA-256 (RFC 2104) of a Discord account under the ladder's key, in hexadecimal digits."""
    return hmac.digest(key, b"discord account " + str(discord_id).encode(), "sha256").hex()


def name_hash(key: bytes, name: str) -> str:
    """HMAC-SHA-256 (RFC 2104) of a clean name under the ladder's key, in hexadecimal digits."""
    return hmac.digest(key, b"player name " + name.encode(), "sha256").hex()


def nameless(player: Player) -> Player:
    """What is left of a player who leaves: the number, and a ban."""
    return Player(id=player.id, name=f"{NAMELESS} {player.id}", is_banned=player.is_banned)


def has_left(player: Player) -> bool:
    """Whether a player left, by the name: nobody else can be called so."""
    return player.name == f"{NAMELESS} {player.id}"


def key_of(player: Player, name_keys: NameKeys) -> str:
    """What a player's name is unique by. No clean name has a line break, so that of who left is nobody else's."""
    return f"\n{player.id}" if has_left(player) else name_keys.key(player.name)


def is_reserved(name: str, name_keys: NameKeys) -> bool:
    """Whether a name could be taken for that of somebody who left."""
    return name_keys.key(name).startswith(name_keys.key(f"{NAMELESS} "))


def nameless_number(name: str) -> PlayerId | None:
    """The number in a name as `nameless` gives it, however it is spaced and cased; None for every other name."""
    found = _NAMELESS_NUMBER.fullmatch(" ".join(name.split()))
    return None if found is None else PlayerId(int(found[1]))


def departure_faults(
    departures: Iterable[Departure], players: Mapping[PlayerId, Player], key: bytes | None
) -> Iterator[str]:
    """What is not as it must be among those who left, a sentence each. `key` is that of the hashes."""
    for one in departures:
        old, now = players[one.player_id], None if one.returned_as is None else players[one.returned_as]
        if not has_left(old) or old.discord_id is not None:
            yield f"player {old.id}: left, and has a name or an account all the same"
        if now is None:
            continue
        if key is None or now.discord_id is None or account_hash(key, now.discord_id) != one.account_hash:
            yield f"player {now.id}: is not of the account that player {old.id} had"
        if now.is_banned != old.is_banned:
            banned, free = (old, now) if old.is_banned else (now, old)
            yield f"player {free.id}: is not banned, but player {banned.id} is, whom the same account was or is"
