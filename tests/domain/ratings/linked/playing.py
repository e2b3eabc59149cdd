"""Games between a few players with a few races, played through the domain's linked rating."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from toprung.domain.ratings.linked.belief import Advantage, Belief, layout
from toprung.domain.ratings.linked.linked import Favour, Linked, Side

RACES = "ptz"
DAY_US = 86_400_000_000


class Step(NamedTuple):
    """One game: who against whom with what, the first side's score, whose side is favoured, how long after the last."""

    first: int
    second: int
    race_1: str
    race_2: str
    score: float
    favoured: int
    after_us: int


def steps(players: int = 3, most: int = 25) -> st.SearchStrategy[list[Step]]:
    """Some games in a row, at once or with up to two years between them."""
    pairs = st.permutations(range(players)).map(lambda order: (order[0], order[1]))
    one = st.builds(
        lambda pair, *rest: Step(pair[0], pair[1], *rest),
        pairs,
        st.sampled_from(RACES),
        st.sampled_from(RACES),
        st.sampled_from((0.0, 0.5, 1.0)),
        st.sampled_from((0, 0, 1, -1)),
        st.sampled_from((0, 1, DAY_US)) | st.integers(0, 700 * DAY_US),
    )
    return st.lists(one, min_size=1, max_size=most)


def random_steps(seed: int, games: int) -> list[Step]:
    """The same games for the same number, with everything in them that can be."""
    chance = random.Random(seed)
    return [
        Step(
            *chance.choice(((0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1))),
            chance.choice(RACES),
            chance.choice(RACES),
            chance.choice((0.0, 0.5, 1.0)),
            chance.choice((0, 1, -1)),
            chance.choice((0, 1, DAY_US, 50 * DAY_US, 5_000 * DAY_US)),
        )
        for _ in range(games)
    ]


@dataclass
class Table:
    """Players at a table, their beliefs kept by the numbers of their races in `races`."""

    system: Linked
    races: str = RACES
    players: int = 3
    beliefs: list[Belief] = field(init=False)
    advantage: Advantage = field(init=False)
    expected: list[float] = field(default_factory=list)
    now_us: int = 1_000 * DAY_US

    def __post_init__(self) -> None:
        self.beliefs = [self.system.start(len(self.races)) for _ in range(self.players)]
        self.advantage = self.system.start_advantage()

    def play(self, games: Iterable[Step]) -> "Table":
        """This table, after these games."""
        for step in games:
            self.now_us += step.after_us
            first = self.side(step.first, step.race_1)
            second = self.side(step.second, step.race_2)
            favour = Favour(self.advantage, step.favoured) if step.favoured else None
            played = self.system.after_game(first, second, step.score, self.now_us, favour)
            self.expected.append(self.system.expected_score(first, second, favour))
            assert played.expected_score == self.expected[-1]
            self.beliefs[step.first], self.beliefs[step.second] = played.first, played.second
            self.advantage = played.advantage or self.advantage
        return self

    def side(self, player: int, race: str) -> Side:
        """A player coming to a game now."""
        return Side(self.system.before_game(self.beliefs[player], self.now_us), self.races.index(race))

    def of(self, player: int, race: str, other: str | None = None) -> float:
        """A rating, or the covariance of two."""
        belief, number = self.beliefs[player], self.races.index(race)
        if other is None:
            return belief.ratings[number]
        return belief.covariances[layout(len(self.races)).columns[number][self.races.index(other)]]


def matrix(belief: Belief) -> list[list[float]]:
    """The whole matrix."""
    return [[belief.covariances[place] for place in column] for column in layout(len(belief.ratings)).columns]


def smallest_pivot(rows: Sequence[Sequence[float]]) -> float:
    """The smallest pivot of a Cholesky decomposition, each as a share of its variance: positive if it is definite."""
    left = [list(row) for row in rows]
    least = 1.0
    for k in range(len(left)):
        least = min(least, left[k][k] / rows[k][k])
        if least <= 0:
            return least
        for i in range(k + 1, len(left)):
            factor = left[i][k] / left[k][k]
            for j in range(k, len(left)):
                left[i][j] -= factor * left[k][j]
    return least
