"""`toprung pool`."""

import json

from tests.adapters.replays.pool.pool_health import broken_pool, busy_pool
from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal
from toprung.domain.errors import NotFound
from toprung.interfaces.cli.terminal.builder import Options


def test_a_pool_at_work_is_a_table_of_its_processes() -> None:
    ladder = Ladder(pool=busy_pool())
    result = invoke(ladder, "pool", "--game", "sc2")
    assert (result.exit_code, result.stderr) == (0, "")
    assert ladder.options == [Options(game="sc2")]
    said = result.stdout.splitlines()
    assert said[:2] == ["Replay pool: ok, 2 replays at a time", "The sandbox is complete."]
    rows = [line.split() for line in said if line.lstrip()[:4] in {"4711", "4712", "4713"}]
    assert rows == [
        ["4711", "busy", "1,234", "43.8", "MB", "7", "min", "0.2", "s", "ago"],
        ["4712", "idle", "7", "42.0", "MB", "2", "h", "1", "min", "ago"],
        ["4713", "booting", "0", "–", "0.1", "s", "–"],
    ]
    assert said[-2:] == [
        "Jobs: 1 running, 3 waiting. read 1,241, timed out 3, died 2.",
        "Processes: 12 started, 1 could not. Replaced: jobs 4, timeout 3, died 2.",
    ]


def test_a_pool_that_cannot_start_says_so_and_what_the_sandbox_lacks() -> None:
    said = invoke(Ladder(pool=broken_pool()), "pool").stdout
    assert said.startswith("Replay pool: degraded, one replay at a time\n")
    assert "Its processes cannot start; the next try is in 5 s. The server's log says why.\n" in said
    assert "The sandbox is reduced: this system lacks landlock, seccomp.\n" in said
    assert "Processes: 0 started, 11 could not." in said


def test_a_pool_that_is_off_says_which_setting_did_that() -> None:
    said = invoke(Ladder(), "pool").stdout
    assert said == "Replays are not read here: TOPRUNG_REPLAY_WORKERS is 0.\n"


def test_programs_get_all_of_it() -> None:
    told = json.loads(invoke(Ladder(pool=busy_pool()), "pool", "--json").stdout)
    assert told["status"] == "ok"
    assert told["children"][0] == {
        "pid": 4711,
        "state": "busy",
        "jobs_done": 1_234,
        "rss_bytes": 45_973_504,
        "age_seconds": 400.0,
        "last_answer_seconds": 0.25,
    }
    assert told["outcomes"]["TimedOut"] == 3
    assert told["circuit_seconds"] is None


def test_without_a_server_there_is_no_pool() -> None:
    assert (
        refusal(Ladder(refuse=NotFound("No server runs on this ladder.")), "pool") == "No server runs on this ladder."
    )
