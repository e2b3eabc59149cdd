"""Why an organiser did something: kept with what was done."""

from typing import Final

from toprung.domain.errors import InvalidInput
from toprung.domain.players.names import unsafe_character

REASON_MAX_CODE_POINTS: Final = 500


def checked_reason(text: str) -> str:
    """The reason that a text is. Raises `InvalidInput` for one that is missing, too long or cannot be shown."""
    reason = text.strip()
    if unsafe_character(reason) is not None:
        raise InvalidInput(
            "reason", "The reason holds a character that cannot be shown; write it as plain text.", "reason_unshown"
        )
    if not 1 <= len(reason) <= REASON_MAX_CODE_POINTS:
        raise InvalidInput(
            "reason",
            "This needs a reason of 1 to {most} characters.",
            "reason_length",
            most=str(REASON_MAX_CODE_POINTS),
        )
    return reason
