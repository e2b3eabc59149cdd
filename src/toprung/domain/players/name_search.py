"""Finding players by their name or a part of it: who is meant by a text, the closest first."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

_SEPARATOR: Final = "\n"  # no name holds one

# Marks of Latin, Greek and Cyrillic letters only, since those of other scripts make another letter, as Japanese ones
# do; and what people type for an apostrophe, an acute accent that stands alone among it, as folding leaves it.
_ASIDE: Final = re.compile(
    " \u0301|[\u0300-\u036f'`\u02b9\u02bb-\u02bf\u02c8\u02ca\u02cb\u2018\u2019\u201a\u201b\u2032\u2035]"
)
# Letters that Unicode does not take apart.
_PLAIN: Final = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}


def folded(text: str) -> str:
    """The text as it is compared: without regard to case, width and composition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def bare(text: str) -> str:
    """A folded text without accents and apostrophes."""
    plain = _ASIDE.sub("", unicodedata.normalize("NFD", text))
    for letter, other in _PLAIN.items():
        plain = plain.replace(letter, other)
    return unicodedata.normalize("NFKC", plain)


class NameSearch:
    """All names in one text, so that looking for a part is one pass of the fastest search there is.

    How close a name is to what is looked for: called exactly so; so but for case, width and composition; so but for
    accents and apostrophes too; holding it, those that begin with it first.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        parts = [folded(name).replace(_SEPARATOR, " ") for name in names]
        self._folded = _Names(parts, range(len(parts)))
        plain = {index: bare(part) for index, part in enumerate(parts) if _may_differ(part)}
        differing = [index for index, part in plain.items() if part != parts[index]]
        self._bare = _Names([plain[index] for index in differing], differing)  # the others are as they are folded

    def find(self, text: str, limit: int, is_wanted: Callable[[int], bool] = lambda _: True) -> list[int]:
        """At most `limit` wanted indexes, the closest first."""
        found: dict[int, None] = {}
        for kind in self._kinds(text, is_wanted):
            for index in kind:
                if len(found) == limit:
                    return list(found)
                found.setdefault(index)
        return list(found)

    def closest(self, text: str, limit: int, is_wanted: Callable[[int], bool] = lambda _: True) -> list[int]:
        """At most `limit` wanted indexes of those that are the closest, and none that are less close."""
        for kind in self._kinds(text, is_wanted):
            found: dict[int, None] = {}
            for index in kind:
                if len(found) == limit:
                    break
                found.setdefault(index)
            if found:
                return list(found)
        return []

    def _kinds(self, text: str, is_wanted: Callable[[int], bool]) -> Iterator[Iterator[int]]:
        """The wanted indexes of each degree of closeness; a later one may hold those of an earlier one again."""
        exact = unicodedata.normalize("NFC", text).strip()
        wanted = folded(text).strip().replace(_SEPARATOR, " ")
        plain = bare(wanted).strip()
        yield (index for index in self._folded.whole(wanted) if self._names[index] == exact and is_wanted(index))
        yield filter(is_wanted, self._folded.whole(wanted))
        yield filter(is_wanted, sorted({*self._folded.whole(plain), *self._bare.whole(plain)}))
        yield filter(is_wanted, self._parts(wanted, plain))

    def _parts(self, wanted: str, plain: str) -> Iterator[int]:
        for names, text in ((self._folded, wanted), (self._folded, plain), (self._bare, plain)):
            yield from names.beginning(text)
            yield from names.holding(text)


def _may_differ(part: str) -> bool:
    return not part.isascii() or "'" in part or "`" in part


class _Names:
    """Names in one text, a line each, with the index of each."""

    def __init__(self, parts: Sequence[str], indexes: Sequence[int]) -> None:
        self._indexes = indexes
        self._text = _SEPARATOR + _SEPARATOR.join(parts) + _SEPARATOR
        lengths = np.fromiter((len(part) + 1 for part in parts), np.int64, len(parts))
        self._starts: npt.NDArray[np.int64] = np.cumsum(lengths) - lengths + 1 if parts else np.zeros(0, np.int64)

    def whole(self, text: str) -> Iterator[int]:
        """The indexes of the names that are this text, in order; none for an empty one, as for the others."""
        return self._found(text, _SEPARATOR + text + _SEPARATOR, 1)

    def beginning(self, text: str) -> Iterator[int]:
        """Those that begin with it."""
        return self._found(text, _SEPARATOR + text, 1)

    def holding(self, text: str) -> Iterator[int]:
        """Those that hold it, perhaps several times."""
        return self._found(text, text, 0)

    def _found(self, text: str, pattern: str, skip: int) -> Iterator[int]:
        place = self._text.find(pattern) if text else -1
        while place >= 0:
            yield self._indexes[int(self._starts.searchsorted(place + skip, "right")) - 1]
            place = self._text.find(pattern, place + 1)
