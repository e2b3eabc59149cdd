"""Sentences in the reader's language: one gettext catalogue a language, keyed by codes and not by English text."""

import gettext
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po

from toprung.domain.errors import ToprungError, filled, placeholders, shown
from toprung.domain.players.languages import wished_languages

CATALOGUES_FOLDER: Final = Path(__file__).parent / "catalogues"
DEFAULT_LANGUAGE: Final = "en"
COUNT: Final = "count"
"""The parameter that a plural form is chosen by."""

_COUNTS_TRIED: Final = 200


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


class CataloguesFolder(Mapping[str, Catalogue]):
    """The catalogues in a folder by their languages; each is read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._paths = {path.stem: path for path in sorted(folder.glob("*.po"))}
        self._read: dict[str, Catalogue] = {}

    def __getitem__(self, language: str) -> Catalogue:
        if language not in self._read:
            self._read[language] = read_catalogue(self._paths[language])
        return self._read[language]

    def __contains__(self, language: object) -> bool:
        return language in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class Texts:
    """All languages that there is a catalogue for. A message that a language lacks is said in English."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self._catalogues = catalogues
        self._by_tag = {language.lower(): language for language in catalogues}
        others = sorted(language for language in catalogues if language != DEFAULT_LANGUAGE)
        self.languages: Final = (DEFAULT_LANGUAGE, *others)

    def language(self, *wishes: str | None) -> str:
        """The first of these wishes (`ko`, `en-US`) that there is a catalogue for, else English."""
        for wish in wishes:
            tag = (wish or "").replace("_", "-").lower()
            while tag:
                if tag in self._by_tag:
                    return self._by_tag[tag]
                tag = tag.rpartition("-")[0]
        return DEFAULT_LANGUAGE

    def accepted(self, accept_language: str | None) -> str:
        """The language that an Accept-Language header wants most of those that there are, else English."""
        return self.language(*wished_languages(accept_language))

    def own_name(self, language: str) -> str:
        """What a language calls itself."""
        name = Locale.parse(language, sep="-").get_display_name(language)
        return language if name is None else name[:1].upper() + name[1:]

    def has(self, code: str) -> bool:
        """Whether there is a message with this code."""
        return code in self._catalogues[DEFAULT_LANGUAGE].forms

    def messages(self, group: str) -> Iterator[tuple[str, Sequence[str]]]:
        """The messages whose codes begin so, with their forms in English, not filled in."""
        messages = self._catalogues[DEFAULT_LANGUAGE].forms.items()
        return ((code, forms) for code, forms in messages if code.startswith(group))

    def text(self, code: str, language: str, /, **parameters: object) -> str:
        """The sentence that a code and its parameters mean. Raises KeyError for a code or parameter that is missing."""
        catalogue = self._catalogues[language if language in self._catalogues else DEFAULT_LANGUAGE]
        if code not in catalogue.forms:
            catalogue = self._catalogues[DEFAULT_LANGUAGE]
        forms = catalogue.forms[code]
        count = parameters.get(COUNT, 0)
        return filled(forms[_form(catalogue, forms, count)], {name: shown(value) for name, value in parameters.items()})

    def forms(self, code: str, language: str) -> Mapping[str, str]:
        """The forms of a message by the plural categories of its language (`one`, `other`), not filled in."""
        locale = Locale.parse(language, sep="-")
        catalogue = self._catalogues[language]
        forms = catalogue.forms[code]
        examples = {locale.plural_form(count): count for count in reversed(range(_COUNTS_TRIED))}
        return {category: forms[_form(catalogue, forms, count)] for category, count in examples.items()}

    def _is_told(self, code: str, error: ToprungError) -> bool:
        """Whether an error has all that a message says; one that came from another process has its sentence only."""
        forms = self._catalogues[DEFAULT_LANGUAGE].forms[code]
        return all(name in error.parameters for form in forms for name in placeholders(form))

    def error(self, error: ToprungError, language: str, front: str = "") -> str:
        """What was refused and what to do: by the error's code, and its reason if it has one, else in its own words.

        What a front end says in its own way (`discord.error...`) goes before what all of them say.
        """
        code = f"error.{error.code}"
        exact = f"{code}.{error.reason}" if error.reason else code
        for key in (f"{front}.{exact}", f"{front}.{code}", exact, code):
            if self.has(key) and self._is_told(key, error):
                return self.text(key, language, **error.parameters)
        return str(error)


@cache
def load_texts() -> Texts:
    """The texts of all catalogues that come with the program."""
    return Texts(CataloguesFolder(CATALOGUES_FOLDER))


def _form(catalogue: Catalogue, forms: Sequence[str], count: object) -> int:
    """Which of a message's forms a count takes; what is no whole number takes the last one."""
    if len(forms) == 1:
        return 0
    if isinstance(count, float) and count.is_integer():
        count = int(count)
    return catalogue.form_of(count) if isinstance(count, int) else -1
