"""What the linked rating makes of all results: a belief about every race for each player, played from the beginning."""

import math
from typing import Final

from tests.domain.leaderboard.strategies import RACES
from tests.flows.life.life_oracle import LifeOracle
from tests.flows.life.life_terms import POINTS, Form, Ratings
from toprung.domain.leaderboard.leaderboard import LeaderboardRow
from toprung.domain.ratings.glicko2 import MICROSECONDS_PER_DAY, SkillEstimate
from toprung.domain.ratings.linked.belief import Belief
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.linked.linked import Linked, Side
from toprung.domain.ratings.rating import Entry

LINKED: Final = Linked(LinkedConstants())
Seat = tuple[int, str]


class _Ladder:
    """The beliefs, and each entry as it was shown when its race was played last."""

    def __init__(self) -> None:
        self.beliefs: dict[int, Belief] = {}
        self.shown: dict[Seat, Form] = {}

    def form(self, seat: Seat) -> Form:
        """An entry now: what is shown, as sure as it is by all games of the player."""
        player, place = seat[0], RACES.index(seat[1])
        belief = self.beliefs.get(player) or LINKED.start(len(RACES))
        shown = self.shown.get(seat)
        rating = belief.ratings[place]
        if shown is not None:
            assert isinstance(shown.skill, SkillEstimate)
            rating = shown.skill.rating
        skill = SkillEstimate(rating, belief.deviation(place), 0.06)
        return (shown or Form(0))._replace(mmr=round(rating), skill=skill)

    def play(self, seats: list[Seat], points: float, ended_us: int) -> None:
        sides = [
            Side(LINKED.before_game(self.beliefs.get(player) or LINKED.start(len(RACES)), ended_us), RACES.index(race))
            for player, race in seats
        ]
        played = LINKED.after_game(sides[0], sides[1], points, ended_us)
        forms = [self.form(seat) for seat in seats]
        for seat, form, belief, share in zip(
            seats, forms, (played.first, played.second), (points, 1 - points), strict=True
        ):
            self.beliefs[seat[0]] = belief
            self.shown[seat] = form._replace(
                skill=SkillEstimate(belief.ratings[RACES.index(seat[1])], 0.0, 0.06),
                won=form.won + (share == 1),
                lost=form.lost + (share == 0),
                drawn=form.drawn + (share == 0.5),
                last_us=max(ended_us, form.last_us or 0),
            )


def linked_ratings(oracle: LifeOracle) -> Ratings:
    """Every entry, and every change of one in order, from the results as they stand."""
    ladder, seen, changes = _Ladder(), dict[Seat, None](), []
    for key in oracle.rated:
        game = oracle.games[key]
        seats = [(half.player, half.race) for half in game.halves]
        before = [ladder.form(seat) for seat in seats]
        if game.state == "completed":
            ladder.play(seats, POINTS[str(game.result)], game.ended_us or 0)
        seen.update(dict.fromkeys(seats))
        changes += [(key, old, ladder.form(seat)) for seat, old in zip(seats, before, strict=True)]
    return {seat: ladder.form(seat) for seat in seen}, changes


def marked_by_belief(row: LeaderboardRow, entry: Entry, now_us: int) -> LeaderboardRow:
    """The row with how sure the rating is at the last whole hour."""
    skill, hour_us = entry.state.skill, MICROSECONDS_PER_DAY // 24
    assert skill is not None
    days = max(0, now_us - now_us % hour_us - (entry.state.known_at_us or 0)) / MICROSECONDS_PER_DAY
    deviation = min(math.sqrt(skill.deviation**2 + (3.5**2 + 0.7**2) * days), math.sqrt(180**2 + 90**2))
    return row._replace(deviation=round(deviation), is_provisional=deviation > 0.65 * math.sqrt(180**2 + 90**2))
