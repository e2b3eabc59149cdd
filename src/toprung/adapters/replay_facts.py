"""The little of a reading that matters where matches are not judged by it."""

from typing import Annotated

import msgspec

from toprung.domain.errors import InvalidInput


class ReplayFacts(msgspec.Struct, frozen=True):
    """What a reading says that every ladder needs: the game's name by its events. The rest is kept as it is."""

    fingerprint: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


def decode_facts(payload: bytes) -> ReplayFacts:
    """The facts in a reader's answer. Raises `InvalidInput` for an answer that is not of that shape."""
    try:
        return msgspec.json.decode(payload, type=ReplayFacts)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput("file", "The replay says what no game can have been; report the result by hand.") from None
