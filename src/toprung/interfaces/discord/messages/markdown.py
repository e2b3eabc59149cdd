"""Text from players in Discord's markdown, where it can neither format, link, mention nor break out of its place."""

import re
from typing import Final
from unicodedata import bidirectional

from wcwidth import wcswidth, wcwidth

_MEANINGFUL: Final = re.compile(r"([\\`*_~|<>@#&:/\[\]().+-])")
_BACKTICK_LOOKALIKE: Final = "\N{MODIFIER LETTER GRAVE ACCENT}"
_ISOLATE: Final = "\N{FIRST STRONG ISOLATE}"
_END_OF_ISOLATE: Final = "\N{POP DIRECTIONAL ISOLATE}"
ELLIPSIS: Final = "…"


class Markdown(str):
    """Text that is markdown already and is not escaped again."""

    __slots__ = ()


def escaped(text: str) -> Markdown:
    """The text as Discord shows it letter by letter: a backslash before every mark that could mean something.

    That also takes apart mentions, links, custom emoji and timestamps, which all begin or go on with such a mark. Text
    that is written from right to left stands between isolates, so that it does not turn round what stands beside it.
    """
    return Markdown(_isolated(_MEANINGFUL.sub(r"\\\1", _one_line(text))))


def in_code(text: str, width: int | None = None) -> str:
    """The text for the inside of a code span, in exactly `width` cells of a terminal if that is given.

    Nothing is escaped there, so a backtick becomes a letter that looks like one. Wide characters count for two cells.
    """
    shown = _one_line(text).replace("`", _BACKTICK_LOOKALIKE)
    if width is not None:
        shown = fitted(shown, width)
    return _isolated(shown)


def cells(text: str) -> int:
    """How many cells of a terminal the text is wide."""
    return max(wcswidth(text), 0)


def fitted(text: str, width: int) -> str:
    """The text in exactly `width` cells: cut with an ellipsis, or filled up with spaces."""
    if cells(text) > width:
        kept, used = "", 0
        for char in text:
            used += max(wcwidth(char), 0)
            if used > width - 1:
                break
            kept += char
        text = kept + ELLIPSIS
    return text + " " * (width - cells(text))


def length(text: str) -> int:
    """How long Discord may take a text to be, at the most: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def clipped(text: str, limit: int) -> str:
    """The text in at most `limit` units, cut at the end of a line, or else of a character that no backslash opens."""
    if length(text) <= limit:
        return text
    kept = text.encode("utf-16-le")[: 2 * max(limit - 1, 0)].decode("utf-16-le", "ignore")
    lines = kept.rpartition("\n")[0]
    if lines:
        return lines
    while kept.endswith("\\"):
        kept = kept[:-1]
    return (kept + ELLIPSIS) if limit > 0 else ""


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _isolated(text: str) -> str:
    if any(bidirectional(char) in ("R", "AL") for char in text):
        return f"{_ISOLATE}{text}{_END_OF_ISOLATE}"
    return text
