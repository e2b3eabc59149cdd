"""Who is at the terminal, and why they do something."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # the module loads Polars, which `toprung --help` should not wait for
    from toprung.application.writing.audit import Attribution

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the audit keeps it.")]


def terminal_actor() -> str:
    """Who acts, for the audit. A process may run as a user without a name, as in a container."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


def attributed(reason: str) -> "Attribution":
    """Whoever is at the terminal, with the reason that was given, if any."""
    from toprung.application.writing.audit import Attribution

    return Attribution(actor=terminal_actor(), reason=reason)
