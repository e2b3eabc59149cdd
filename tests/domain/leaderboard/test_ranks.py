from itertools import pairwise

import pytest

from tests.domain.leaderboard.oracle import SHARES, letters_of
from toprung.domain.leaderboard.ranks import LETTERS, letter_bounds, letter_counts

SIZES = range(20_001)

EXPECTED = {
    0: (0, 0, 0, 0, 0, 0, 0),
    1: (0, 0, 0, 0, 1, 0, 0),
    2: (0, 0, 0, 1, 1, 0, 0),
    5: (0, 0, 1, 1, 2, 1, 0),
    7: (0, 0, 1, 2, 2, 2, 0),
    120: (1, 8, 25, 26, 26, 25, 9),
    263: (2, 18, 55, 56, 56, 55, 21),
    1083: (10, 75, 228, 228, 228, 228, 86),
    1099: (10, 77, 231, 231, 231, 231, 88),
}


@pytest.mark.parametrize(("ranked", "counts"), EXPECTED.items())
def test_the_letters_of_a_ladder_are_those_of_the_table(ranked: int, counts: tuple[int, ...]) -> None:
    assert letter_counts(ranked) == dict(zip(LETTERS, counts, strict=True))


def test_the_letters_go_from_s_to_f() -> None:
    assert LETTERS == ("S", "A", "B", "C", "D", "E", "F")
    assert list(letter_counts(500)) == list(LETTERS)


def test_every_entry_has_one_letter() -> None:
    for ranked in SIZES:
        counts = letter_counts(ranked)
        assert sum(counts.values()) == ranked
        assert min(counts.values()) >= 0


def test_both_ends_are_balanced() -> None:
    for ranked in SIZES:
        counts = letter_counts(ranked)
        assert abs(counts["S"] + counts["A"] - counts["F"]) <= 1


def test_the_four_middle_letters_differ_by_at_most_one() -> None:
    for ranked in SIZES:
        middle = [letter_counts(ranked)[letter] for letter in "BCDE"]
        assert max(middle) - min(middle) <= 1


def test_each_letter_is_within_one_of_its_share() -> None:
    for ranked in SIZES:
        for letter, count in letter_counts(ranked).items():
            assert 0 <= count - ranked * SHARES[letter] // 100 <= 1


@pytest.mark.parametrize(
    ("letter", "always_from"), [("D", 1), ("C", 2), ("E", 3), ("B", 4), ("F", 13), ("A", 14), ("S", 100)]
)
def test_a_letter_is_always_there_from_its_size_on(letter: str, always_from: int) -> None:
    without = [ranked for ranked in SIZES if not letter_counts(ranked)[letter]]
    assert max(without) + 1 == always_from


def test_nine_entries_are_the_one_smaller_ladder_with_an_f() -> None:
    """Nine leave five over, and the fifth goes to F; ten to twelve leave fewer."""
    assert [ranked for ranked in range(13) if letter_counts(ranked)["F"]] == [9]
    assert [ranked for ranked in range(14) if letter_counts(ranked)["A"]] == []
    assert [ranked for ranked in range(100) if letter_counts(ranked)["S"]] == []


@pytest.mark.parametrize("ranked", [*range(210), 263, 1083, 1099, 20_000])
def test_letters_fall_along_the_positions_and_follow_the_rule(ranked: int) -> None:
    bounds = letter_bounds(ranked)
    stretches = zip(LETTERS, pairwise(bounds), strict=True)
    letters = [letter for letter, (first, end) in stretches for _ in range(first, end)]
    assert letters == letters_of(ranked)
    assert letters == sorted(letters, key=LETTERS.index)


def test_bounds_begin_at_zero_and_end_with_the_ladder() -> None:
    for ranked in SIZES:
        bounds = letter_bounds(ranked)
        assert (len(bounds), bounds[0], bounds[-1]) == (8, 0, ranked)
        assert list(bounds) == sorted(bounds)
