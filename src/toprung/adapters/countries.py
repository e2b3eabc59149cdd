"""Countries and their names in the viewer's language, from the Unicode CLDR data that comes with babel."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from babel import Locale

from toprung.domain.players.countries import OTHER, PREFER_NOT_TO_SAY, Countries
from toprung.domain.players.languages import wished_languages

DEFAULT_LOCALE: Final = "en"

# The languages that names are offered in, as BCP 47 tags. A closed list also bounds what is loaded and kept: the header
# that asks for a language comes from anyone.
LOCALES: Final = (
    *("en", "ko", "zh-Hans", "zh-Hant", "ja", "ru", "uk", "de", "fr", "es", "es-MX", "pt", "pt-PT", "it", "pl", "nl"),
    *("sv", "nb", "da", "fi", "cs", "sk", "hu", "ro", "bg", "hr", "sr", "sl", "lt", "lv", "et", "el", "tr", "ar", "he"),
    *("fa", "hi", "th", "vi", "id", "kk"),
)

# CLDR's two-letter territories that are no countries: groups, islands without an ISO code, and CLDR's own marks.
_NOT_COUNTRIES: Final = frozenset(
    {*("AC", "CP", "CQ", "DG", "EA", "EU", "EZ"), *("IC", "QO", "TA", "UN", "XA", "XB", "ZZ")}
)
_CODE: Final = re.compile(r"[A-Z]{2}")

_UNKNOWN: Final = None
_OWN_NAMES: Final[Mapping[str, Mapping[str | None, str]]] = {
    "en": {PREFER_NOT_TO_SAY: "Prefer not to say", OTHER: "Other", _UNKNOWN: "Unknown"},
    "ko": {PREFER_NOT_TO_SAY: "밝히지 않음", OTHER: "기타", _UNKNOWN: "알 수 없음"},
    "de": {PREFER_NOT_TO_SAY: "Keine Angabe", OTHER: "Andere", _UNKNOWN: "Unbekannt"},
    "fr": {PREFER_NOT_TO_SAY: "Non précisé", OTHER: "Autre", _UNKNOWN: "Inconnu"},
    "es": {PREFER_NOT_TO_SAY: "Prefiero no decirlo", OTHER: "Otro", _UNKNOWN: "Desconocido"},
    "pl": {PREFER_NOT_TO_SAY: "Wolę nie podawać", OTHER: "Inny", _UNKNOWN: "Nieznany"},
    "ru": {PREFER_NOT_TO_SAY: "Не указано", OTHER: "Другая", _UNKNOWN: "Неизвестно"},
    "zh-Hans": {PREFER_NOT_TO_SAY: "不愿透露", OTHER: "其他", _UNKNOWN: "未知"},
}

_LOCALES_BY_TAG: Final[Mapping[str, str]] = {locale.lower(): locale for locale in LOCALES} | {
    "zh": "zh-Hans",
    "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant",
    "zh-mo": "zh-Hant",
    "es-419": "es-MX",
    "no": "nb",
    "nn": "nb",
}


def country_codes() -> frozenset[str]:
    """The 249 codes of ISO 3166-1, Kosovo's XK, and our own XX and ZZ."""
    territories = Locale.parse(DEFAULT_LOCALE).territories
    countries = {code for code in map(str, territories) if _CODE.fullmatch(code)} - _NOT_COUNTRIES
    return frozenset(countries | {PREFER_NOT_TO_SAY, OTHER})


def load_countries(common: Sequence[str] = ()) -> Countries:
    """All countries, with the organiser's common ones. Raises `InvalidInput` naming a code that cannot be common."""
    return Countries(codes=country_codes(), common=tuple(common))


def best_locale(accept_language: str | None) -> str:
    """The locale of `LOCALES` that an Accept-Language header wants most, English if it wants none of them.

    Anything may be in the header: only its beginning is read, and what is malformed is passed over.
    """
    for tag in wished_languages(accept_language):
        found = _matched(tag)
        if found is not None:
            return found
    return DEFAULT_LOCALE


class CountryNames:
    """Names of countries by language. What is read of a language is kept, for the languages of `LOCALES` only."""

    def __init__(self) -> None:
        self._names: dict[str, Mapping[str, str]] = {}
        self._sorted: dict[str, tuple[tuple[str, str], ...]] = {}

    def name(self, code: str | None, locale: str = DEFAULT_LOCALE) -> str:
        """The country's name in a language, English if there is none in that one; the code itself if nothing has it."""
        language = _matched(locale) or DEFAULT_LOCALE
        if code is None or code in (PREFER_NOT_TO_SAY, OTHER):
            return _OWN_NAMES.get(language, _OWN_NAMES[DEFAULT_LOCALE])[code]
        return self._of(language).get(code, code)

    def sorted_names(self, locale: str = DEFAULT_LOCALE) -> tuple[tuple[str, str], ...]:
        """Every country as (code, name) in the order of the names; XX and ZZ, which are none, come last."""
        language = _matched(locale) or DEFAULT_LOCALE
        if language not in self._sorted:
            names = sorted(self._of(language).items(), key=lambda item: (_collation_key(item[1]), item[0]))
            ours = ((code, self.name(code, language)) for code in (PREFER_NOT_TO_SAY, OTHER))
            self._sorted[language] = (*names, *ours)
        return self._sorted[language]

    def best_locale(self, accept_language: str | None) -> str:
        """See `best_locale`."""
        return best_locale(accept_language)

    def _of(self, language: str) -> Mapping[str, str]:
        if language not in self._names:
            territories = Locale.parse(language, sep="-").territories
            codes = country_codes() - {PREFER_NOT_TO_SAY, OTHER}
            self._names[language] = {code: territories.get(code, code) for code in sorted(codes)}
        return self._names[language]


def _matched(tag: str) -> str | None:
    """The locale for a language tag: the longest beginning of it that is known."""
    wanted = tag.strip().replace("_", "-").lower()
    while wanted:
        if wanted in _LOCALES_BY_TAG:
            return _LOCALES_BY_TAG[wanted]
        wanted = wanted.rpartition("-")[0]
    return None


def _collation_key(name: str) -> str:
    """Good enough without a collation library: case and accents do not count, so that Åland stands under A."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
