"""The language that a person at a terminal is spoken to in."""

import os
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # the module loads Babel, which `toprung --help` should not wait for
    from toprung.interfaces.texts.wording import Wording

FRONT: Final = "cli"
LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")

_wished: Final[ContextVar[str | None]] = ContextVar("wished", default=None)


def speak(language: str | None) -> None:
    """Sets the language of the command that runs: the one that is named, else the locale's."""
    _wished.set(language)


def locale_language(environment: Mapping[str, str]) -> str:
    """The language tag of the locale, by the first variable that is set; a locale such as C has none that is known."""
    locale = next((value for name in LOCALE_VARIABLES if (value := environment.get(name))), "")
    return locale.partition(".")[0].partition("@")[0]


def wording() -> "Wording":
    """The sentences for whoever runs the command."""
    from toprung.interfaces.texts.texts import load_texts
    from toprung.interfaces.texts.wording import Wording

    texts = load_texts()
    return Wording(texts, texts.language(_wished.get() or locale_language(os.environ)), FRONT)


def say(code: str, /, **parameters: object) -> str:
    """The sentence that a code and its parameters mean, in the language of the command that runs."""
    return wording().say(code, **parameters)
