"""Speaking to a person at a terminal: where lines go, how errors look, and what a hostile text may do: nothing."""

import asyncio
import io
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from toprung.domain.errors import ToprungError
from toprung.interfaces.cli.terminal.language import parts, retold, wording, words

if TYPE_CHECKING:  # the module loads Polars, which `toprung --help` should not wait for
    from toprung.application.transfer.table_file import ImportRefused

T = TypeVar("T")

EXIT_REFUSED: Final = 1
EXIT_INTERRUPTED: Final = 130

YES: Final = frozenset({"y", "yes", "예", "네"})
NO: Final = frozenset({"n", "no", "아니요", "아니오"})
"""What `confirmed` takes, whatever the language is: a script that answers y is understood everywhere."""

ERROR_STYLE: Final = "red"
ADVICE_STYLE: Final = "dim"

PARTS_IN_ENGLISH: Final = frozenset({"problem", "state"})
PART_GROUPS: Final = ("problem.", "cli.state.")
"""Which parameters of a refusal are texts themselves, and where those are."""

PROBLEM_GROUPS: Final = ("problem.", "error.")
"""Where the reasons are by which a line of a file is refused: of files, and of the values in them."""


def stdout() -> Console:
    """The console for what was asked for. Made for each command, so that it follows a stream that was put in place."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Unicode shows names badly, but shows them
    return Console(highlight=False, markup=False, emoji=False)


def stderr() -> Console:
    """The console for errors and progress, which keeps what a program reads free of them."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def printable(text: str) -> str:
    """The text with whatever could move the cursor, colour the line or hide something written out as its code."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def line(*parts: str | tuple[str, str]) -> Text:
    """One line for a console, made of texts or of (text, style); nothing in it is taken for markup."""
    made = Text(no_wrap=True)
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        made.append(printable(text), style)
    return made


def say(console: Console, *parts: str | tuple[str, str]) -> None:
    """Prints one line as it is, however long: a terminal wraps it, and a copied path or address stays whole."""
    console.print(line(*parts), soft_wrap=True)


def say_text(console: Console, code: str, style: str = "", /, **parameters: object) -> None:
    """Prints a text of the catalogue as one line; a parameter that is (text, style) stands out."""
    say(console, *parts(code, style, **parameters))


def padded(text: str, cells: int, *, to_the_right: bool = False) -> str:
    """A text with the spaces that it takes to be so many cells wide: a letter of Korean is two."""
    spaces = " " * max(0, cells - cell_len(text))
    return spaces + text if to_the_right else text + spaces


def confirmed(question: str) -> bool:
    """Asks on standard error, and waits for a yes or a no; nothing but Enter is a no. Raises `Abort` at the end."""
    while True:
        answer = typer.prompt(f"{question} [y/N]", default="", show_default=False, err=True).strip().casefold()
        if answer in YES:
            return True
        if not answer or answer in NO:
            return False
        say_text(stderr(), "cli.answer_unknown")


def say_next(cursor: str | None, *, to_programs: bool = False) -> None:
    """Says how a list goes on, if it does: to whoever sits at a terminal, and to programs whose JSON cannot say it."""
    if cursor is not None and (to_programs or stderr().is_terminal):
        say_text(stderr(), "cli.more", cursor=cursor)


def print_bytes(data: bytes) -> None:
    """Writes what a program will read to standard output, in UTF-8 whatever the terminal's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def print_json(value: object) -> None:
    """Writes a value as JSON for a program to read."""
    print_bytes(json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n")


@contextmanager
def reporting() -> Iterator[None]:
    """Ends the command that runs inside: a refusal as one line and exit code 1, Ctrl-C and a closed pipe quietly."""
    try:
        yield
    except ToprungError as error:
        _show_error(error)
        raise typer.Exit(EXIT_REFUSED) from None
    except typer.Abort:
        say_text(stderr(), "cli.aborted", ERROR_STYLE)
        raise typer.Exit(EXIT_REFUSED) from None
    except KeyboardInterrupt:
        end_echoed_line()
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read this has seen enough (`| head`). What is still buffered must not fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(EXIT_REFUSED) from None


def end_echoed_line() -> None:
    """Begins a new line on a terminal, which has just shown `^C`, so that the shell's prompt stands where it should."""
    console = stderr()
    if console.is_terminal:
        console.print()


def run(work: Coroutine[Any, Any, T]) -> T:
    """What a command's coroutine gives; Ctrl-C cancels it and is raised once it has ended."""
    return asyncio.run(work)


@contextmanager
def progress_bar(label: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Gives what is told how many of how many are done, and shows that on stderr if that is a terminal.

    Whatever ends the block, the bar is gone and the cursor is back. What is printed meanwhile goes where it would go.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = stderr()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeElapsedColumn(),
    )
    progress_shown = Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False
    )
    with progress_shown as progress:
        task = progress.add_task(printable(label), total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield tell


def _show_error(error: ToprungError) -> None:
    console = stderr()
    if error.code == "import_refused":
        from toprung.application.transfer.table_file import ImportRefused  # loaded already by whoever raised it

        if isinstance(error, ImportRefused):
            _show_problems(console, error)
    error.parameters = {name: _retold_reason(name, value) for name, value in error.parameters.items()}
    say(console, (f"toprung: {wording().error(error)}", ERROR_STYLE))


def _retold_reason(name: str, value: object) -> object:
    """A parameter of a refusal; a part of the sentence that came in English is said in the language."""
    return retold(value, *PART_GROUPS) if name in PARTS_IN_ENGLISH and isinstance(value, str) else value


def _show_problems(console: Console, error: "ImportRefused") -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(words("cli.problem.heading_line"), justify="right", no_wrap=True)
    table.add_column(words("cli.problem.heading_column"), no_wrap=True)
    table.add_column(words("cli.problem.heading_reason"), overflow="fold")
    for problem in error.problems:
        reason = retold(problem.reason, *PROBLEM_GROUPS)
        table.add_row(Text(str(problem.line)), Text(printable(problem.column)), Text(printable(reason)))
    console.print(table)
    unlisted = error.problem_count - len(error.problems)
    if unlisted > 0:
        say_text(console, "cli.problem.unlisted", ADVICE_STYLE, count=unlisted)
