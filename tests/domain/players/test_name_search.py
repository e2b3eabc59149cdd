import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.leaderboard.oracle import bare as plainly_bare
from tests.domain.leaderboard.oracle import closeness
from toprung.domain.players.name_search import NameSearch, bare, folded

letters = st.sampled_from([*"aAbB x", *"\u00e9e\u0301", *"ß\ufb01\uff22界İςΣ", "\n", *"'’\u00b4øŁが각"])
names = st.lists(st.text(letters, min_size=1, max_size=6), max_size=12)
texts = st.text(letters, max_size=3)


@given(names, texts, st.sampled_from((1, 2, 5, 100)))
@example(["ab", "ab", "abab", "ba b"], "ab", 100)
@example([], "a", 5)
def test_a_search_finds_the_closest_first(names: list[str], text: str, limit: int) -> None:
    names = [unicodedata.normalize("NFC", name).replace("\n", " ") for name in names]
    expected = closeness(names, text.replace("\n", " "))
    assert NameSearch(names).find(text, limit) == [index for index, _ in expected][:limit]
    closest = [index for index, degree in expected if degree == expected[0][1]]
    assert NameSearch(names).closest(text, limit) == closest[:limit]


@given(st.text(letters, max_size=8))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_case_width_and_composition_do_not_matter() -> None:
    search = NameSearch(["Élan", "ＢＯＸＥＲ", "Straße"])
    assert search.find("e\u0301LAN", 5) == [0]
    assert search.find("boxer", 5) == [1]
    assert search.find("STRASSE", 5) == [2]


def test_an_empty_search_finds_nobody() -> None:
    search = NameSearch(["a b", "c"])
    for text in ("", " ", "\n", "\u3000"):
        assert search.find(text, 5) == []


def test_no_text_reaches_from_one_name_into_the_next() -> None:
    assert NameSearch(["ab", "cd"]).find("b\nc", 5) == []
    assert NameSearch(["ab", "cd"]).find("b c", 5) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("O’Brien", ["O’Brien"]),
        ("obrien", ["obrien"]),
        ("OBRIEN", ["obrien"]),
        ("o'brien", ["O’Brien", "obrien"]),
        ("o´brien", ["O’Brien", "obrien"]),
        ("o brien", []),
        ("zoe", ["Zoë"]),
        ("ŻOÉ", ["Zoë"]),
        ("łuk", ["Lukasz"]),
        ("Łukasz", ["Lukasz"]),
        ("ilkay", ["İlkay"]),
        ("елка", ["Ёлка"]),
        ("か", []),
        ("가", []),
        ("각", ["각하"]),
        ("AnnA", ["AnnA"]),
        ("ANNA", ["anna", "AnnA"]),
        ("nna", ["anna", "AnnA", "Joanna"]),
        ("'", ["O’Brien"][:0]),
    ],
)
def test_who_is_meant_by_a_text(text: str, found: list[str]) -> None:
    names = ["O’Brien", "obrien", "Zoë", "Lukasz", "İlkay", "Ёлка", "が", "각하", "anna", "AnnA", "Joanna"]
    assert [names[index] for index in NameSearch(names).closest(text, 9)] == found


@given(st.text(letters, max_size=8))
def test_putting_accents_aside_twice_is_doing_it_once(text: str) -> None:
    assert bare(bare(folded(text))) == bare(folded(text)) == plainly_bare(text)
