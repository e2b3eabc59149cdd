"""What the oracle of matches speaks of: limits, forms, games, fines, and what is told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

MINUTE_US: Final = 60_000_000
DAY_US: Final = 24 * 60 * MINUTE_US
WEEK_US: Final = 7 * DAY_US
CONFIRM_US: Final = 2 * MINUTE_US
REPORT_US: Final = DAY_US
ANSWER_US: Final = 20 * 60 * MINUTE_US
TELL_US: Final = 3 * 60 * MINUTE_US
FIRST_FINE_US: Final = {"abort": 5 * MINUTE_US, "abandon": 10 * MINUTE_US}
LONGEST_FINE_US: Final = DAY_US
OPEN: Final = ("assigned", "in_progress", "reported")
PLAYED: Final = ("in_progress", "reported")
NEVER_PLAYED: Final = ("aborted", "abandoned")
RESULT_OF: Final = {
    (0, "win"): "side_1_won",
    (1, "win"): "side_2_won",
    (0, "loss"): "side_2_won",
    (1, "loss"): "side_1_won",
    (0, "draw"): "draw",
    (1, "draw"): "draw",
}
POINTS: Final = {"side_1_won": 1.0, "side_2_won": 0.0, "draw": 0.5}


class Refused(Exception):
    """What must be refused, with the code of the refusal, and whether deadlines that had passed are kept."""

    def __init__(self, code: str, *, keeps_deadlines: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.keeps_deadlines = keeps_deadlines


class Form(NamedTuple):
    """What games made of an entry. `skill` is what a system believes beyond the number shown."""

    mmr: int
    skill: object = None
    won: int = 0
    lost: int = 0
    drawn: int = 0
    last_us: int | None = None


System = Callable[[Form, Form, float, int], tuple[tuple[int, object], tuple[int, object]]]
"""The numbers after a game between two forms, from the first one's points and the game's end."""

Ratings = tuple[dict[tuple[int, str], Form], list[tuple[str, Form, Form]]]
"""Every entry by player and race, and every change of one in order: the game's key, before and after."""


def elo(first: Form, second: Form, points: float, ended_us: int) -> tuple[tuple[int, object], tuple[int, object]]:
    """K 40, scale 500, rounded once and away from zero at a half."""
    gain = 40 * (points - 1 / (1 + 10 ** ((second.mmr - first.mmr) / 500)))
    whole = int(abs(gain) + 0.5) * (1 if gain >= 0 else -1)
    return (first.mmr + whole, None), (second.mmr - whole, None)


@dataclass
class Said:
    """What a side says."""

    result: str
    at_us: int
    told_us: int | None = None


@dataclass
class Half:
    """A side of a match."""

    player: int
    race: str
    told_us: int | None = None
    confirmed_us: int | None = None
    said: Said | None = None
    cancels_us: int | None = None


@dataclass
class Game:
    """A match."""

    key: str
    halves: tuple[Half, Half]
    assigned_us: int
    state: str = "assigned"
    deadline_us: int | None = None
    result: str | None = None
    ended_us: int | None = None

    @property
    def players(self) -> tuple[int, int]:
        return self.halves[0].player, self.halves[1].player

    @property
    def late(self) -> list[Half]:
        """Who was told, or refused to be, and has not confirmed."""
        return [half for half in self.halves if half.told_us is not None and half.confirmed_us is None]

    @property
    def has_started(self) -> bool:
        return None not in (self.halves[0].confirmed_us, self.halves[1].confirmed_us)


@dataclass
class Told:
    """A notice."""

    player: int
    key: str
    kind: str
    at_us: int
    was_reached: bool | None = None


@dataclass
class Fine:
    """A penalty."""

    player: int
    key: str
    offence: str
    at_us: int
    until_us: int
    pardoned_us: int | None = None


def strikes(offences: Iterable[int], played: Iterable[int], now_us: int) -> int:
    """One more for each offence, to eight; one less for five games played and for each week without an offence."""
    happened = sorted([(at, "game") for at in played] + [(at, "offence") for at in offences])
    count = games = week_began = 0
    for at, what in [*happened, (now_us, "now")]:
        if at > now_us:
            continue
        while count > 0 and at >= week_began + WEEK_US:
            count, week_began = count - 1, week_began + WEEK_US
        if what == "offence":
            count, games, week_began = min(count + 1, 8), 0, at
        elif what == "game" and count > 0:
            games += 1
            if games == 5:
                count, games = count - 1, 0
    return count
