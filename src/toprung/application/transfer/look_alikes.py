"""Names that look alike: whether they are one person is a question, and only people can answer it."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from toprung.application.transfer.table_file import Problem

LISTED_MAX: Final = 5
"""How many other spellings a line is told of."""

ASKED: Final = "if it is one person, spell the name alike; if not, give one of them another name"


class Spelling(NamedTuple):
    """A name as a line of a file has it, with what it counts as, and where that is."""

    name: str
    name_key: str
    line: int
    column: str


def look_alikes(spellings: Iterable[Spelling]) -> Iterator[Problem]:
    """A question for each spelling among several that count as one name, at its first line, with the others' lines."""
    by_key: dict[str, dict[str, Spelling]] = {}
    for spelling in spellings:
        by_key.setdefault(spelling.name_key, {}).setdefault(spelling.name, spelling)
    for found in by_key.values():
        for mine in found.values() if len(found) > 1 else ():
            others = [one for one in found.values() if one is not mine]
            told = ", ".join(f"{one.name!r} on line {one.line}" for one in others[:LISTED_MAX])
            more = f" and {len(others) - LISTED_MAX} more" if len(others) > LISTED_MAX else ""
            yield Problem(line=mine.line, column=mine.column, reason=f"{mine.name!r} looks like {told}{more}: {ASKED}")
