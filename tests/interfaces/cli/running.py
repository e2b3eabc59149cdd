"""Running a command as a user would, without a process of its own."""

import json
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from tests.interfaces.cli.ladder import Ladder
from toprung.interfaces.cli.app import create_cli

ROOT = Path(__file__).parents[3]
NOW = "2026-03-01T12:00:00Z"

# What the machine that runs the tests says of terminals shall not matter.
_NO_TERMINAL = dict.fromkeys(("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "LINES"))


def invoke(
    ladder: Ladder,
    *arguments: str,
    columns: int = 100,
    stdin: str | bytes | None = None,
    terminal: bool = False,
    locale: str = "C",
) -> Result:
    """What `toprung ARGUMENTS…` did; what is no clean exit is raised."""
    environment = {**_NO_TERMINAL, "LC_ALL": locale, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    if terminal:
        environment |= {"FORCE_COLOR": "1"}
    result = CliRunner(env=environment).invoke(
        create_cli(ladder), arguments, input=stdin, prog_name="toprung", color=terminal
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def look(ladder: Ladder, *arguments: str, columns: int = 100) -> str:
    """What `toprung leaderboard` prints at `NOW`; it must end well."""
    result = invoke(ladder, "leaderboard", "--now", NOW, *arguments, columns=columns)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def look_json(ladder: Ladder, *arguments: str) -> dict[str, Any]:
    """The JSON that `toprung leaderboard --json` prints."""
    found = json.loads(look(ladder, "--json", *arguments))
    assert isinstance(found, dict)
    return found


def refusal(ladder: Ladder, *arguments: str, stdin: str | bytes | None = None) -> str:
    """The one line that a refused command says on stderr, without `toprung: `."""
    result = invoke(ladder, *arguments, stdin=stdin, columns=40)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("toprung: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("toprung: ").rstrip("\n")


def command_line(setup: str, *arguments: str) -> list[str]:
    """The command for a process of its own that runs `toprung` on the ladder which `setup` makes."""
    code = (
        "import logging, structlog\n"
        "structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))\n"
        "from tests.interfaces.cli.ladder import Ladder, Standing\n"
        "from toprung.interfaces.cli.app import create_cli\n"
        f"create_cli({setup})()\n"
    )
    return [sys.executable, "-c", code, *arguments]
