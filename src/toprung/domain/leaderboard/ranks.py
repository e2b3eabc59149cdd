"""Letter ranks: which share of the ladder is S, A, B, C, D, E and F, by position."""

from typing import Final

LETTERS: Final = ("S", "A", "B", "C", "D", "E", "F")

_SHARE_PERCENT: Final = {"S": 1, "A": 7, "B": 21, "C": 21, "D": 21, "E": 21, "F": 8}
_FIRST_LEFTOVERS: Final = ("D", "C", "E", "B")


def letter_counts(ranked: int) -> dict[str, int]:
    """How many of `ranked` entries hold each letter, best letter first; the counts add up to `ranked`.

    Each letter gets the floor of its share. What is left goes one each to D, C, E and B, then to A, F, S where F
    outnumbers S and A together at that moment, else to F, A, S: so the two ends of the ladder stay balanced.
    """
    counts = {letter: ranked * _SHARE_PERCENT[letter] // 100 for letter in LETTERS}
    left = ranked - sum(counts.values())
    for letter in _FIRST_LEFTOVERS[:left]:
        counts[letter] += 1
    left -= min(left, len(_FIRST_LEFTOVERS))
    last_leftovers = ("A", "F", "S") if counts["F"] > counts["S"] + counts["A"] else ("F", "A", "S")
    for letter in last_leftovers[:left]:
        counts[letter] += 1
    return counts


def letter_bounds(ranked: int) -> tuple[int, ...]:
    """Eight positions: letter i of `LETTERS` covers positions `bounds[i]` up to, not including, `bounds[i + 1]`."""
    bounds = [0]
    for count in letter_counts(ranked).values():
        bounds.append(bounds[-1] + count)
    return tuple(bounds)
