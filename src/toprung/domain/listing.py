"""Lists that are read a page at a time, and the cursor by which the next page is asked for.

A cursor names the last row of a page by its key. What is added meanwhile stands before the first page, so that whoever
follows the cursors sees every row once that was there at the start.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from toprung.domain.errors import InvalidInput

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LISTED_MAX: Final = 200
"""So many rows a page has at most."""

CURSOR_MAX_CHARACTERS: Final = 40
_KEY_MAX: Final = 2**63 - 1


class ListName(StrEnum):
    """The lists that have cursors. A cursor of one means nothing in another."""

    MATCHES = "m"
    UPLOADS = "u"
    JOBS = "j"
    AUDIT = "a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T_co]):
    """Some rows of a list, the newest first. `next` is the cursor of the page that follows; None after the last one."""

    rows: tuple[T_co, ...]
    next: str | None


def page_of(found: Sequence[T], limit: int, name: ListName, key: Callable[[T], int]) -> Page[T]:
    """The page of at most `limit` rows; `found` has one row more where another page follows."""
    rows = tuple(found[:limit])
    return Page(rows=rows, next=cursor_of(name, key(rows[-1])) if 0 < len(rows) < len(found) else None)


def cursor_of(name: ListName, key: int) -> str:
    """The cursor of the page that follows the row with this key."""
    return urlsafe_b64encode(f"{name.value}{key}".encode()).decode().rstrip("=")


def key_of(name: ListName, cursor: str | None) -> int | None:
    """The key that a cursor of this list names; None for none. Raises `InvalidInput` for what is no cursor of it."""
    if cursor is None:
        return None
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        text = urlsafe_b64decode(padded.encode("ascii")).decode("ascii") if len(cursor) <= CURSOR_MAX_CHARACTERS else ""
    except (Error, UnicodeError):
        text = ""
    number = text.removeprefix(name.value)
    key = int(number) if number.isdecimal() else 0
    if not 0 < key <= _KEY_MAX or cursor_of(name, key) != cursor:
        raise InvalidInput(
            "cursor",
            "This is no cursor of this list. Use the one that the page before came with, or none to begin.",
            "cursor",
        )
    return key
