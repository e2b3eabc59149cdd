"""Sentences that come in English from elsewhere, said in the reader's language."""

import re
from collections.abc import Iterator
from typing import Final

from toprung.interfaces.texts.texts import COUNT, DEFAULT_LANGUAGE, Texts

SAID: Final = "said"
"""The parameter that is such a sentence itself, or a part of one."""

_PLACEHOLDER: Final = re.compile(r"\\\{([a-z_0-9]+)\\\}")
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
        self._patterns = [(_pattern(form), code) for form, code in open_forms]

    def retold(self, sentence: str, language: str) -> str:
        """The sentence in a language."""
        if language == DEFAULT_LANGUAGE:
            return sentence
        if sentence in self._codes:
            return self._texts.text(self._codes[sentence], language)
        found = next(self._by_form(sentence, language), None)
        if found is not None:
            return found
        first, end, rest = sentence.partition(". ")
        return f"{self.retold(f'{first}.', language)} {self.retold(rest, language)}" if end else sentence

    def _by_form(self, sentence: str, language: str) -> Iterator[str]:
        for pattern, code in self._patterns:
            found = pattern.fullmatch(sentence)
            if found is not None:
                parameters: dict[str, object] = dict(found.groupdict())
                if SAID in parameters:
                    parameters[SAID] = self.retold(found[SAID], language)
                count = str(parameters.get(COUNT, "")).replace(",", "")
                if count.isdecimal():
                    parameters[COUNT] = int(count)
                yield self._texts.text(code, language, **parameters)


def _pattern(form: str) -> re.Pattern[str]:
    """What a form looks like once its placeholders are filled in, which come back as groups.

    Nothing that is filled in goes on into the next sentence, but for what is made of sentences.
    """
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        again = name in seen
        seen.add(name)
        inside = ".+?" if name == SAID else r"(?:(?!\. ).)+?"
        return f"(?P={name})" if again else f"(?P<{name}>{inside})"

    return re.compile(_PLACEHOLDER.sub(group, re.escape(form)), re.DOTALL)
