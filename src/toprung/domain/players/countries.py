"""Countries as players state them and as filters name them. Names and translations are not kept here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from toprung.domain.errors import InvalidInput

PREFER_NOT_TO_SAY: Final = "XX"
OTHER: Final = "ZZ"
COMMON_MAX: Final = 49  # two Discord selects of 25, less the place that "other" takes

_WHITE_FLAG: Final = "\N{WAVING WHITE FLAG}\N{VARIATION SELECTOR-16}"
_REGIONAL_INDICATOR_A: Final = 0x1F1E6

# Codes that people type for a country which has another one.
_MISTAKEN: Final = {"UK": "GB", "EN": "GB", "EL": "GR", "JAP": "JP", "KOR": "KR", "ROK": "KR", "KO": "KR"}


class UnknownCountry(InvalidInput):
    """There is no country with this code; the sentence suggests one that was perhaps meant."""

    code = "unknown_country"

    def __init__(self, text: str, suggestions: tuple[str, ...]) -> None:
        shown = ascii(text if len(text) <= 20 else text[:20] + "...")
        if suggestions:
            sentence = (
                "{country} is not a country code; did you mean {meant}? "
                "Otherwise use two letters of ISO 3166-1, such as KR or US."
            )
            super().__init__("country", sentence, "meant", country=shown, meant=" or ".join(suggestions))
        else:
            sentence = "{country} is not a country code; use two letters of ISO 3166-1, such as KR or US."
            super().__init__("country", sentence, "code", country=shown)
        self.suggestions = suggestions


@dataclass(frozen=True, slots=True, kw_only=True)
class Countries:
    """The codes that exist and, in the organiser's order, the common ones, which are chosen first.

    Raises `InvalidInput` naming the code if a common one does not exist, is there twice, is ZZ, or is one too many.
    """

    codes: frozenset[str]
    common: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.common) > COMMON_MAX:
            excess = self.common[COMMON_MAX]
            raise InvalidInput(
                "common_countries",
                "At most {most} countries can be common; {country} is one too many.",
                "common_most",
                most=str(COMMON_MAX),
                country=excess,
            )
        for index, code in enumerate(self.common):
            if code == OTHER or code not in self.codes:
                if code == OTHER:
                    sentence = "{country} stands for all that are not common, so it cannot be a common country."
                    raise InvalidInput("common_countries", sentence, "common_other", country=ascii(code))
                sentence = "{country} is not a country code, so it cannot be a common country."
                raise InvalidInput("common_countries", sentence, "common_unknown", country=ascii(code))
            if code in self.common[:index]:
                raise InvalidInput(
                    "common_countries",
                    "{country} is there twice among the common countries.",
                    "common_twice",
                    country=code,
                )

    def parse(self, text: str) -> str:
        """The code that the text means, in any case. Raises `UnknownCountry`."""
        code = text.strip().upper()
        if code not in self.codes:
            raise UnknownCountry(text, self._suggestions(code))
        return code

    def expand(self, selection: Iterable[str | None]) -> frozenset[str | None] | None:
        """The countries that a filter lets through, None standing for "unknown"; without a selection no filter (None).

        A code stands for itself, except ZZ, which stands for every country that is not common and always for XX, ZZ and
        unknown. Raises `UnknownCountry`.
        """
        chosen = {None if text is None else self.parse(text) for text in selection}
        if not chosen:
            return None
        if OTHER not in chosen:
            return frozenset(chosen)
        return frozenset(chosen | (self.codes - set(self.common)) | {PREFER_NOT_TO_SAY, OTHER, None})

    def _suggestions(self, code: str) -> tuple[str, ...]:
        guesses = [_MISTAKEN.get(code, ""), code[::-1] if len(code) == 2 else ""]
        if len(code) == 3:  # often ISO's other code, which keeps two of its letters: POL is PL, DEU is DE
            guesses += [code[:2], code[0] + code[2]]
        known = dict.fromkeys(guess for guess in guesses if guess in self.codes)
        return tuple(known)


def flag_emoji(code: str | None) -> str:
    """The country's flag as an emoji; a white flag for one that is unknown, unsaid or "other"."""
    if code is None or code in (PREFER_NOT_TO_SAY, OTHER) or len(code) != 2 or not (code.isascii() and code.isalpha()):
        return _WHITE_FLAG
    return "".join(chr(_REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in code.upper())
