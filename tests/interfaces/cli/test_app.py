"""The command line as a whole: help, version, what it loads, and how it ends."""

import subprocess
import sys

import pytest

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import ROOT, command_line, invoke, refusal
from toprung import __version__
from toprung.domain.errors import GameMismatch, StorageUnavailable, ToprungError, WriterPresent

COMMANDS = (
    ("serve",),
    ("demo",),
    ("leaderboard",),
    ("import",),
    ("import-games",),
    ("export",),
    ("db", "migrate"),
    ("player", "search"),
    ("player", "add"),
    ("player", "rename"),
    ("player", "country"),
    ("player", "ban"),
    ("player", "unban"),
)


def test_the_version() -> None:
    assert invoke(Ladder(), "--version").stdout == f"toprung {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_takes_a_database_and_a_game(command: tuple[str, ...]) -> None:
    result = invoke(Ladder(), *command, "--help", columns=120)
    assert result.exit_code == 0
    assert "--database" in result.stdout
    assert "--game" in result.stdout


def test_without_a_command_there_is_help() -> None:
    assert "leaderboard" in invoke(Ladder()).output


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from toprung.interfaces.cli.app import create_cli\n"
        "try:\n    create_cli(lambda: None)(['leaderboard', '--help'])\n"
        "except SystemExit:\n    pass\n"
        "print('heavy:', *sorted({'polars', 'numpy', 'fastapi', 'sqlalchemy', 'httpx', 'babel'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.endswith("heavy:\n")


@pytest.mark.parametrize("kind", [StorageUnavailable, WriterPresent, GameMismatch])
def test_a_refusal_is_one_line_and_exit_code_1(kind: type[ToprungError]) -> None:
    sentence = "It is [bold]not[/bold] there: /a/very/long/path/that/no/terminal/of/forty/columns/holds/ladder.db."
    assert refusal(Ladder(refuse=kind(sentence)), "leaderboard") == sentence


def test_a_refusal_is_red_and_cannot_carry_control_characters() -> None:
    ladder = Ladder(refuse=StorageUnavailable("a\nb\x1b[2J"))
    assert refusal(ladder, "leaderboard") == "a\\u000ab\\u001b[2J"
    assert invoke(ladder, "leaderboard", terminal=True).stderr == "\x1b[31mtoprung: a\\u000ab\\u001b[2J\x1b[0m\n"


def test_what_is_no_command_or_option_is_a_usage_error() -> None:
    for arguments in (("leader",), ("leaderboard", "--nonsense"), ("leaderboard", "--page", "two"), ("player", "ban")):
        assert invoke(Ladder(), *arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [("leaderboard",), ("leaderboard", "--json"), ("export",), ("export", "--ranked")]
)
def test_whoever_stops_reading_is_not_told_off(arguments: tuple[str, ...]) -> None:
    setup = "Ladder().put(*(Standing(name=f'Player {number}', mmr=number) for number in range(500)))"
    command = command_line(setup, *arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # before it has begun to print
        said = process.stderr.read()
    assert (said, process.returncode) == (b"", 1)
