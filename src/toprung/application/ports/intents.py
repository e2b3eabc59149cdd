"""Intents: what is to be sent to somebody, as rows, so that a restart forgets nothing and sends nothing twice.

An intent says what should be so ("this channel shows the board of version 7"), not what to do. Wanting something else
under the same key raises its revision; it is due while the delivered revision is an older one. So any number of changes
come out as one edit, and what is already so is left alone.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NewType, Protocol

IntentId = NewType("IntentId", int)

NONCE_CHARACTERS_MAX: Final = 25
"""How long a nonce may be for Discord."""

NewNonce = Callable[[], str]
"""Gives a nonce that was never given before, by chance: of at least 96 bits, and `NONCE_CHARACTERS_MAX` at most."""


class Priority(IntEnum):
    """What goes first where not everything can."""

    MATCH = 0
    ORGANISER = 10
    LEADERBOARD = 20
    ROLE = 30


class Ending(StrEnum):
    """How an intent ended, where that proves something of whoever it is for."""

    SAID = "said"
    REFUSED = "refused"
    """Its recipient takes no messages."""
    NOTHING_TO_SAY = "nothing_to_say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What should be so. `key` names it; `recipient` is the Discord id of a user if `is_direct`, else of a channel."""

    key: str
    kind: str
    recipient: int
    is_direct: bool = False
    priority: Priority = Priority.MATCH
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIntent:
    """An intent with how far it got. `message` is the channel and the id of the message that says it, once sent.

    `nonce` names what this revision says to whoever is to say it once: the same for each attempt and after any restart,
    another one for every revision. It is drawn by chance, because a name that could come again would be taken for the
    earlier message, and nothing would be said. `hindrance` names what an organiser has to
    mend before it can be said.
    """

    id: IntentId
    intent: Intent
    revision: int
    nonce: str
    attempts: int
    message: tuple[int, int] | None
    hindrance: str | None = None


class IntentRepository(Protocol):
    """The intents."""

    def want(self, intents: Sequence[Intent], *, now_us: int) -> None:
        """Stores intents; one that differs from what its key wanted before is due again, one that does not is left."""
        ...

    def due(
        self,
        *,
        now_us: int,
        limit: int,
        passed_over: Collection[int] = (),
        resting: Collection[tuple[str, int | None]] = (),
    ) -> list[StoredIntent]:
        """At most `limit` that are due, by priority and then by age, but none to the recipients passed over.

        Nor any of a kind that rests for its recipient; None stands for every recipient.
        """
        ...

    def due_of(
        self, kinds: Collection[str], recipients: Collection[int], *, now_us: int, limit: int
    ) -> list[StoredIntent]:
        """At most `limit` of these kinds that are due to these users, by age."""
        ...

    def next_due_us(self) -> int | None:
        """When the next one is due; None where nothing waits."""
        ...

    def delivered(self, intent_id: IntentId, *, revision: int, message: tuple[int, int] | None) -> None:
        """Notes that this revision is delivered, by that message if one says it, and that nothing hinders it."""
        ...

    def put_off(self, intent_id: IntentId, *, until_us: int, attempts: int, hindrance: str | None = None) -> None:
        """Makes one due later. What hinders it is noted, until it is delivered or another hindrance is."""
        ...

    def hindered(self) -> list[StoredIntent]:
        """All that wait and have a hindrance, in the order in which they were first wanted."""
        ...

    def move_due(self, by_us: int, *, due_after_us: int) -> None:
        """Moves all that are due after then, as a clock that was set by so much has moved."""
        ...

    def give_up(self, intent_id: IntentId, *, reason: str) -> None:
        """Lets one rest until something else is wanted under its key."""
        ...

    def lost_message(self, intent_id: IntentId) -> None:
        """Forgets the message that said it, so that a new one will, under a nonce of its own, and makes it due."""
        ...

    def remove(self, intent_id: IntentId, *, revision: int) -> None:
        """Removes one that has nothing left to say, unless something else than at this revision is wanted by now."""
        ...

    def remove_of_recipient(self, discord_id: int) -> None:
        """Removes all that are for this user."""
        ...

    def find(self, key: str) -> StoredIntent | None:
        """The one with this key, delivered or not."""
        ...

    def of_kind(self, kind: str) -> list[StoredIntent]:
        """All of this kind that are kept, delivered or not, in the order in which they were first wanted."""
        ...

    def waiting(self) -> int:
        """How many are due or will be."""
        ...
