"""A table in a CSV file, and what is wrong with one."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from toprung.domain.errors import ToprungError

PROBLEMS_LISTED_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one line of a file, the header being line 1."""

    line: int
    column: str
    reason: str


_REFUSED: Final = "Nothing was imported: the file has {problems} problems. Mend the lines listed and try again."
_REFUSED_ONE: Final = "Nothing was imported: the file has {problems} problem. Mend the lines listed and try again."


class ImportRefused(ToprungError):
    """A file has lines that cannot be taken, and so nothing of it was. `problems` lists them, up to a limit."""

    code: ClassVar[str] = "import_refused"

    def __init__(self, problems: Sequence[Problem], *, listed_max: int = PROBLEMS_LISTED_MAX) -> None:
        super().__init__(
            _REFUSED_ONE if len(problems) == 1 else _REFUSED, problems=str(len(problems)), count=len(problems)
        )
        self.problems = tuple(problems[:listed_max])
        self.problem_count = len(problems)


def read_table(
    text: str, required: Sequence[str], optional: Sequence[str] = (), problems: list[Problem] | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a CSV text as (line number, column -> text).

    Raises `ImportRefused` for a wrong header, under which no line means anything. A line of another shape is added to
    `problems`; without such a list it raises, too.
    """
    misshapen: list[Problem] = [] if problems is None else problems
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    line = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        wrong = [
            Problem(line=1, column=name, reason="the column is missing") for name in required if name not in header
        ]
        for name in sorted(set(header)):
            if name not in (*required, *optional):
                wrong.append(
                    Problem(
                        line=1,
                        column=name,
                        reason=f"unknown column; the columns are {','.join((*required, *optional))}",
                    )
                )
            elif header.count(name) > 1:
                wrong.append(Problem(line=1, column=name, reason="the column stands there twice"))
        if wrong:
            raise ImportRefused(wrong)
        line = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(header):
                reason = f"{len(cells)} cells where the header has {len(header)}"
                misshapen.append(Problem(line=line, column="", reason=reason))
            elif cells:
                yield line, dict(zip(header, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        misshapen.append(Problem(line=line, column="", reason=f"not CSV from here on: {error}"))
    if misshapen and problems is None:
        raise ImportRefused(misshapen)
