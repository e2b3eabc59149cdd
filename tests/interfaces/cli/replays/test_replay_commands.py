"""`toprung replay inspect`."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.cli.ladder import REPLAY_BYTES_MAX, Ladder
from tests.interfaces.cli.running import invoke
from tests.support.replays.sample_replays import SampleReplay, all_replays
from tests.support.replays.synthetic_replay import SyntheticGame, SyntheticPlayer, replay_of
from toprung.interfaces.cli.replays.replay_commands import FILES_AT_A_TIME

KEYS = [
    "file",
    "ok",
    "error",
    "map_name",
    "game_length_seconds",
    "started_at",
    "players",
    "observers",
    "region",
    "release",
]


def rows(ladder: Ladder, *files: str, exit_code: int = 0) -> list[dict[str, Any]]:
    """The rows that `--json` prints, each of which has all keys."""
    result = invoke(ladder, "replay", "inspect", "--json", *files)
    assert (result.exit_code, result.stderr) == (exit_code, "")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(list(row) == KEYS for row in found)
    return found


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "game.SC2Replay"
    path.write_bytes(replay_of(SyntheticGame(observers=("Caster",))))
    return str(path)


def test_a_replay_is_one_object_with_what_it_says(file: str) -> None:
    assert rows(Ladder(), file) == [
        {
            "file": file,
            "ok": True,
            "error": None,
            "map_name": "Keres Passage SEL",
            "game_length_seconds": 1000.0,
            "started_at": "2026-09-24T11:43:20Z",
            "players": [
                {"name": "Maru", "race": "sc2_terran", "result": "win", "is_computer": False},
                {"name": "Serral", "race": "sc2_zerg", "result": "loss", "is_computer": False},
            ],
            "observers": ["Caster"],
            "region": "eu",
            "release": "5.0.0.80949",
        }
    ]


def test_races_are_named_by_the_game_and_unknown_ones_by_their_text(tmp_path: Path) -> None:
    path = tmp_path / "game.SC2Replay"
    players = tuple(SyntheticPlayer(name=race, uid=1, race=race) for race in ("저그", "SC1异虫", "Ξενος"))
    path.write_bytes(replay_of(SyntheticGame(players=players)))
    (row,) = rows(Ladder(game="sc_evo"), str(path))
    assert [player["race"] for player in row["players"]] == ["sc2_zerg", "bw_zerg", "Ξενος"]
    (row,) = rows(Ladder(game="sc2"), str(path))
    assert [player["race"] for player in row["players"]] == ["zerg", "SC1异虫", "Ξενος"]


def test_bad_files_are_rows_and_the_others_go_on(file: str, tmp_path: Path) -> None:
    pipe, big, cut = tmp_path / "pipe", tmp_path / "big", tmp_path / "cut"
    os.mkfifo(pipe)
    big.write_bytes(b"MPQ\x1b" + b"\0" * REPLAY_BYTES_MAX)
    cut.write_bytes(Path(file).read_bytes()[:-1])
    (tmp_path / "text").write_text("not a replay", encoding="utf-8")
    bad = {
        str(tmp_path): "not_a_file",
        str(pipe): "not_a_file",
        "/dev/zero": "not_a_file",
        str(tmp_path / "absent"): "not_found",
        str(tmp_path / "text" / "below"): "not_readable",
        "x" * 5_000: "not_readable",
        str(big): "too_big",
        str(cut): "truncated",
        str(tmp_path / "text"): "not_a_replay",
    }
    found = rows(Ladder(), file, *bad, file, exit_code=1)
    assert [row["ok"] for row in found] == [True, *[False] * len(bad), True]
    assert {row["file"]: row["error"]["code"] for row in found[1:-1]} == bad
    assert all(row["error"]["message"].endswith(".") for row in found[1:-1])
    assert all(row["players"] == [] and row["map_name"] is None for row in found[1:-1])


def test_many_files_come_out_in_their_order(tmp_path: Path) -> None:
    files = []
    for number in range(3 * FILES_AT_A_TIME):
        path = tmp_path / f"{number}.SC2Replay"
        path.write_bytes(replay_of(SyntheticGame(frames=224 * number)))
        files.append(str(path))
    found = rows(Ladder(), *files)
    assert [row["file"] for row in found] == files
    assert [row["game_length_seconds"] for row in found] == [10.0 * number for number in range(len(files))]


def test_a_file_name_that_is_no_text_is_still_said(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.SC2Replay"
    Path(os.fsdecode(path)).write_bytes(replay_of(SyntheticGame()))
    (row,) = rows(Ladder(), os.fsdecode(path))
    assert os.fsencode(row["file"]) == path


def test_for_people_it_says_the_same_in_lines(file: str, tmp_path: Path) -> None:
    result = invoke(Ladder(), "replay", "inspect", file, str(tmp_path / "ab\x1b[31msent"))
    assert (result.exit_code, result.stderr) == (1, "")
    assert "Keres Passage SEL  16:40  2026-09-24T11:43:20Z  eu  5.0.0.80949" in result.stdout
    assert "win     Maru  sc2_terran" in result.stdout
    assert "watched by Caster" in result.stdout
    assert "ab\\u001b[31msent  There is no such file" in result.stdout
    assert "\x1b" not in result.stdout


def test_computers_and_players_without_a_name_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "game.SC2Replay"
    machine = SyntheticPlayer(name="A.I. 1 (Elite)", uid=0, is_computer=True)
    path.write_bytes(replay_of(SyntheticGame(players=(SyntheticPlayer(name="", uid=1), machine))))
    text = invoke(Ladder(), "replay", "inspect", str(path)).stdout
    assert "unknown –  sc2_zerg" in text
    assert "unknown A.I. 1 (Elite) (computer)" in text


@all_replays
def test_every_honest_replay_is_read(replays: list[SampleReplay], tmp_path: Path) -> None:
    files = []
    for replay in replays:
        file = tmp_path / f"{replay.name}.SC2Replay"
        file.write_bytes(replay.read())
        if file.stat().st_size <= REPLAY_BYTES_MAX:
            files.append(str(file))
    assert len(files) > 5
    assert all(row["ok"] for row in rows(Ladder(), *files))
