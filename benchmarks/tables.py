"""Numbers and tables as Markdown."""

from collections.abc import Sequence


def figure(number: float) -> str:
    """A number to three figures, with commas in a large one."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def times(number: float) -> str:
    """A ratio."""
    return f"{figure(number)}×"


def size_name(size: str) -> str:
    """1000 as 1k, 1000000 as 1M."""
    number = int(size)
    if number % 1_000_000 == 0:
        return f"{number // 1_000_000}M"
    return f"{number // 1_000}k" if number % 1_000 == 0 else str(number)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table: the first column to the left, the others to the right."""
    lines = [_line(head), _line(["---", *["--:"] * (len(head) - 1)]), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def prose_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of words: every column to the left."""
    return "\n".join([_line(head), _line(["---"] * len(head)), *map(_line, rows)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
