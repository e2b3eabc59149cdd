"""The language that a person at a terminal is spoken to in."""

import os
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # the modules load Babel, which `toprung --help` should not wait for
    from toprung.interfaces.texts.retelling import Retelling
    from toprung.interfaces.texts.wording import Wording

FRONT: Final = "cli"
LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")

_ENGLISH: Final = frozenset({"", "c", "posix", "en"})
_MARK: Final = "\0"

_wished: Final[ContextVar[str | None]] = ContextVar("wished", default=None)


def speak(language: str | None) -> None:
    """Sets the language of the command that runs: the one that is named, else the locale's."""
    _wished.set(language)


def locale_language(environment: Mapping[str, str]) -> str:
    """The language tag of the locale, by the first variable that is set; a locale such as C has none that is known."""
    locale = next((value for name in LOCALE_VARIABLES if (value := environment.get(name))), "")
    return locale.partition(".")[0].partition("@")[0]


def is_surely_english() -> bool:
    """Whether the language is English without a look at which others there are, which takes longer than some help."""
    return _wish().replace("_", "-").partition("-")[0].lower() in _ENGLISH


def wording() -> "Wording":
    """The sentences for whoever runs the command."""
    from toprung.interfaces.texts.texts import load_texts
    from toprung.interfaces.texts.wording import Wording

    texts = load_texts()
    return Wording(texts, texts.language(_wish()), FRONT)


def words(code: str, /, **parameters: object) -> str:
    """The text that a code and its parameters mean, in the language of the command that runs."""
    return wording().say(code, **parameters)


def parts(code: str, style: str = "", /, **parameters: object) -> list[tuple[str, str]]:
    """The same as parts of a line in one style, but for parameters that are (text, style), which keep their own."""
    styled = {name: value for name, value in parameters.items() if isinstance(value, tuple)}
    given = {
        name: f"{_MARK}{name}{_MARK}" if name in styled else _without_marks(value) for name, value in parameters.items()
    }
    pieces = words(code, **given).split(_MARK)
    return [styled[piece] if place % 2 else (piece, style) for place, piece in enumerate(pieces)]


def retold(sentence: str, *groups: str) -> str:
    """A sentence that is there in English, in the language of the command that runs; see `Retelling`."""
    return sentence if is_surely_english() else _retelling(*groups).retold(sentence, wording().language)


def _wish() -> str:
    return _wished.get() or locale_language(os.environ)


def _without_marks(value: object) -> object:
    return value.replace(_MARK, "\\u0000") if isinstance(value, str) else value


@cache
def _retelling(*groups: str) -> "Retelling":
    from toprung.interfaces.texts.retelling import Retelling
    from toprung.interfaces.texts.texts import load_texts

    return Retelling(load_texts(), *groups)
