"""The language that a request is answered in."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

from toprung.interfaces.texts.texts import Texts
from toprung.interfaces.texts.wording import Wording

LANG: Final = "lang"
"""The parameter of a page's address that chooses its language."""
FRONT: Final = "site"

_QUERY_READ_BYTES_MAX: Final = 8_000
_QUERY_FIELDS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Speech:
    """How one request is spoken to. `chosen` is the language that the page's address names; it may be empty."""

    wording: Wording
    chosen: str = ""


class Speeches:
    """Speaks to requests: in the language that the address chooses, or the best one that the client accepts."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._wordings = {language: Wording(texts, language, FRONT) for language in texts.languages}

    def of(self, scope: Scope, *, is_chosen_by_address: bool = False) -> Speech:
        """How a request is spoken to."""
        chosen = _chosen(scope) if is_chosen_by_address else ""
        if chosen in self._wordings:
            return Speech(self._wordings[chosen], chosen)
        return Speech(self._wordings[self._texts.accepted(Headers(scope=scope).get("accept-language"))])


def _chosen(scope: Scope) -> str:
    query: bytes = scope.get("query_string", b"")
    try:
        fields = parse_qs(query[:_QUERY_READ_BYTES_MAX].decode("latin-1"), max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        return ""
    return fields.get(LANG, [""])[0]
