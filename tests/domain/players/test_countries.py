import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.errors import InvalidInput
from toprung.domain.players.countries import COMMON_MAX, OTHER, PREFER_NOT_TO_SAY, Countries, UnknownCountry, flag_emoji

CODES = frozenset({"KR", "KP", "US", "DE", "GB", "FR", "XK", PREFER_NOT_TO_SAY, OTHER})
COUNTRIES = Countries(codes=CODES, common=("KR", "US", "DE"))


@given(st.sets(st.sampled_from(sorted(CODES))))
def test_a_selection_lets_through_what_it_names(selection: set[str]) -> None:
    countries = COUNTRIES.expand(selection)
    if not selection:
        assert countries is None
        return
    assert countries is not None
    assert selection <= countries
    for code in CODES | {None}:
        is_rest = code not in COUNTRIES.common
        assert (code in countries) == (code in selection or (OTHER in selection and is_rest))


def test_other_is_every_country_that_is_not_common() -> None:
    rest = frozenset({"KP", "GB", "FR", "XK", "XX", "ZZ", None})
    assert COUNTRIES.expand(["ZZ"]) == rest
    assert COUNTRIES.expand(["zz", "kr"]) == rest | {"KR"}
    assert COUNTRIES.expand(["XX"]) == frozenset({"XX"})
    assert COUNTRIES.expand(iter(())) is None


def test_other_holds_the_unsaid_even_where_it_is_common() -> None:
    assert Countries(codes=CODES, common=("XX",)).expand(["ZZ"]) == CODES | {None}


def test_parsing_ignores_case_and_outer_white_space() -> None:
    assert COUNTRIES.parse(" kr\n") == "KR"
    assert COUNTRIES.parse("xx") == "XX"


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("UK", "GB"), ("usa", "US"), ("KOR", "KR"), ("DEU", "DE"), ("EN", "GB"), ("KX", "XK"), ("FOR", "FR")],
)
def test_an_unknown_code_brings_a_suggestion(text: str, suggestion: str) -> None:
    with pytest.raises(UnknownCountry) as caught:
        COUNTRIES.parse(text)
    assert suggestion in caught.value.suggestions
    assert suggestion in str(caught.value)


@given(st.text(max_size=300))
def test_any_text_is_parsed_or_refused_in_one_short_line(text: str) -> None:
    try:
        sentence = COUNTRIES.parse(text)
    except UnknownCountry as error:
        sentence = str(error)
    assert sentence in CODES or "is not a country code" in sentence
    assert sentence.isprintable()
    assert len(sentence) < 400


@pytest.mark.parametrize(
    ("common", "named"),
    [(("KR", "ZZ"), "'ZZ'"), (("KR", "QQ"), "'QQ'"), (("KR", "kr"), "'kr'"), (("KR", "US", "KR"), "KR")],
)
def test_an_unfit_common_country_is_named(common: tuple[str, ...], named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as caught:
        Countries(codes=CODES, common=common)
    assert caught.value.field == "common_countries"


def test_too_many_common_countries_are_refused() -> None:
    codes = [f"{first}{second}" for first in "AB" for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    assert Countries(codes=frozenset(codes), common=tuple(codes[:COMMON_MAX])).common[-1] == codes[COMMON_MAX - 1]
    with pytest.raises(InvalidInput, match=f"At most 49 .* {codes[COMMON_MAX]} "):
        Countries(codes=frozenset(codes), common=tuple(codes[: COMMON_MAX + 1]))


def test_flags() -> None:
    assert flag_emoji("KR") == "🇰🇷"
    assert flag_emoji("XK") == "🇽🇰"
    assert {flag_emoji(code) for code in (None, "XX", "ZZ", "", "K", "한국", "1A")} == {"\U0001f3f3\ufe0f"}
