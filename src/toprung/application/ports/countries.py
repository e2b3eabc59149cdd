"""What the application needs of the world's languages."""

from collections.abc import Sequence
from typing import Protocol


class CountryNames(Protocol):
    """Countries in the viewer's language. A locale is a code such as `en` or `ko`."""

    def name(self, code: str | None, locale: str) -> str:
        """The country's name; None is "unknown"."""
        ...

    def sorted_names(self, locale: str) -> Sequence[tuple[str, str]]:
        """Every country as (code, name), in the language's order."""
        ...

    def best_locale(self, accept_language: str | None) -> str:
        """The best locale for a browser's Accept-Language header."""
        ...
