"""Finding players by a part of their name."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

_SEPARATOR: Final = "\n"  # no name holds one


def folded(text: str) -> str:
    """The text as it is compared: without regard to case, width and composition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


class NameSearch:
    """All names in one text, so that looking for a part is one pass of the fastest search there is."""

    def __init__(self, names: Sequence[str]) -> None:
        parts = [folded(name).replace(_SEPARATOR, " ") for name in names]
        self._names = parts
        self._text = _SEPARATOR + _SEPARATOR.join(parts) + _SEPARATOR
        lengths = np.fromiter((len(part) + 1 for part in parts), np.int64, len(parts))
        self._starts = np.cumsum(lengths) - lengths + 1 if parts else np.zeros(0, np.int64)

    def find(self, text: str, limit: int, is_wanted: Callable[[int], bool] = lambda _: True) -> list[int]:
        """At most `limit` wanted indexes: of whole names first, then of names that begin so, then of others."""
        wanted = folded(text).strip().replace(_SEPARATOR, " ")
        if not wanted:
            return []
        found: dict[int, None] = {}
        for pattern in (_SEPARATOR + wanted + _SEPARATOR, _SEPARATOR + wanted, wanted):
            skip = 1 if pattern.startswith(_SEPARATOR) else 0
            place = self._text.find(pattern)
            while place >= 0 and len(found) < limit:
                index = int(self._starts.searchsorted(place + skip, "right")) - 1
                if is_wanted(index):
                    found.setdefault(index)
                place = self._text.find(pattern, place + 1)
        return list(found)
