"""`toprung serve`, `demo` and `db migrate`."""

import pytest

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal
from toprung.domain.errors import StorageUnavailable
from toprung.interfaces.cli.serving.server_commands import DEMO_DATABASE
from toprung.interfaces.cli.terminal.builder import MigrationSummary, Options

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


def interrupt() -> None:
    raise KeyboardInterrupt


def test_serve_says_its_address() -> None:
    ladder = Ladder()
    result = invoke(ladder, "serve", "--host", "::1", "--port", "0", "--inactivity-days", "off", "--game", "sc2")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Toprung serves http://127.0.0.1:8000/leaderboard  (Ctrl-C ends it)\n"
    assert ladder.options == [Options(host="::1", port=0, inactivity_days="off", game="sc2")]


def test_the_demo_says_where_to_look() -> None:
    ladder = Ladder()
    result = invoke(ladder, "demo", "--port", "8001", columns=40)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "http://127.0.0.1:8000/leaderboard\n" in result.stdout
    assert f"toprung leaderboard --database {DEMO_DATABASE}\n" in result.stdout
    assert ladder.options == [Options(database=DEMO_DATABASE, port=8001)]


def test_the_demo_can_be_kept_elsewhere_and_be_of_another_game() -> None:
    result = invoke(Ladder(), "demo", "--database", "sqlite:///my demo.db", "--game", "sc2")
    assert "toprung leaderboard --database 'sqlite:///my demo.db' --game sc2\n" in result.stdout


def test_the_demo_shows_how_far_it_is_and_the_bar_is_gone_once_it_serves() -> None:
    result = invoke(Ladder(), "demo", terminal=True)
    assert "Playing a season" in result.stderr
    assert "3000/3000" in result.stderr
    assert result.stderr.rindex(SHOW_CURSOR) > result.stderr.rindex(HIDE_CURSOR)


@pytest.mark.parametrize("ladder", [Ladder(while_playing=interrupt), Ladder(while_serving=interrupt)])
def test_ctrl_c_ends_the_demo_quietly_and_leaves_the_terminal_clean(ladder: Ladder) -> None:
    result = invoke(ladder, "demo", terminal=True)
    assert result.exit_code == 130
    assert result.stderr.rindex(SHOW_CURSOR) > result.stderr.rindex(HIDE_CURSOR)
    assert "Traceback" not in result.stderr
    assert "Aborted" not in result.stderr
    assert invoke(ladder, "demo").stderr == ""


def test_ctrl_c_ends_serving_quietly() -> None:
    result = invoke(Ladder(while_serving=interrupt), "serve")
    assert (result.exit_code, result.stderr) == (130, "")


def test_a_refusal_while_the_bar_is_shown_comes_after_it() -> None:
    result = invoke(Ladder(refuse=StorageUnavailable("No room left on the disk.")), "demo", terminal=True)
    assert result.exit_code == 1
    assert result.stderr.endswith("\x1b[31mtoprung: No room left on the disk.\x1b[0m\n")


def test_migrate_says_what_it_did() -> None:
    done = invoke(
        Ladder(migration=MigrationSummary(before="0001", after="0002", backup="x.db.before")), "db", "migrate"
    )
    assert done.stdout == "Migrated the schema: 0001 -> 0002.\nThe database as it was before: x.db.before\n"
    new = invoke(Ladder(migration=MigrationSummary(before=None, after="0002", backup=None)), "db", "migrate")
    assert new.stdout == "Migrated the schema: new database -> 0002.\n"
    same = invoke(Ladder(migration=MigrationSummary(before="0002", after="0002", backup=None)), "db", "migrate")
    assert same.stdout == "The schema is up to date: 0002.\n"


def test_a_port_that_cannot_be_is_a_usage_error() -> None:
    assert invoke(Ladder(), "serve", "--port", "70000").exit_code == 2


def test_what_serving_refuses_is_one_line() -> None:
    ladder = Ladder(refuse=StorageUnavailable("No."))
    assert refusal(ladder, "serve") == "No."
    assert refusal(ladder, "db", "migrate") == "No."


@pytest.mark.parametrize(
    "database",
    ["postgresql://ann:hunter2-x@db/ladder", "postgresql://db/ladder?user=ann&password=hunter2-x"],
)
def test_the_demo_does_not_show_a_password(database: str) -> None:
    result = invoke(Ladder(), "demo", "--database", database)
    assert result.exit_code == 0
    assert "hunter2-x" not in result.stdout + result.stderr
    assert "***" in result.stdout
