import unicodedata
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.adapters.confusables import load_prototypes
from toprung.domain.players.names import (
    PLAYER_NAME_MAX_CODE_POINTS,
    InvalidName,
    InvalidNameReason,
    NameKeys,
    clean_name,
    csv_cell,
    csv_uncell,
    unsafe_character,
)

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("aA1lI|Оoо0mrnΝνß ſéи́͏ \u2800\u200b\u202e\u3164\u115f\u0301\u0302\u0e49한ᄒ\t\n\r"),
    ),
    max_size=60,
)
ORDINARY = (
    "Maru",
    "홍길동",
    "이영호",
    "Вася Пупкин",
    "张伟",
    "李小龍",
    "ゼルグ使い",
    "محمد",
    "דוד",
    "สมชาย น้ำ",
    "ที่รัก",
    "अर्जुन",
    "पहाड़ों",
    "Nguyễn Thế",
    "Łukasz",
    "Ünal",
    "O'Neil",
    "[SEL]x_X",
    "a",
    "7",
    "🔥 Zergling 🔥",
    "②",
)


@pytest.fixture(scope="module")
def keys() -> NameKeys:
    return NameKeys(load_prototypes())


def outcome(raw: str) -> str | InvalidName:
    try:
        return clean_name(raw)
    except InvalidName as error:
        return error


@given(HOSTILE | st.text(st.characters(categories=["L", "N", "P", "Mn", "Zs"]), max_size=24))
def test_a_clean_name_is_clean_short_and_in_one_line(raw: str) -> None:
    name = outcome(raw)
    if isinstance(name, InvalidName):
        return
    assert clean_name(name) == name
    assert clean_name(unicodedata.normalize("NFD", name)) == name
    assert 1 <= len(name) <= PLAYER_NAME_MAX_CODE_POINTS
    assert unicodedata.is_normalized("NFC", name)
    assert unsafe_character(name) is None
    assert len(name.splitlines()) == 1
    assert name.isprintable()
    assert "  " not in name
    assert name == name.strip()
    assert any(unicodedata.category(char)[0] in "LN" for char in name)


@given(HOSTILE)
def test_a_refusal_says_what_to_do(raw: str) -> None:
    refusal = outcome(raw)
    if isinstance(refusal, str):
        return
    assert refusal.code == "invalid_name"
    assert refusal.field == "player_name"
    assert refusal.reason in get_args(InvalidNameReason)
    assert str(refusal).endswith(".")
    assert str(refusal).isprintable()


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_of_every_alphabet_stay_as_they_are(name: str) -> None:
    name = unicodedata.normalize("NFC", name)
    assert clean_name(name) == name


def test_white_space_collapses_and_is_stripped() -> None:
    assert clean_name("\t Big \u00a0\u3000 Boss \r\n") == "Big Boss"
    assert clean_name("a\tb") == "a b"


def test_korean_names_are_composed() -> None:
    assert clean_name(unicodedata.normalize("NFD", "홍길동")) == "홍길동"
    assert clean_name(unicodedata.normalize("NFD", "가" * 24)) == "가" * 24


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "empty"),
        (" \t\u3000 ", "empty"),
        ("x" * 25, "too_long"),
        ("x" * 201, "too_long"),
        (" " * 201, "too_long"),
        ("\u0344" * 10_000_000, "too_long"),
        ("a\x00b", "control_character"),
        ("a\x1b[31mb", "control_character"),
        ("a\nb", "control_character"),
        ("a\u0085b", "control_character"),
        ("a\u2028b", "control_character"),
        ("a\u2029b", "control_character"),
        ("a\u202eb", "invisible_character"),
        ("a\u2066b", "invisible_character"),
        ("a\u200bb", "invisible_character"),
        ("a\u200db", "invisible_character"),
        ("a\ufeffb", "invisible_character"),
        ("a\u00adb", "invisible_character"),
        ("a\U000e0041b", "invisible_character"),
        ("\u3164", "invisible_character"),
        ("a\u115fb", "invisible_character"),
        ("a\u1160b", "invisible_character"),
        ("a\u17b4b", "invisible_character"),
        ("a\u180bb", "invisible_character"),
        ("a\u180eb", "invisible_character"),
        ("a\u2800b", "invisible_character"),
        ("a\uffa0b", "invisible_character"),
        ("a\u034fb", "invisible_character"),
        ("a\ufe0fb", "invisible_character"),
        ("a\U000e0100b", "invisible_character"),
        ("a\ud800b", "unassigned_character"),
        ("a\ue000b", "unassigned_character"),
        ("a\U000fffffb", "unassigned_character"),
        ("a\u0378b", "unassigned_character"),
        ("\u0301a", "leading_mark"),
        ("a \u0301b", "leading_mark"),
        ("a\u0301\u0302\u0303", "stacked_marks"),
        ("é\u0302\u0303", "stacked_marks"),
        ("Z" + "\u0335" * 20, "stacked_marks"),
        ("...", "no_letter_or_digit"),
        ("🔥🔥", "no_letter_or_digit"),
    ],
)
def test_hostile_names_are_refused(raw: str, reason: str) -> None:
    with pytest.raises(InvalidName) as caught:
        clean_name(raw)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 200


def test_a_refusal_names_the_character() -> None:
    with pytest.raises(InvalidName, match=r"Character 2 .* \(U\+202E RIGHT-TO-LEFT OVERRIDE\)"):
        clean_name("a\u202eb")


@given(HOSTILE)
def test_the_key_of_a_key_is_the_key(keys: NameKeys, text: str) -> None:
    assert keys.key(keys.key(text)) == keys.key(text)


