"""Seasons of a ladder: stretches of time that an organiser names. Map pools have seasons of their own (`catalog`)."""

import re
from dataclasses import dataclass
from typing import Final, NewType

from toprung.domain.errors import InvalidInput
from toprung.domain.players.names import unsafe_character

SeasonId = NewType("SeasonId", int)

NAME_MAX_CODE_POINTS: Final = 64
RESET_DEVIATION_DEFAULT: Final = 150.0
"""What a new season makes of ratings that were surer: a few games settle them again, and they are marked until then."""

RESET_DEVIATION_MAX: Final = 350.0

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderSeason:
    """A season. It runs until it has an end; its last board is the ladder as of that moment.

    `reset_deviation` is what deviations grew to at least when it started; None where nothing was reset.
    """

    id: SeasonId
    code: str
    name: str
    started_at_us: int
    ended_at_us: int | None
    reset_deviation: float | None


def season_code(text: str) -> str:
    """The code that a text names. Raises `InvalidInput`."""
    code = text.strip().casefold()
    if not _CODE.fullmatch(code):
        raise InvalidInput(
            "code",
            "A season's code has 1 to 32 of a-z, 0-9, '_', '.' and '-', a letter or digit first: 2026-autumn.",
            "season_code",
        )
    return code


def season_name(text: str) -> str:
    """The name that a text is. Raises `InvalidInput`."""
    name = text.strip()
    if unsafe_character(name) is not None:
        raise InvalidInput(
            "name",
            "The season's name holds a character that cannot be shown; write it as plain text.",
            "season_name_unshown",
        )
    if not 1 <= len(name) <= NAME_MAX_CODE_POINTS:
        raise InvalidInput(
            "name", "A season's name has 1 to {most} characters.", "season_name_length", most=str(NAME_MAX_CODE_POINTS)
        )
    return name


def reset_deviation(value: float) -> float:
    """The deviation that a season may reset to. Raises `InvalidInput`."""
    if not 0 < value <= RESET_DEVIATION_MAX:  # not a number is refused too
        raise InvalidInput(
            "reset_deviation",
            "Deviations can be reset to more than 0 and at most {most}.",
            "reset_deviation",
            most=RESET_DEVIATION_MAX,
        )
    return float(value)
