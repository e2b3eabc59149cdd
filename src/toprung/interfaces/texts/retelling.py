"""Sentences that come in English from elsewhere, said in the reader's language."""

import re
from collections.abc import Iterable
from typing import Final

from toprung.interfaces.texts.texts import COUNT, DEFAULT_LANGUAGE, Texts

SAID: Final = "said"
"""The parameter that is such a sentence itself, or a part of one."""

_PLACEHOLDER: Final = re.compile(r"\\\{([a-z_0-9]+)\\\}")
_ONE_SENTENCE: Final = r"(?:(?!\. ).)+?"
_ANYTHING: Final = ".+?"
_LETTER: Final = re.compile(r"[A-Za-z]")


class Retelling:
    """Knows such sentences again by the form that they have among the messages of some groups (`cli.usage.`).

    Where several forms fit, the one with the most letters of its own is meant. What none fits stays as it is.
    """

    def __init__(self, texts: Texts, *groups: str) -> None:
        self._texts = texts
        forms = [(form, code) for group in groups for code, forms in texts.messages(group) for form in forms]
        self._codes = {form: code for form, code in forms if "{" not in form}
        open_forms = [pair for pair in forms if "{" in pair[0]]
        open_forms.sort(key=lambda pair: -len(_LETTER.findall(re.sub(r"\{[a-z_0-9]+\}", "", pair[0]))))
        self._strict = [(_pattern(form, inside=_ONE_SENTENCE), code) for form, code in open_forms]
        self._loose = [(_pattern(form, inside=_ANYTHING), code) for form, code in open_forms]

    def retold(self, sentence: str, language: str) -> str:
        """The sentence in a language."""
        if language == DEFAULT_LANGUAGE:
            return sentence
        found = self._known(sentence, language)
        return sentence if found is None else found

    def _known(self, sentence: str, language: str) -> str | None:
        """What is known of a sentence, or of several; a text with a full stop in it is thought of last."""
        if sentence in self._codes:
            return self._texts.text(self._codes[sentence], language)
        found = self._by_form(self._strict, sentence, language)
        first, end, rest = sentence.partition(". ")
        if found is None and end:
            one, others = self._known(f"{first}.", language), self._known(rest, language)
            found = None if one is None or others is None else f"{one} {others}"
        return self._by_form(self._loose, sentence, language) if found is None else found

    def _by_form(self, patterns: Iterable[tuple[re.Pattern[str], str]], sentence: str, language: str) -> str | None:
        for pattern, code in patterns:
            found = pattern.fullmatch(sentence)
            if found is not None:
                parameters: dict[str, object] = dict(found.groupdict())
                if SAID in parameters:
                    parameters[SAID] = self.retold(found[SAID], language)
                count = str(parameters.get(COUNT, "")).replace(",", "")
                if count.isdecimal():
                    parameters[COUNT] = int(count)
                return self._texts.text(code, language, **parameters)
        return None


def _pattern(form: str, *, inside: str) -> re.Pattern[str]:
    """What a form looks like once its placeholders are filled in, which come back as groups."""
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>{_ANYTHING if name == SAID else inside})"

    return re.compile(_PLACEHOLDER.sub(group, re.escape(form)), re.DOTALL)
