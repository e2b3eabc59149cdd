"""What is done to a belief by other things than games: a rating that somebody gives, a season that starts."""

from collections.abc import Sequence

from toprung.domain.ratings.linked.belief import layout
from toprung.domain.ratings.linked.player_belief import PlayerBelief


def given_rating(known: PlayerBelief, race: str, rating: float, deviation: float) -> PlayerBelief:
    """The belief where one race, which is named, has this rating and is as unsure as this.

    The player's other ratings stay what they are: with how sure they are, and with how they go together with this one,
    as correlations. What is believed of races without an entry, given all the named ones, stays; so they follow as far
    as they go with it, and a newcomer whose one rating was given is known a little with each race.
    """
    belief, named = known.belief, len(known.races)
    columns = layout(len(belief.ratings)).columns
    place = known.races.index(race)
    matrix = [[belief.covariances[columns[row][column]] for column in range(named + 2)] for row in range(named + 2)]
    factor = deviation / belief.deviation(place)
    moved = rating - belief.ratings[place]
    other = [matrix[row][named] for row in range(named)]
    shares = _solved([row[:named] for row in matrix[:named]], other)
    explained = _product(shares, other)
    for column in range(named):
        if column != place:
            matrix[place][column] = matrix[column][place] = matrix[place][column] * factor
    matrix[place][place] = deviation * deviation
    with_other = [_product(matrix[row][:named], shares) for row in range(named)]
    added = _product(shares, with_other) - explained
    covariances = list(belief.covariances)
    for row in range(named):
        for column in range(row, named):
            covariances[columns[row][column]] = matrix[row][column]
        covariances[columns[row][named]] = covariances[columns[row][named + 1]] = with_other[row]
    for row, column in ((named, named), (named, named + 1), (named + 1, named + 1)):
        covariances[columns[row][column]] += added
    ratings = list(belief.ratings)
    ratings[place] = rating
    ratings[named] = ratings[named + 1] = belief.ratings[named] + shares[place] * moved
    return known.showing(race, belief._replace(ratings=tuple(ratings), covariances=tuple(covariances)))


def no_surer_than(known: PlayerBelief, race: str, deviation: float) -> PlayerBelief:
    """The belief at the start of a season that wants no deviation to be less: of this race, and of those not named.

    It adds to the variances only: how the races go together, and the ratings, stay.
    """
    belief = known.belief
    covariances, least = list(belief.covariances), deviation * deviation
    diagonal = layout(len(belief.ratings)).diagonal
    for place in (diagonal[known.place(race)], *diagonal[len(known.races) :]):
        covariances[place] = max(covariances[place], least)
    return known._replace(belief=belief._replace(covariances=tuple(covariances)))


def having_played(known: PlayerBelief, games: int, last_played_us: int | None) -> PlayerBelief:
    """The belief after so many more games of which nothing but their number and the time of the last one is known."""
    belief = known.belief
    times = [time for time in (belief.last_played_us, last_played_us) if time is not None]
    last_us = max(times) if times else None
    return known._replace(belief=belief._replace(games=max(0, belief.games + games), last_played_us=last_us))


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    """The sum of products, from left to right, so that it always gives the same bits."""
    total = 0.0
    for left, right in zip(one, other, strict=True):
        total += left * right
    return total


def _solved(matrix: list[list[float]], right: Sequence[float]) -> list[float]:
    """What a symmetric positive definite matrix has to be multiplied with to give `right`: Gauss's elimination."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for pivot in range(size):
        for below in range(pivot + 1, size):
            share = rows[below][pivot] / rows[pivot][pivot]
            rows[below] = [low - share * high for low, high in zip(rows[below], rows[pivot], strict=True)]
    found = [0.0] * size
    for row in range(size - 1, -1, -1):
        rest = rows[row][size]
        for column in range(row + 1, size):
            rest -= rows[row][column] * found[column]
        found[row] = rest / rows[row][row]
    return found
