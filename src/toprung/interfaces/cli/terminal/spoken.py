"""Commands whose help and usage errors are in the reader's language.

Typer knows its sentences, and those that stand beside the commands, in English. So does the catalogue: there a sentence
is known again, and said in another language. Whoever reads English waits for no catalogue.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from toprung.interfaces.cli.terminal.language import is_surely_english, retold, speak, words
from toprung.interfaces.cli.terminal.output import ERROR_STYLE, EXIT_REFUSED, say_text, stderr

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

F = TypeVar("F", bound=Callable[..., Any])

LANGUAGE_OPTION: Final = "--language"

_HELP: Final = "cli.help."
_USAGE: Final = "cli.usage."


class SpokenCommand(TyperCommand):
    """A command whose help is in the reader's language."""

    def format_usage(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Writes the line that says how to use it."""
        _write_usage(self, ctx, formatter)

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Prints the help."""
        if is_surely_english():
            super().format_help(ctx, formatter)
        else:
            _show_help(self, ctx)


class SpokenGroup(TyperGroup):
    """The same for a group of commands."""

    def format_usage(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Writes the line that says how to use it."""
        _write_usage(self, ctx, formatter)

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Prints the help."""
        if is_surely_english():
            super().format_help(ctx, formatter)
        else:
            _show_help(self, ctx)


class SpokenRoot(SpokenGroup):
    """The whole command line, which looks for its language before it looks for mistakes."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs a command and exits; see `TyperGroup.main`."""
        given = list(sys.argv[1:] if args is None else args)
        speak(named_language(given))
        if not standalone_mode or is_surely_english():
            return super().main(args, prog_name, complete_var, standalone_mode, windows_expand_args, **extra)
        try:
            code = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.TyperException as error:
            _show_usage_error(error)
            sys.exit(error.exit_code)
        except typer.Abort:
            say_text(stderr(), "cli.aborted", ERROR_STYLE)
            sys.exit(EXIT_REFUSED)
        sys.exit(code if isinstance(code, int) else 0)


class Commands(typer.Typer):
    """A group whose commands explain themselves in the reader's language."""

    def __init__(self, *, cls: type[TyperGroup] = SpokenGroup, **settings: Any) -> None:
        super().__init__(cls=cls, no_args_is_help=True, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """See `Typer.command`."""
        return super().command(name, cls=SpokenCommand, **settings)


def named_language(arguments: Sequence[str]) -> str | None:
    """The language that is named before the command, as the parser will find it if there is nothing to complain of."""
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == LANGUAGE_OPTION:
            return value if equals else next(iter(arguments[place + 1 :]), None)
        if not argument.startswith("-"):
            return None
    return None


def _write_usage(command: "Command", ctx: "Context", formatter: "HelpFormatter") -> None:
    prefix = "Usage:" if is_surely_english() else words("cli.usage.prefix")
    formatter.write_usage(ctx.command_path, " ".join(command.collect_usage_pieces(ctx)), prefix=f"{prefix} ")


def _show_help(command: Any, ctx: "Context") -> None:
    """Typer's help of a copy of the command, which has its texts in the language."""
    shown = _with_help(command)
    shown.params = [_parameter(one) for one in command.get_params(ctx)]
    shown.add_help_option = False  # it is among them
    if isinstance(command, TyperGroup):
        shown.commands = {name: _with_help(one) for name, one in command.commands.items()}
    from typer import rich_utils  # here, since it loads what only help needs

    with _titles():
        rich_utils.rich_format_help(obj=shown, ctx=ctx, markup_mode=command.rich_markup_mode)


def _show_usage_error(error: typer.TyperException) -> None:
    from typer import rich_utils

    sentence = error.format_message()
    if not sentence:  # where a command is missing its help was the answer
        return
    shown = typer.TyperException(retold(sentence, _USAGE))
    shown.ctx = getattr(error, "ctx", None)  # type: ignore[attr-defined]  # what Typer looks for
    with _titles():
        rich_utils.rich_format_error(shown)  # type: ignore[arg-type]  # of which it uses no more than there is


def _with_help(command: Any) -> Any:
    shown = copy(command)
    shown.help = _retold_help(command.help)
    shown.short_help = _retold_help(command.short_help)
    return shown


def _parameter(parameter: Any) -> Any:
    shown = copy(parameter)
    shown.help = _retold_help(parameter.help)
    panel = parameter.rich_help_panel
    shown.rich_help_panel = None if panel is None else retold(panel, _HELP)
    return shown


def _retold_help(text: str | None) -> str | None:
    """A help text, each of whose paragraphs is a text of the catalogue."""
    if not text:
        return text
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(retold(" ".join(one.split()), _HELP) for one in paragraphs)


def _unabridged(make: Callable[..., Any]) -> Callable[..., Any]:
    """Makes texts that are folded and never cut.

    Rich counts a wide letter once where it takes the space off a line's end, and would cut off a letter as well.
    """

    def made(**settings: Any) -> Any:
        text = make(**settings)
        text.overflow = "fold"
        return text

    return made


@contextmanager
def _titles() -> Iterator[None]:
    """Gives Typer its own words in the language, for as long as it prints."""
    from typer import rich_utils

    command, option = "[blue]{command_path}", "{help_option}[/]"
    spoken: dict[str, object] = {
        "ARGUMENTS_PANEL_TITLE": words("cli.usage.arguments"),
        "OPTIONS_PANEL_TITLE": words("cli.usage.options"),
        "COMMANDS_PANEL_TITLE": words("cli.usage.commands"),
        "ERRORS_PANEL_TITLE": words("cli.usage.error"),
        "DEFAULT_STRING": words("cli.usage.default", value="{}"),
        "REQUIRED_LONG_STRING": words("cli.usage.required"),
        "RICH_HELP": words("cli.usage.try", command=command, option=option),
        "_make_rich_text": _unabridged(rich_utils._make_rich_text),
    }
    before = {name: getattr(rich_utils, name) for name in spoken}
    try:
        for name, title in spoken.items():
            setattr(rich_utils, name, title)
        yield
    finally:
        for name, title in before.items():
            setattr(rich_utils, name, title)
