"""Plain tables and lists of facts."""

from collections.abc import Collection, Mapping
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import padded, say


def plain_table(*headings: str, to_the_right: Collection[str] = ()) -> Table:
    """A table whose headings are texts of the catalogue; the columns of some stand to the right."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading in to_the_right else "left"
        table.add_column(words(heading), justify=justify, no_wrap=True, header_style="dim")
    return table


def show_facts(console: Console, facts: Mapping[str, str]) -> None:
    """Prints facts, each after its name, which is a text of the catalogue."""
    names = {code: words(code) for code in facts}
    cells = max(map(cell_len, names.values()))
    for code, fact in facts.items():
        say(console, (f"{padded(names[code], cells)}  ", "dim"), fact)
