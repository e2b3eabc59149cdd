"""What moment of the ladder is looked at, as front ends hand it to the leaderboard service."""

from typing import TypedDict

from toprung.domain.leaderboard.past import PastMoment, Since


class LookArguments(TypedDict):
    """What moment is looked at, and since when movement is wanted, as `get_leaderboard_data` takes them."""

    past: PastMoment | None
    movement_since: Since | None
    is_movement_corrected: bool
