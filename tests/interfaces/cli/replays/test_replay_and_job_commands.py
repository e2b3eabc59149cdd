"""`toprung replay submit|list|show` and `toprung jobs …`."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal
from tests.support.intake import hash_of, replay
from tests.support.played import SERRAL, PlayedMatch
from toprung.application.ports.replays import Died
from toprung.domain.errors import Conflict
from toprung.domain.jobs.job import JobState
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay_checks import CheckCode

HOSTILE = "\N{RIGHT-TO-LEFT OVERRIDE}x\x1b[31m@everyone"


@pytest.fixture
def ladder() -> Ladder:
    made = Ladder()
    made.intake.people()
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "game.SC2Replay"
    path.write_bytes(replay())
    return path


def said(ladder: Ladder, *arguments: str) -> str:
    result = invoke(ladder, *arguments, columns=120)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def bury(ladder: Ladder) -> None:
    ladder.intake.parser.tell(replay(), Died(exit_code=None, signal=11))
    asyncio.run(ladder.intake.work_off_with_retries())


def test_an_upload_is_submitted_listed_and_shown(ladder: Ladder, file: Path) -> None:
    told = said(ladder, "replay", "submit", str(file), "--as", "Maru", "--match", "1")
    assert told == "Upload 1: received\nReceived; it will be read in a moment.\n"
    assert said(ladder, "replay", "submit", str(file), "--as", "Maru", "--match", "1").startswith(
        "Upload 1 (known already): received"
    )
    asyncio.run(ladder.intake.work_off())
    row = said(ladder, "replay", "list").splitlines()[-1].split()
    assert (row[0], row[3:]) == ("1", ["Maru", "1", "read", "64", hash_of(replay())[:12]])
    shown = said(ladder, "replay", "show", "1")
    assert "1 by Maru" in shown
    assert "game.SC2Replay, 64 bytes" in shown
    assert hash_of(replay()) in shown


def test_a_submission_for_programs(ladder: Ladder, file: Path) -> None:
    told = json.loads(said(ladder, "replay", "submit", str(file), "--as", "Maru", "--json"))
    assert (told["upload_id"], told["state"], told["match_id"], told["is_new"]) == ("1", "received", None, True)


def test_where_no_server_runs_it_is_said_what_to_do(ladder: Ladder, file: Path) -> None:
    ladder.refuse = Conflict("No server runs on this database, and only one takes replays in; start `toprung serve`.")
    assert "start `toprung serve`" in refusal(ladder, "replay", "submit", str(file), "--as", "Maru")
    assert "start `toprung serve`" in refusal(ladder, "jobs", "retry", "1")


def test_what_cannot_be_submitted(ladder: Ladder, tmp_path: Path, file: Path) -> None:
    assert "Cannot read" in refusal(ladder, "replay", "submit", str(tmp_path / "missing"), "--as", "Maru")
    assert "Cannot read" in refusal(ladder, "replay", "submit", str(tmp_path), "--as", "Maru")
    file.write_bytes(b"no replay")
    assert "This is no replay" in refusal(ladder, "replay", "submit", str(file), "--as", "Maru")
    file.write_bytes(replay())
    assert "no player" in refusal(ladder, "replay", "submit", str(file), "--as", "Nobody")
    assert "no match 9" in refusal(ladder, "replay", "submit", str(file), "--as", "Maru", "--match", "9")
    assert ladder.intake.archive.kept == {}


def test_dead_letters_are_listed_shown_and_tried_again(ladder: Ladder, file: Path) -> None:
    said(ladder, "replay", "submit", str(file), "--as", "Maru")
    bury(ladder)
    row = said(ladder, "jobs", "list", "--state", "dead").splitlines()[-1].split()
    assert row[:6] == ["1", "replay", "dead", "3", "0", "3"]
    shown = said(ladder, "jobs", "show", "1")
    assert "3 times: 0 errors, 3 deaths, 0 interruptions" in shown
    assert "The reading process ended by signal 11." in shown
    assert "1, 1 of them within a day" in said(ladder, "jobs", "stats")
    assert "quarantined  yes" in said(ladder, "replay", "show", "1")
    assert said(ladder, "jobs", "retry", "1") == "Job 1 is back in line.\n"
    assert ladder.intake.job().state is JobState.READY
    assert "only a dead one" in refusal(ladder, "jobs", "retry", "1")


def test_jobs_for_programs(ladder: Ladder, file: Path) -> None:
    said(ladder, "replay", "submit", str(file), "--as", "Maru")
    (listed,) = map(json.loads, said(ladder, "jobs", "list", "--json").splitlines())
    assert listed == json.loads(said(ladder, "jobs", "show", "1", "--json"))
    assert (listed["job_id"], listed["state"], listed["payload"]) == ("1", "ready", hash_of(replay()))
    assert json.loads(said(ladder, "jobs", "stats", "--json"))["ready"] == 1


def test_lists_go_on_where_their_cursors_say(ladder: Ladder, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}").write_bytes(replay() + bytes([number]))
        said(ladder, "replay", "submit", str(tmp_path / f"{number}"), "--as", "Maru")
    first = invoke(ladder, "jobs", "list", "--limit", "2", "--json")
    assert [json.loads(line)["job_id"] for line in first.stdout.splitlines()] == ["3", "2"]
    (cursor,) = re.findall(r"--cursor (\S+)", first.stderr)
    (last,) = said(ladder, "jobs", "list", "--json", "--cursor", cursor).splitlines()
    assert json.loads(last)["job_id"] == "1"
    assert "no cursor of this list" in refusal(ladder, "replay", "list", "--cursor", cursor)


def test_nothing_there(ladder: Ladder) -> None:
    assert said(ladder, "jobs", "list") == "There are no jobs.\n"
    assert said(ladder, "replay", "list") == "There are no uploads.\n"
    assert "nothing waits" in said(ladder, "jobs", "stats")
    assert "There is no job 7" in refusal(ladder, "jobs", "show", "7")
    assert "There is no job 7" in refusal(ladder, "jobs", "retry", "7")
    assert "There is no upload 7" in refusal(ladder, "replay", "show", "7")
    assert "There is no player called" in refusal(ladder, "replay", "list", "--player", "Nobody")


def test_hostile_names_move_nothing_on_the_screen(ladder: Ladder, file: Path) -> None:
    said(ladder, "replay", "submit", str(file), "--as", "Maru")
    database = ladder.storage.database
    database.players[PlayerId(1)] = replace(database.players[PlayerId(1)], name=HOSTILE)
    upload = ladder.intake.upload()
    database.replay_uploads[upload.id] = replace(upload, file_name=HOSTILE)
    for command in (("replay", "list"), ("replay", "show", "1")):
        told = said(ladder, *command)
        assert "\x1b" not in told
        assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in told


@pytest.fixture
def judged() -> Ladder:
    """Where Serral brought a replay that does not fit, and then the one of the game that was lost to Maru."""

    async def play() -> PlayedMatch:
        played = PlayedMatch()
        await played.begun()
        await played.upload(SERRAL, played.replay("Maru", map_name="Death Valley", observers=("x",)))
        await played.upload(SERRAL, played.replay("Maru"))
        return played

    return Ladder(intake=asyncio.run(play()).intake)


def test_what_was_found_of_an_upload_is_shown_check_by_check(judged: Ladder) -> None:
    shown = said(judged, "replay", "show", "1").splitlines()
    assert "failed   The map was to be Keres Passage / Keres Passage SEL, and Death Valley was played." in shown
    assert "failed   Others were in the game to watch: x." in shown
    assert "ok       The players are the match's: Maru, Serral." in shown
    assert "unknown  This version of the mod is not known yet; an organiser will look at it." in shown
    assert len([row for row in shown if row.split(" ")[0] in {"ok", "failed", "unknown"}]) == len(CheckCode)


def test_a_match_lists_what_was_brought_for_it(judged: Ladder) -> None:
    shown = said(judged, "match", "show", "1")
    assert "Replay 2 by Serral: verified\n  The replay fits match 1, which is completed: you lost." in shown
    assert "Replay 1 by Serral: rejected\n  The map was to be" in shown
    replays = json.loads(said(judged, "match", "show", "1", "--json"))["replays"]
    assert [(one["upload_id"], one["player_name"], one["state"]) for one in replays] == [
        ("2", "Serral", "verified"),
        ("1", "Serral", "rejected"),
    ]
    assert len(said(judged, "replay", "list", "--match", "1").splitlines()) == 4
    assert said(judged, "replay", "list", "--match", "2") == "There are no uploads.\n"


def test_an_organiser_sees_the_versions_of_the_mod_and_approves_one_with_a_reason(judged: Ladder) -> None:
    assert said(judged, "replay", "mods").splitlines()[-1].split() == ["2", "2", "2", "unknown"]
    assert "needs a reason" in refusal(judged, "replay", "approve-mod", "2")
    assert said(judged, "replay", "approve-mod", "2", "--reason", "season 3") == (
        "The version of the mod of upload 2, of 2 files, is approved.\n"
    )
    assert said(judged, "replay", "approve-mod", "1", "--reason", "again").endswith("is approved.\n")
    assert said(judged, "replay", "mods").splitlines()[-1].split() == ["2", "2", "2", "approved"]
    (row,) = judged.storage.database.audit
    assert (row.action, row.subject, row.reason) == ("approve_mod", "upload 2", "season 3")
    assert "There is no upload 9" in refusal(judged, "replay", "approve-mod", "9", "--reason", "x")


def test_a_version_of_the_mod_is_taken_off_the_list_once_and_what_was_judged_stays(judged: Ladder) -> None:
    said(judged, "replay", "approve-mod", "2", "--reason", "season 3")
    before = said(judged, "replay", "list")
    assert "needs a reason" in refusal(judged, "replay", "unlist-mod", "2")
    assert said(judged, "replay", "unlist-mod", "1", "--reason", "it was a fake") == (
        "The version of the mod of upload 1, of 2 files, is off the list. "
        "Replays that were judged keep their verdicts.\n"
    )
    assert said(judged, "replay", "mods").splitlines()[-1].split() == ["2", "2", "2", "unknown"]
    assert said(judged, "replay", "list") == before
    assert said(judged, "replay", "unlist-mod", "2", "--reason", "again") == (
        "The version of the mod of upload 2, of 2 files, is not on the list, so nothing was changed.\n"
    )
    _, row = judged.storage.database.audit
    assert (row.action, row.subject, row.reason) == ("unlist_mod", "upload 1", "it was a fake")
    assert "There is no upload 9" in refusal(judged, "replay", "unlist-mod", "9", "--reason", "x")


def test_without_a_replay_there_is_no_mod(ladder: Ladder) -> None:
    assert said(ladder, "replay", "mods") == "No replay was read yet, and no version of the mod is approved.\n"
