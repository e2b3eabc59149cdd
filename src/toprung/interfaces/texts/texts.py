"""Sentences in the reader's language: one gettext catalogue a language, keyed by codes and not by English text."""

import gettext
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po

from toprung.domain.errors import ToprungError

CATALOGUES_FOLDER: Final = Path(__file__).parent / "catalogues"
DEFAULT_LANGUAGE: Final = "en"
COUNT: Final = "count"
"""The parameter that a plural form is chosen by."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One language: the forms of each message (one, or one per plural form), and which form a count takes."""

    language: str
    forms: Mapping[str, Sequence[str]]
    form_of: Callable[[int], int]


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a `.po` file, whose name is its language. What is marked fuzzy is left out."""
    with path.open("rb") as file:
        source = read_po(file, locale=path.stem.replace("-", "_"), abort_invalid=True)
    forms: dict[str, Sequence[str]] = {}
    for message in source:
        if message.id and not message.fuzzy:
            code = message.id if isinstance(message.id, str) else message.id[0]
            forms[code] = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return Catalogue(language=path.stem, forms=forms, form_of=gettext.c2py(source.plural_expr))


class Texts:
    """All languages that there is a catalogue for. A message that a language lacks is said in English."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self._catalogues = catalogues
        others = sorted(language for language in catalogues if language != DEFAULT_LANGUAGE)
        self.languages: Final = (DEFAULT_LANGUAGE, *others)

    def language(self, *wishes: str | None) -> str:
        """The first of these wishes (`ko`, `en-US`) that there is a catalogue for, else English."""
        for wish in wishes:
            tag = (wish or "").replace("_", "-")
            while tag:
                if tag in self._catalogues:
                    return tag
                tag = tag.rpartition("-")[0]
        return DEFAULT_LANGUAGE

    def own_name(self, language: str) -> str:
        """What a language calls itself."""
        name = Locale.parse(language, sep="-").get_display_name(language)
        return language if name is None else name[:1].upper() + name[1:]

    def has(self, code: str) -> bool:
        """Whether there is a message with this code."""
        return code in self._catalogues[DEFAULT_LANGUAGE].forms

    def text(self, code: str, language: str, /, **parameters: object) -> str:
        """The sentence that a code and its parameters mean. Raises KeyError for a code or parameter that is missing."""
        catalogue = self._catalogues.get(language, self._catalogues[DEFAULT_LANGUAGE])
        if code not in catalogue.forms:
            catalogue = self._catalogues[DEFAULT_LANGUAGE]
        forms = catalogue.forms[code]
        count = parameters.get(COUNT)
        form = forms[catalogue.form_of(count)] if len(forms) > 1 and isinstance(count, int) else forms[0]
        return _PLACEHOLDER.sub(lambda found: _shown(parameters[found[1]]), form)

    def error(self, error: ToprungError, language: str) -> str:
        """What was refused and what to do: by the error's code, and its reason if it has one, else in its own words."""
        reason = getattr(error, "reason", None)
        for code in (f"error.{error.code}.{reason}", f"error.{error.code}"):
            if self.has(code):
                return self.text(code, language, **getattr(error, "parameters", {}))
        return str(error)


def load_texts() -> Texts:
    """The texts of all catalogues that come with the program."""
    return Texts({path.stem: read_catalogue(path) for path in sorted(CATALOGUES_FOLDER.glob("*.po"))})


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
