from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.leaderboard.oracle import folded as plainly_folded
from toprung.domain.players.name_search import NameSearch, folded

letters = st.sampled_from([*"aAbB x", *"\u00e9e\u0301", *"ß\ufb01\uff22界İςΣ", "\n"])
names = st.lists(st.text(letters, min_size=1, max_size=6), max_size=12)
texts = st.text(letters, max_size=3)


def found_plainly(names: list[str], text: str, limit: int) -> list[int]:
    """What a search should find, looked for name by name."""
    wanted = plainly_folded(text).strip().replace("\n", " ")
    if not wanted:
        return []
    plain = [plainly_folded(name).replace("\n", " ") for name in names]
    tests = (
        lambda name: name == wanted,
        lambda name: name.startswith(wanted),
        lambda name: wanted in name,
    )
    found = [index for test in tests for index, name in enumerate(plain) if test(name)]
    return list(dict.fromkeys(found))[:limit]


@given(names, texts, st.sampled_from((1, 2, 5, 100)))
@example(["ab", "ab", "abab", "ba b"], "ab", 100)
@example([], "a", 5)
def test_a_search_finds_the_whole_name_then_beginnings_then_parts(names: list[str], text: str, limit: int) -> None:
    assert NameSearch(names).find(text, limit) == found_plainly(names, text, limit)


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
