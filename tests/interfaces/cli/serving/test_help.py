"""Help and usage errors are in the reader's language: every line that every command and option has."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from rich.cells import cell_len
from typer.main import get_command

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import ROOT, invoke
from toprung import __version__
from toprung.interfaces.cli.app import create_cli
from toprung.interfaces.cli.terminal.spoken import named_language
from toprung.interfaces.texts.texts import load_texts

TEXTS = load_texts()
ENGLISH = {forms[0]: code for code, forms in TEXTS.messages("cli.help.")}
HANGUL = re.compile("[가-힣]")
TWO_ENGLISH_WORDS = re.compile(r"(?<![\w/.-])[A-Za-z]?[a-z]{2,} [a-z]{2,}\b")
NOT_SAID = re.compile(r"`[^`]*`|<[^>]*>|\[OPTIONS\].*|\([^)]*\"[^)]*\)|^.*: toprung .*$", re.MULTILINE)

Command = tuple[tuple[str, ...], Any]


def commands() -> Iterator[Command]:
    """Every group and command with its path."""

    def below(path: tuple[str, ...], command: Any) -> Iterator[Command]:
        yield path, command
        for name, one in getattr(command, "commands", {}).items():
            yield from below((*path, name), one)

    return below((), get_command(create_cli(Ladder())))


COMMANDS = list(commands())
EACH_COMMAND = pytest.mark.parametrize(
    ("path", "command"), COMMANDS, ids=[" ".join(path) or "toprung" for path, _ in COMMANDS]
)


def paragraphs(command: Any) -> Iterator[str]:
    """All that a command and its options say of themselves, in English."""
    texts = [command.help, *(one.help for one in command.params), *(one.rich_help_panel for one in command.params)]
    for text in filter(None, texts):
        yield from (" ".join(one.split()) for one in inspect.cleandoc(text).split("\n\n"))


def bare(text: str) -> str:
    return re.sub(r"[\s│]", "", text)


def shown(*arguments: str, columns: int = 200) -> str:
    result = invoke(Ladder(), *arguments, "--help", columns=columns)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_the_walk_meets_every_room() -> None:
    assert len(COMMANDS) > 50
    rooms = {"leaderboard", "match", "player", "ratings", "replay", "season", "serve", "audit", "import", "jobs"}
    assert {path[0] for path, _ in COMMANDS if path} >= rooms


def test_the_catalogue_has_all_help_and_no_more() -> None:
    said = {one for _, command in COMMANDS for one in paragraphs(command)}
    assert said | {"Show this message and exit."} == set(ENGLISH)


@EACH_COMMAND
def test_english_help_is_what_the_catalogue_says(path: tuple[str, ...], command: Any) -> None:
    english = bare(shown(*path))
    assert not [one for one in paragraphs(command) if bare(one) not in english]
    assert "Usage:toprung" in english


@EACH_COMMAND
def test_korean_help_is_all_korean(path: tuple[str, ...], command: Any) -> None:
    korean = shown("--language", "ko", *path)
    told = bare(korean)
    codes = [ENGLISH[one] for one in paragraphs(command)]
    assert not [code for code in codes if bare(TEXTS.text(code, "ko")) not in told]
    assert not [found[0] for found in TWO_ENGLISH_WORDS.finditer(NOT_SAID.sub("", korean))]
    assert HANGUL.search(korean)


@EACH_COMMAND
def test_nothing_is_cut_off_korean_help_where_there_is_little_room(path: tuple[str, ...], command: Any) -> None:
    wide = sorted(bare(shown("--language", "ko", *path)).replace("─", ""))
    for columns in (80, 99):
        narrow = shown("--language", "ko", *path, columns=columns)
        assert all(cell_len(line) <= columns for line in narrow.split("\n"))
        assert sorted(bare(narrow).replace("─", "")) == wide, command.name


def test_the_codes_of_options_and_commands_are_the_same_in_both_languages() -> None:
    def codes(text: str) -> set[str]:
        return set(re.findall(r"--[a-z-]+|<[a-z][^>]*>", text))

    assert codes(shown("match", "resolve")) == codes(shown("--language", "ko", "match", "resolve"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audi",), "'audi' 명령은 없습니다. 혹시 'audit'인가요?"),
        (("matc",), "'matc' 명령은 없습니다. 혹시 'match', 'watch'인가요?"),
        (("zzz",), "'zzz' 명령은 없습니다."),
        (("--nonsense",), "그런 옵션은 없습니다: --nonsense"),
        (("match", "show", "1", "--no"), "그런 옵션은 없습니다: --no(가능한 옵션: --json)"),
        (("match", "show"), "'MATCH' 인자가 빠졌습니다."),
        (("match", "show", "x"), "'MATCH' 값이 잘못되었습니다: 정수를 쓰세요"),
        (("match", "show", "9" * 5000), "'MATCH' 값이 잘못되었습니다: 수가 너무 큽니다"),
        (("match", "show", "1", "2"), "필요 없는 인자가 더 있습니다(2)"),
        (("match", "confirm", "1"), "'--as' 옵션이 빠졌습니다."),
        (("match", "report", "1"), "'outcome' 인자가 빠졌습니다. 다음 중에서 고르세요:"),
        (("match", "report", "1", "won", "--as", "x"), "'won'은(는) 다음 중 하나가 아닙니다: 'win', 'loss', 'draw'."),
        (("match", "list", "--limit", "0"), "'--limit' 값이 잘못되었습니다: 1 이상이어야 합니다"),
        (("match", "list", "--limit", "201"), "'--limit' 값이 잘못되었습니다: 200 이하여야 합니다"),
        (("match", "list", "--state", "a. b"), "'a. b'은(는) 다음 중 하나가 아닙니다"),
        (("leaderboard", "--page"), "'--page' 옵션에는 값이 필요합니다."),
        (("leaderboard", "--json=1"), "'--json' 옵션은 값을 받지 않습니다."),
    ],
)
def test_usage_errors_are_korean_and_end_with_the_same_code(arguments: tuple[str, ...], said: str) -> None:
    result = invoke(Ladder(), "--language", "ko", *arguments, columns=200)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "─ 오류 ─" in result.stderr
    assert invoke(Ladder(), *arguments, columns=200).exit_code == 2


def test_a_group_without_a_command_is_explained() -> None:
    result = invoke(Ladder(), "--language", "ko", "match")
    assert result.exit_code == invoke(Ladder(), "match").exit_code == 2
    assert "사용법: toprung match" in result.output


def test_the_locale_speaks_where_no_language_is_named_and_the_next_command_is_asked_anew() -> None:
    assert "순위표를 보여 줍니다." in invoke(Ladder(), "leaderboard", "--help", locale="ko_KR.UTF-8").stdout
    assert "Show the leaderboard." in invoke(Ladder(), "leaderboard", "--help").stdout
    assert "Show the leaderboard." in shown("--language", "xx", "leaderboard")


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["--language", "ko", "match"], "ko"),
        (["--language=ko", "--help"], "ko"),
        (["--help", "--language", "ko"], "ko"),
        (["match", "--language", "ko"], None),
        (["--language"], None),
        ([], None),
    ],
)
def test_a_language_is_named_before_the_command(arguments: list[str], language: str | None) -> None:
    assert named_language(arguments) == language


def test_the_version_waits_for_no_catalogue_in_any_language() -> None:
    code = (
        "import sys\n"
        "from toprung.interfaces.cli.app import create_cli\n"
        "try:\n    create_cli(lambda: None)(['--language', 'ko', '--version'])\n"
        "except SystemExit:\n    pass\n"
        "print('heavy:', *sorted({'polars', 'babel', 'typer.rich_utils'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == f"toprung {__version__}\nheavy:\n"
