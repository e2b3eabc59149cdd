"""Every catalogue says the same things; every code that the program says is in them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from toprung.application.players.account_service import NameTaken, RenameTooSoon
from toprung.domain.errors import NotFound
from toprung.domain.players.names import InvalidName, clean_name
from toprung.interfaces.texts.texts import CATALOGUES_FOLDER, DEFAULT_LANGUAGE, Texts, load_texts, read_catalogue

CATALOGUES = sorted(CATALOGUES_FOLDER.glob("*.po"))
SRC = CATALOGUES_FOLDER.parents[2]
PLACEHOLDER = re.compile(r"\{([^}]*)\}")
SAID = re.compile(r"""(?:\bsay|\.plain|\.text|\b_end)\(\s*(?:interaction,\s*)?"([a-z_.]+)"|\bcode="([a-z_.]+)\"""")
CODE_IN_A_TEMPLATE = re.compile(r"""["']((?:site|time)\.[a-z_0-9]+)["']""")
CODE_OF_THE_COMMAND_LINE = re.compile(r'"((?:cli|site|time|admin)\.[a-z_0-9.]*[a-z_0-9])"')
FORMED = re.compile(r"""f'([a-z_]+\.)\{""")


@pytest.fixture(scope="module")
def texts() -> Texts:
    return load_texts()


def codes_in_the_source() -> Iterator[tuple[str, Path]]:
    for path in sorted(SRC.rglob("*.py")):
        for found in SAID.finditer(path.read_text(encoding="utf-8")):
            yield found[1] or found[2], path
    for path in sorted((SRC / "interfaces" / "cli").rglob("*.py")):
        for code in CODE_OF_THE_COMMAND_LINE.findall(path.read_text(encoding="utf-8")):
            yield code, path
    for path in sorted(SRC.rglob("*.html")):
        for code in CODE_IN_A_TEMPLATE.findall(path.read_text(encoding="utf-8")):
            yield code, path


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_says_all_that_english_says_with_the_same_placeholders(path: Path) -> None:
    english, catalogue = read_catalogue(CATALOGUES_FOLDER / f"{DEFAULT_LANGUAGE}.po"), read_catalogue(path)
    assert catalogue.forms.keys() == english.forms.keys()
    for code, forms in catalogue.forms.items():
        wanted = set(PLACEHOLDER.findall(english.forms[code][-1]))
        assert all(form.strip() for form in forms), code
        for form in forms:
            assert set(PLACEHOLDER.findall(form)) - {"count"} == wanted - {"count"}, code
        assert set(PLACEHOLDER.findall(forms[-1])) == wanted, code


@pytest.mark.parametrize(
    "path", [path for path in CATALOGUES if path.stem != DEFAULT_LANGUAGE], ids=lambda path: path.stem
)
def test_a_catalogue_leaves_nothing_in_english(path: Path) -> None:
    """A sentence of ten letters or more that is the English one was forgotten."""
    english, catalogue = read_catalogue(CATALOGUES_FOLDER / f"{DEFAULT_LANGUAGE}.po"), read_catalogue(path)
    letters = {
        code: sum(char.isalpha() for char in PLACEHOLDER.sub("", forms[-1])) for code, forms in catalogue.forms.items()
    }
    forgotten = [
        code for code, forms in catalogue.forms.items() if letters[code] >= 10 and forms[-1] in english.forms[code]
    ]
    assert not forgotten


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_has_nothing_unsure_twice_or_with_forms_that_it_does_not_use(path: Path) -> None:
    with path.open("rb") as file:
        source = read_po(file, locale=path.stem)
    assert not [message.id for message in source if message.id and message.fuzzy]
    ids = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(ids) == len(set(ids))
    catalogue = read_catalogue(path)
    for code, forms in catalogue.forms.items():
        used = {catalogue.form_of(count) for count in range(200)} if len(forms) > 1 else {0}
        assert used == set(range(len(forms))), code


def test_english_and_korean_are_there(texts: Texts) -> None:
    assert texts.languages == ("en", "ko")
    assert [texts.own_name(language) for language in texts.languages] == ["English", "한국어"]


def test_every_code_that_the_program_says_is_there(texts: Texts) -> None:
    said = list(codes_in_the_source())
    assert len({code for code, _ in said}) > 60
    assert not [(code, path.name) for code, path in said if "." in code and not texts.has(code)]


def test_a_command_is_described_in_english_as_the_catalogue_describes_it(texts: Texts) -> None:
    described = re.compile(r'locale_str\(\s*"([^"]+)", code="([a-z_.]+)"')
    found = [pair for path in sorted(SRC.rglob("*.py")) for pair in described.findall(path.read_text("utf-8"))]
    assert len(found) >= 8
    assert not [(code, sentence) for sentence, code in found if texts.text(code, "en") != sentence]


def test_a_language_is_the_first_wish_that_there_is_one_for(texts: Texts) -> None:
    assert texts.language(None, "ko-KR", "en-US") == "ko"
    assert texts.language("xx", "en-GB") == "en"
    assert texts.language("", None) == "en"


def test_counts_choose_the_form(texts: Texts) -> None:
    said = [texts.text("leaderboard.entries", "en", count=count) for count in (0, 1, 2, 1_083)]
    assert said == ["**0** entries", "**1** entry", "**2** entries", "**1,083** entries"]
    assert texts.text("leaderboard.entries", "ko", count=1) == "기록 **1**개"


def test_what_a_player_typed_is_no_placeholder(texts: Texts) -> None:
    assert texts.text("leaderboard.not_found", "en", name="{count}") == "Nobody has a name like “{count}”."


def test_errors_are_said_in_the_language_by_code_and_reason(texts: Texts) -> None:
    with pytest.raises(InvalidName) as refused:
        clean_name("a\nb")
    assert "줄바꿈" in texts.error(refused.value, "ko", "discord")
    assert "이미 쓰이고" in texts.error(NameTaken("taken"), "ko", "discord")
    assert texts.error(RenameTooSoon(1), "en", "discord") == "Your name can be changed again in 1 day."
    assert texts.error(NotFound("There is none."), "ko") == "There is none."


def test_a_language_is_the_one_that_a_header_wants_most(texts: Texts) -> None:
    said = {None: "en", "ko": "ko", "KO-kr": "ko", "de,ko;q=0.5": "ko", "en;q=0.3,ko;q=0.9": "ko", "fr;q=x, *": "en"}
    assert {header: texts.accepted(header) for header in said} == said


def test_a_message_tells_its_forms_by_the_plural_categories_of_its_language(texts: Texts) -> None:
    assert texts.forms("time.days", "en") == {"one": "{count} day", "other": "{count} days"}
    assert texts.forms("time.days", "ko") == {"other": "{count}일"}


def test_a_count_may_be_no_whole_number(texts: Texts) -> None:
    said = [texts.text("time.days", "en", count=count) for count in (1, 1.0, 0.5, 14.0, 2.25)]
    assert said == ["1 day", "1 day", "0.5 days", "14 days", "2.25 days"]
