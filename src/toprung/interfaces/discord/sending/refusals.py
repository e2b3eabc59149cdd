"""Whose fault a refusal of Discord's is, as data, and what is to be said of those that an organiser can mend.

Sources: Discord's list of JSON error codes (its page on opcodes and status codes); the code of a quarantined bot, which
that page leaves out, is from discord/discord-api-docs#2669 and #5987.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from toprung.interfaces.discord.messages.context import Reader
from toprung.interfaces.discord.messages.markdown import Markdown


class Fault(StrEnum):
    """Whose a refusal is, and so what follows from it."""

    THEIRS = "theirs"
    """The person takes no direct messages of the bot's, or is gone: proof that they cannot be told."""

    OURS = "ours"
    """A permission, a channel, a role or a message of the ladder's is wrong: it says nothing of any person."""

    LATER = "later"
    """Discord does not want it now."""

    GONE = "gone"
    """The message that was to be edited is no more: it is made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer of Discord's that says no. `code` is the one of its JSON, 0 where there is none.

    `is_to_person` says that it answers a direct message, `is_edit` that a message was to be changed.
    """

    status: int
    code: int
    is_to_person: bool = False
    is_edit: bool = False


QUARANTINED: Final = 20026
NO_PERMISSION: Final = 50013

_FAULTS: Final[Mapping[int, Fault]] = {
    10008: Fault.GONE,  # unknown message
    50005: Fault.GONE,  # a message of somebody else: of the account that was the bot before
    10013: Fault.THEIRS,  # unknown user
    50007: Fault.THEIRS,  # cannot send messages to this user
    50278: Fault.THEIRS,  # no server in common with this user
    20016: Fault.LATER,  # slowmode
    20022: Fault.LATER,  # edits of announcements
    QUARANTINED: Fault.LATER,  # flagged as spam: no new direct messages until Discord lifts it
    20028: Fault.LATER,  # writes in the channel
    20029: Fault.LATER,  # writes in the server
    30046: Fault.LATER,  # edits of messages older than an hour
    40003: Fault.LATER,  # direct messages opened too fast
    40004: Fault.LATER,  # sending messages is switched off for a while
    40006: Fault.LATER,  # a feature is switched off for a while
    40062: Fault.LATER,  # a resource is rate limited
    40333: Fault.LATER,  # Discord's own network
    130000: Fault.LATER,  # overloaded
}
"""All codes that are not the ladder's own fault. One that is not here is no proof against anybody."""


def fault_of(refusal: Refusal) -> Fault:
    """Whose fault a refusal is.

    Discord's own trouble comes first, whatever code it carries. An unknown code is taken for ours: then somebody looks,
    it is tried again, and no player is the worse for it.
    """
    if refusal.status in (401, 408, 425, 429) or refusal.status >= 500 or refusal.code == 0:
        return Fault.LATER
    fault = _FAULTS.get(refusal.code, Fault.OURS)
    if (fault is Fault.THEIRS and not refusal.is_to_person) or (fault is Fault.GONE and not refusal.is_edit):
        return Fault.OURS
    return fault


class PlaceKind(StrEnum):
    """What kind of place something is refused at."""

    CHANNEL = "channel"
    ROLE = "role"
    SERVER = "server"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is refused. `number` is Discord's id; direct messages are one place, so that nobody is named."""

    kind: PlaceKind
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """A refusal that an organiser can mend: as text it stands in the row of what it holds up."""

    status: int
    code: int
    place: Place

    def __str__(self) -> str:
        return f"{self.status} {self.code} {self.place.kind.value} {self.place.number}"

    @classmethod
    def of(cls, text: str) -> "Hindrance":
        """The hindrance with this text. Raises `ValueError`."""
        status, code, kind, number = text.split()
        return cls(status=int(status), code=int(code), place=Place(kind=PlaceKind(kind), number=int(number)))


_TEXTS: Final[Mapping[tuple[int, PlaceKind], str]] = {
    (50001, PlaceKind.CHANNEL): "refusal.channel_unseen",
    (50013, PlaceKind.CHANNEL): "refusal.channel_mute",
    (10003, PlaceKind.CHANNEL): "refusal.channel_gone",
    (50001, PlaceKind.ROLE): "refusal.role_order",
    (50013, PlaceKind.ROLE): "refusal.role_order",
    (10011, PlaceKind.ROLE): "refusal.role_gone",
    (50001, PlaceKind.SERVER): "refusal.server_gone",
    (10004, PlaceKind.SERVER): "refusal.server_gone",
    (10004, PlaceKind.ROLE): "refusal.server_gone",
}
_MENTIONS: Final[Mapping[PlaceKind, str]] = {PlaceKind.CHANNEL: "<#{}>", PlaceKind.ROLE: "<@&{}>"}


def refusal_sentence(reader: Reader, hindrance: Hindrance) -> Markdown:
    """What Discord refuses, and what an organiser does about it, in a sentence or two. It pings nobody."""
    place = hindrance.place
    code = _TEXTS.get((hindrance.code, place.kind), f"refusal.other_{place.kind.value}")
    if hindrance.code == QUARANTINED:
        code = "refusal.quarantined"
    shown = Markdown(_MENTIONS.get(place.kind, "`{}`").format(place.number))
    return reader.say(code, place=shown, number=str(place.number), code=str(hindrance.code))
