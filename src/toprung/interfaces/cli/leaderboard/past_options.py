"""Options that look at a past moment of the ladder."""

from typing import Annotated

import typer

from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.past import PastMoment, parse_since
from toprung.domain.moment import from_iso
from toprung.interfaces.look_arguments import LookArguments

_WHEN = "Which moment"

AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="ISO-TIME",
        help="The leaderboard as it stood at this time; names, countries and bans are those of today.",
        rich_help_panel=_WHEN,
    ),
]
Corrected = Annotated[
    bool,
    typer.Option("--corrected", help="The past with what was corrected since.", rich_help_panel=_WHEN),
]
MovementSince = Annotated[
    str | None,
    typer.Option(
        "--movement-since",
        metavar="7d|ISO-TIME",
        help="How each row moved since: 24h, 7d, 2w, or a time.",
        rich_help_panel=_WHEN,
    ),
]


def look(as_of: str | None, corrected: bool, movement_since: str | None) -> LookArguments:
    """What these options ask for. Raises `InvalidInput`."""
    if corrected and as_of is None and movement_since is None:
        raise InvalidInput(
            "corrected", "--corrected is about the past; say which with --as-of or --movement-since.", "corrected"
        )
    try:
        at_us = None if as_of is None else from_iso(as_of)
    except ValueError as error:
        raise InvalidInput("as_of", "--as-of: {problem}.", "as_of", problem=str(error)) from None
    try:
        since = None if movement_since is None else parse_since(movement_since)
    except ValueError as error:
        raise InvalidInput(
            "movement_since", "--movement-since: {problem}.", "movement_since", problem=str(error)
        ) from None
    return LookArguments(
        past=None if at_us is None else PastMoment(at_us=at_us, is_corrected=corrected),
        movement_since=since,
        is_movement_corrected=corrected,
    )
