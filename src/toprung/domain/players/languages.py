"""The languages that somebody reads, as an Accept-Language header says it."""

import re
from typing import Final

_HEADER_MAX_CHARACTERS: Final = 1000
_HEADER_MAX_TAGS: Final = 20
_QUALITY: Final = re.compile(r"[qQ]\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def wished_languages(accept_language: str | None) -> tuple[str, ...]:
    """The tags of an Accept-Language header, the most wanted one first, without those that are refused.

    Anything may be in the header: only its beginning is read, and what is malformed is passed over.
    """
    wishes: list[tuple[float, int, str]] = []
    parts = (accept_language or "")[:_HEADER_MAX_CHARACTERS].split(",")[:_HEADER_MAX_TAGS]
    for position, part in enumerate(parts):
        tag, _, parameter = part.partition(";")
        quality = _QUALITY.fullmatch(parameter.strip()) if parameter else None
        if parameter and quality is None:
            continue
        weight = float(quality[1]) if quality else 1.0
        if weight > 0:
            wishes.append((-weight, position, tag.strip()))
    return tuple(tag for _, _, tag in sorted(wishes))
