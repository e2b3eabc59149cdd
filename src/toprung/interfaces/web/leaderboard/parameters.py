"""Single values of a query string, each read from its text or refused with a sentence that names it."""

import re
from collections.abc import Mapping
from typing import Final

from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.past import Since, parse_since
from toprung.domain.moment import from_iso

_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "false": False}


def whole(items: Mapping[str, str], name: str, smallest: int, largest: int) -> int | None:
    """A whole number; None where it is not given. Raises `InvalidInput`, as they all do."""
    text = items.get(name)
    if text is None:
        return None
    if not _WHOLE.fullmatch(text) or not smallest <= int(text) <= largest:
        raise InvalidInput(
            name,
            "{field} must be a whole number from {least} to {most}, not {given}.",
            "whole",
            least=str(smallest),
            most=str(largest),
            given=ascii(short(text)),
        )
    return int(text)


def boolean(items: Mapping[str, str], name: str) -> bool:
    """A truth value; false where it is not given."""
    text = items.get(name, "false")
    if text not in _BOOLEANS:
        raise InvalidInput(name, "{field} must be true or false, not {given}.", "boolean", given=ascii(short(text)))
    return _BOOLEANS[text]


def moment(items: Mapping[str, str], name: str) -> int | None:
    """A moment in microseconds; None where it is not given."""
    text = items.get(name)
    if text is None:
        return None
    try:
        return from_iso(text)
    except ValueError:
        sentence = "{field} must be a time like 2026-01-31T18:00:00Z, not {given}."
        raise InvalidInput(name, sentence, "moment", given=ascii(short(text))) from None


def since(items: Mapping[str, str], name: str) -> Since | None:
    """A stretch of time; None where it is not given."""
    text = items.get(name)
    if text is None:
        return None
    try:
        return parse_since(text)
    except ValueError:
        sentence = "{field} must be a stretch such as 7d, 24h or 2w, or a time like 2026-01-31T18:00:00Z, not {given}."
        raise InvalidInput(name, sentence, "stretch", given=ascii(short(text))) from None


def short(text: str, limit: int = 40) -> str:
    """A text that somebody sent, as a sentence may repeat it."""
    return text if len(text) <= limit else text[:limit] + "..."