@given(HOSTILE)
def test_composition_does_not_matter_to_the_key(keys: NameKeys, text: str) -> None:
    assert keys.key(unicodedata.normalize("NFD", text)) == keys.key(unicodedata.normalize("NFC", text))


@given(st.text(st.characters(max_codepoint=0x7F), max_size=30))
def test_ascii_case_and_width_do_not_matter_to_the_key(keys: NameKeys, text: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isalnum() else char for char in text)
    assert keys.key(text.upper()) == keys.key(text.lower()) == keys.key(text) == keys.key(wide)


@given(st.text(st.characters(min_codepoint=0x400, max_codepoint=0x45F), max_size=30))
def test_cyrillic_case_does_not_matter_to_the_key(keys: NameKeys, text: str) -> None:
    assert keys.key(text.upper()) == keys.key(text.lower()) == keys.key(text)


def test_every_character_keeps_the_promises(keys: NameKeys) -> None:
    parted: set[str] = set()
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.category(char) in ("Cn", "Co", "Cs"):
            continue
        key = keys.key(char)
        assert keys.key(key) == key
        if key != keys.key(char.casefold()):
            parted.add(char)
    # Joining these with their other case would make two different ASCII letters the same: see `NameKeys`.
    assert {char for char in parted if not unicodedata.name(char).startswith("GREEK")} == set("ſƼẚẛꞴ𑢤𑢦𑢵𑢼")
    assert {unicodedata.normalize("NFD", char)[0] for char in parted if char < "Ͱ" or char < "\u2000"} >= set("ΒΓΝΥ")
    assert len(parted) == 23


def test_nothing_beyond_the_last_cased_letter_has_a_case() -> None:
    assert not any(chr(code).casefold() != chr(code) for code in range(0x1E944, 0x110000))


def test_every_look_alike_of_an_ascii_text_has_its_key(keys: NameKeys) -> None:
    plain = {source: text for source, text in load_prototypes().items() if text.isascii()}
    assert len(plain) > 1500
    for source, text in plain.items():
        if unicodedata.normalize("NFD", source) == source:
            assert keys.key(source) == keys.key(text), (source, text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Maru", "MARU"),
        ("Maru", "Ｍａｒｕ"),
        ("Serral", "Ѕerral"),  # Cyrillic dze
        ("Maru", "M\u0430ru"),  # Cyrillic a
        ("sOs", "s0s"),
        ("sOs", "sos"),
        ("sOs", "s\u03bfs"),  # Greek omicron
        ("Ilya", "llya"),
        ("Ilya", "1lya"),
        ("Ilya", "ilya"),
        ("Ilya", "|lya"),
        ("Morning", "Moming"),
        ("Maru", "rnaru"),
        ("HERO", "\u041d\u0415R\u041e"),  # Cyrillic en, ie, o
        ("Nexus", "\u039dexus"),  # Greek capital nu
        ("victory", "\u03bdictory"),  # Greek small nu
        ("Maru", "𝐌𝒶𝕣𝓊"),
        ("Вася", "ВАСЯ"),
        ("Élan", "e\u0301lan"),
        ("Straße", "STRASSE"),
        ("ﬁre", "fire"),
        ("player1", "player¹"),
    ],
)
def test_names_that_could_be_taken_for_one_another_have_one_key(keys: NameKeys, one: str, other: str) -> None:
    assert keys.key(one) == keys.key(other)


def test_ordinary_names_keep_apart(keys: NameKeys) -> None:
    numbered = [f"Gamer{number:05d}" for number in range(10_000)]
    assert len({keys.key(name) for name in numbered}) == len(numbered)
    assert len({keys.key(name) for name in ORDINARY}) == len(ORDINARY)
    letters = "abcdefghjklmnopqrstuvwxyz23456789"
    assert len({keys.key(letter) for letter in letters}) == len(letters)


def test_every_korean_syllable_keeps_apart(keys: NameKeys) -> None:
    syllables = [chr(code) for code in range(0xAC00, 0xD7A4)]
    assert len({keys.key(syllable) for syllable in syllables}) == len(syllables)


def test_accents_and_similar_words_keep_apart(keys: NameKeys) -> None:
    names = ["resume", "résume", "résumé", "a b", "ab", "a-b", "n", "v", "u", "y", "r", "b", "ss"]
    assert len({keys.key(name) for name in names}) == len(names)


def test_without_a_table_case_and_width_still_do_not_matter() -> None:
    assert NameKeys({}).key("ＭaRu") == "maru"


@pytest.mark.parametrize("table", [{"ж": "зж"}, {"a": "bc", "b": "ad"}])
def test_a_table_that_runs_in_circles_is_refused(table: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must not run in circles"):
        NameKeys(table)


@given(st.text(st.one_of(st.characters(), st.sampled_from("'=+-@\t\r\n\0＝")), max_size=20))
def test_a_csv_cell_is_undone_exactly_and_runs_nothing(text: str) -> None:
    cell = csv_cell(text)
    assert csv_uncell(cell) == text
    assert cell[:1] not in set("=+-@\t\r\n\0＝＋－＠")


def test_a_csv_cell_written_by_hand_keeps_its_apostrophe() -> None:
    assert csv_uncell("'Bob") == "'Bob"
    assert csv_uncell("'=1+1") == "=1+1"
    assert csv_cell("Bob") == "Bob"
    assert csv_cell("=1+1") == "'=1+1"
    assert [len(csv_cell("'" * count)) for count in range(4)] == [0, 2, 3, 4]
    assert all(csv_cell(one) != csv_cell(other) for one, other in pairwise(["", "'", "''", "'='", "='"]))
