"""The command line refuses in the language that is named, or else in the locale's; programs read the same in each."""

import json

import pytest

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke
from toprung.interfaces.cli.terminal.language import locale_language

KOREAN = "toprung: 경기 999은(는) 없습니다. `toprung match list`가 최근 경기를 보여 줍니다.\n"
ENGLISH = "toprung: There is no match 999; `toprung match list` shows the latest ones.\n"


@pytest.mark.parametrize(
    ("language", "said"),
    [("ko", KOREAN), ("ko-KR", KOREAN), ("KO_kr", KOREAN), ("en", ENGLISH), ("xx", ENGLISH), ("", ENGLISH)],
)
def test_a_refusal_is_in_the_language_that_is_named(language: str, said: str) -> None:
    result = invoke(Ladder(), "--language", language, "match", "show", "999")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", said)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko_KR"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "C"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR@hangul"}, "ko_KR"),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "POSIX"}, "POSIX"),
        ({"LC_ALL": "C.UTF-8"}, "C"),
        ({}, ""),
    ],
)
def test_the_locale_is_what_the_first_variable_says(environment: dict[str, str], language: str) -> None:
    assert locale_language(environment) == language


@pytest.mark.parametrize(("locale", "said"), [("ko_KR.UTF-8", KOREAN), ("C", ENGLISH), ("xx_YY", ENGLISH)])
def test_without_a_named_language_it_is_the_locales(locale: str, said: str) -> None:
    result = invoke(Ladder(), "match", "show", "999", locale=locale)
    assert result.stderr == said


def test_json_is_the_same_in_every_language() -> None:
    answers = [invoke(Ladder(), "--language", language, "leaderboard", "--json") for language in ("en", "ko")]
    assert json.loads(answers[0].stdout) == json.loads(answers[1].stdout)
