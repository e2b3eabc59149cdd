import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.adapters.countries import LOCALES, CountryNames, best_locale, country_codes, load_countries
from toprung.domain.errors import InvalidInput


@pytest.fixture(scope="module")
def names() -> CountryNames:
    return CountryNames()


def test_the_codes_are_those_of_iso_3166_and_kosovo_and_two_of_our_own() -> None:
    codes = country_codes()
    assert len(codes - {"XX", "ZZ"}) == 250
    assert {"XX", "ZZ", "XK", "KR", "AQ", "UM", "SS"} <= codes
    assert not codes & {"EU", "UN", "EZ", "XA", "XB", "QO", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"}


def test_common_countries_are_checked() -> None:
    assert load_countries(["KR", "XK"]).common == ("KR", "XK")
    assert load_countries().common == ()
    with pytest.raises(InvalidInput, match="'EU'"):
        load_countries(["KR", "EU"])


@pytest.mark.parametrize(
    ("code", "locale", "name"),
    [
        ("XK", "en", "Kosovo"),
        ("KR", "en", "South Korea"),
        ("KR", "ko", "대한민국"),
        ("KR", "ko-KR", "대한민국"),
        ("KR", "ko_KR", "대한민국"),
        ("DE", "de", "Deutschland"),
        ("TW", "zh-Hant", "台灣"),
        ("XX", "en", "Prefer not to say"),
        ("ZZ", "en", "Other"),
        (None, "en", "Unknown"),
        ("XX", "ko", "밝히지 않음"),
        ("ZZ", "ko", "기타"),
        (None, "ko", "알 수 없음"),
        ("XX", "vi", "Prefer not to say"),
        ("QQ", "en", "QQ"),
        ("KR", "../../etc", "South Korea"),
    ],
)
def test_names(names: CountryNames, code: str | None, locale: str, name: str) -> None:
    assert names.name(code, locale) == name


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_names_every_country(names: CountryNames, locale: str) -> None:
    listed = names.sorted_names(locale)
    assert {code for code, _ in listed} == country_codes()
    assert [code for code, _ in listed[-2:]] == ["XX", "ZZ"]
    # CLDR leaves a few territories without a name in its smaller languages.
    assert sum(code == name for code, name in listed) <= 2
    assert listed is names.sorted_names(locale)


def test_countries_are_sorted_as_a_reader_would(names: CountryNames) -> None:
    english = [name for _, name in names.sorted_names("en")]
    assert english[:3] == ["Afghanistan", "Åland Islands", "Albania"]
    korean = [name for _, name in names.sorted_names("ko")[:-2]]
    assert korean[0].startswith("가")
    assert korean == sorted(korean)


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "en"),
        ("", "en"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en;q=0.5, de;q=0.7", "de"),
        ("fr-CA", "fr"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-CN", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("pt-BR", "pt"),
        ("es-419", "es-MX"),
        ("no", "nb"),
        ("xx,ko;q=0.1", "ko"),
        ("de;q=0, ko;q=0.1", "ko"),
        ("de;q=2, ko;q=0.1", "ko"),
        ("de;q=abc, ko;q=0.1", "ko"),
        ("de;;, ko", "ko"),
        ("*", "en"),
        ("KO_kr", "ko"),
        ("x" * 5000 + ",ko", "en"),
        (",".join(["xx"] * 20 + ["ko"]), "en"),
    ],
)
def test_the_locale_is_the_best_that_is_offered(header: str | None, locale: str) -> None:
    assert best_locale(header) == locale


@given(st.text(st.sampled_from("dekozhq=;,.01-_* \x00é"), max_size=200))
def test_any_header_gives_a_locale_that_is_offered(header: str) -> None:
    assert best_locale(header) in LOCALES
