"""`toprung leaderboard` of the past, `toprung season` and `toprung player set-rating`, as a person runs them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from toprung.bootstrap.builder import Bootstrap
from toprung.interfaces.cli.app import create_cli

GAMES = "ended_at,game_id,player_1,player_2,race_1,race_2,score_1,score_2\n" + "".join(
    f"2026-09-0{day}T10:00:00Z,g{day},Ann,Bob,bw_zerg,bw_zerg,1,0\n" for day in (1, 2, 3)
)


@pytest.fixture
def ladder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TOPRUNG_DATABASE", f"sqlite:///{tmp_path / 'ladder.db'}")
    monkeypatch.setenv("TOPRUNG_INACTIVITY_DAYS", "off")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "games.csv").write_text(GAMES, encoding="utf-8")
    said("import-games", "games.csv")
    yield tmp_path
    structlog.reset_defaults()  # the commands made logs go to a stream that is closed by now


def said(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(create_cli(Bootstrap), list(arguments), env={"COLUMNS": "100"})
    assert done.exit_code == code, done.output
    return done.output


def test_seasons_are_started_listed_ended_and_looked_at(ladder: Path) -> None:
    assert "no season yet" in said("season", "list")
    assert "2 ratings were made less sure" in said(
        "season", "start", "s1", "--reason", "new", "--reset-deviation", "349"
    )
    assert "s1 is running" in said("season", "start", "s2", "--reason", "new", code=1)
    assert "running" in said("season", "list")
    assert "has ended" in said("season", "end", "--reason", "over")
    board = said("season", "board", "s1")
    assert "as of " in board
    assert "names, countries and bans are those of today" in board
    assert json.loads(said("season", "board", "s1", "--json"))["players"][0]["player_name"] == "Ann"
    assert "no season 's9'" in said("season", "board", "s9", code=1)
    assert "needs a reason" in said("season", "start", "s2", code=1)
    assert "--reset-deviation takes" in said(
        "season", "start", "s2", "--reason", "r", "--reset-deviation", "much", code=1
    )
    assert "All adds up" in said("verify")


def test_a_rating_is_previewed_and_set(ladder: Path) -> None:
    asked = ("player", "set-rating", "Bob", "--race", "bw_zerg", "--mmr", "1999")
    assert "Say why" in said(*asked, code=1)
    done = CliRunner().invoke(create_cli(Bootstrap), [*asked, "--reason", "r"], input="n\n")
    assert "-> 1999" in done.output
    assert "Nothing was changed" in done.output
    assert "is 1999 now" in said(*asked, "--reason", "r", "--yes")
    assert json.loads(said("leaderboard", "--json"))["players"][0]["mmr"] == 1999
    assert "already" in said(*asked, "--reason", "r", "--yes", code=1)
    assert "all the same" in said("ratings", "recompute")
    assert "All adds up" in said("verify")


def test_the_past_is_looked_at_and_movement_is_told(ladder: Path) -> None:
    assert "?" in said("leaderboard")
    assert "provisional" in said("leaderboard")
    moved = said("leaderboard", "--movement-since", "1h")
    assert "moved" in moved
    assert "new" in moved
    before = json.loads(said("leaderboard", "--as-of", "2026-01-01", "--json"))
    assert (before["players"], before["as_of"]) == ([], "2026-01-01T00:00:00Z")
    for wrong in (("--as-of", "soon"), ("--as-of", "2999-01-01"), ("--movement-since", "7"), ("--corrected",)):
        assert "toprung: " in said("leaderboard", *wrong, code=1)
