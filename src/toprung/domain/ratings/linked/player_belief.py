"""What is believed of a player with each race that was played, and with all others at once."""

from typing import NamedTuple

from toprung.domain.ratings.linked.belief import Belief, layout

_OTHERS = 2


class PlayerBelief(NamedTuple):
    """The belief about the races that are named, in their order, and after them about two that are not.

    Nothing was ever heard of a race that was neither played nor given a number, so all of those are alike, and two
    stand for them: one for what is believed of any, and a second one because of how any two go together. So a belief
    is as large as what the player has played asks for, and a race that is added to a game changes none.

    `shown_games` says for each named race how many games, with any race, the player had when its number was shown last.
    """

    races: tuple[str, ...]
    shown_games: tuple[int, ...]
    belief: Belief

    def place(self, race: str) -> int:
        """Where a race is in the belief; that of any other one for a race that is not named."""
        return self.races.index(race) if race in self.races else len(self.races)

    def deviation(self, race: str) -> float:
        """How far the rating of a race may be off, as of the last game."""
        return self.belief.deviation(self.place(race))

    def naming(self, race: str) -> "PlayerBelief":
        """The same belief, with this race named."""
        if race in self.races:
            return self
        races, new = (*self.races, race), len(self.races)
        old = layout(len(self.belief.ratings)).columns
        # The place of the new one, and of the two others, is that of the first other one; of two of them that of both.
        slots = [*range(new), new, new, new]
        covariances = [
            self.belief.covariances[old[row][new + 1 if first != second and row == column == new else column]]
            for first, row in enumerate(slots)
            for second, column in enumerate(slots[first:], first)
        ]
        ratings = tuple([self.belief.ratings[slot] for slot in slots])
        belief = self.belief._replace(ratings=ratings, covariances=tuple(covariances))
        return PlayerBelief(races, (*self.shown_games, self.belief.games), belief)

    def showing(self, race: str, belief: Belief) -> "PlayerBelief":
        """This belief in place of the one before, with the number of this race, which is named, shown as of now."""
        place = self.races.index(race)
        shown = (*self.shown_games[:place], belief.games, *self.shown_games[place + 1 :])
        return PlayerBelief(self.races, shown, belief)


def unknown_player(start: Belief) -> PlayerBelief:
    """The belief about somebody of whom nothing is known, where `start` is that about two races."""
    if len(start.ratings) != _OTHERS:
        raise ValueError("two races stand for all that have no entry")
    return PlayerBelief((), (), start)
