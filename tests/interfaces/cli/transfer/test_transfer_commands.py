"""`toprung import`, `import-games` and `export`."""

import csv
import hashlib
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.interfaces.cli.ladder import Ladder, Standing, csv_of
from tests.interfaces.cli.running import NOW, invoke, look_json, refusal
from toprung.application.transfer.entry_file import COLUMNS, OPTIONAL_COLUMNS
from toprung.application.transfer.export_service import EXPORT_SCHEMA
from toprung.domain.errors import InvalidInput
from toprung.interfaces.cli.transfer.export_files import RANKED_COLUMNS
from toprung.interfaces.cli.transfer.transfer_commands import read_text

GAMES = (
    "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2\n"
    "2026-02-28T10:00:00Z,1,Maru,Serral,2,1,sc2_terran,sc2_zerg\n"
    "2026-02-28T11:00:00Z,2,Maru,Serral,0,2,sc2_terran,sc2_zerg\n"
)


@pytest.fixture
def ladder() -> Ladder:
    return Ladder().put(
        Standing(name="김민철", mmr=2300, race="bw_zerg", discord_id=123456789012345678),
        Standing(name="=SUM(A1)", mmr=2200, country=None),
        Standing(name="Gone", mmr=2900, country="FI", hours_ago=24 * 15),
        Standing(name="Fresh", mmr=1500, won=0, lost=0),
    )


# Import


def test_an_import_says_what_it_did(tmp_path: Path) -> None:
    ladder, file = Ladder(), tmp_path / "old.csv"
    file.write_text(csv_of([{"player_name": "김민철"}, {"player_name": "김민철", "race": "bw_zerg"}]), encoding="utf-8")
    result = invoke(ladder, "import", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "Imported 2 rows from old.csv.\nPlayers: 1 new, 0 changed, 0 unchanged.\n"
        "Ratings: 2 new, 0 changed, 0 unchanged.\nThe database as it was before: ladder.db.before-import\n"
    )
    assert look_json(ladder)["total_players"] == 2
    assert invoke(ladder, "import", str(file)).stdout == (
        "Imported 2 rows from old.csv.\nPlayers: 0 new, 0 changed, 1 unchanged.\n"
        "Ratings: 0 new, 0 changed, 2 unchanged.\nNothing changed, so no copy of the database was made.\n"
    )


def test_an_import_that_moves_a_rating_says_so_and_the_audit_has_the_file(tmp_path: Path) -> None:
    ladder, file = Ladder(), tmp_path / "new.csv"
    assert invoke(ladder, "import", "-", stdin=csv_of([{"player_name": "Maru", "mmr": "2000"}])).exit_code == 0
    data = b"\xef\xbb\xbf" + csv_of([{"player_name": "Maru", "mmr": "2500"}]).encode()
    file.write_bytes(data)
    result = invoke(ladder, "import", str(file), "--reason", "his real strength")
    assert "Ratings: 0 new, 1 changed, 0 unchanged.\n" in result.stdout
    row = json.loads(invoke(ladder, "audit", "--json").stdout)[0]
    assert (row["action"], row["reason"], row["details"]["file"]) == ("import_entries", "his real strength", "new.csv")
    assert row["details"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert row["details"]["ratings"] == {"new": 0, "changed": 1, "unchanged": 0}
    assert "ratings: 0 new, 1 changed, 0 unchanged" in invoke(ladder, "audit", columns=400).stdout


def test_an_import_reads_standard_input_with_a_byte_order_mark() -> None:
    ladder = Ladder()
    text = csv_of([{"player_name": "김민철"}])
    assert invoke(ladder, "import", "-", stdin=text.encode("utf-8-sig")).exit_code == 0
    assert look_json(ladder)["total_players"] == 1


def test_a_refused_import_lists_every_bad_line_and_keeps_nothing(tmp_path: Path) -> None:
    ladder, file = Ladder(), tmp_path / "old.csv"
    rows: list[dict[str, object]] = [{"player_name": f"Player {number}"} for number in range(1000)]
    rows[3] |= {"mmr": "\x1b[31mmuch", "country": "UK"}
    rows[500] |= {"race": "[bold]orc[/bold]"}
    file.write_text(csv_of(rows), encoding="utf-8")
    result = invoke(ladder, "import", str(file), columns=160)
    assert (result.exit_code, result.stdout) == (1, "")
    lines = [line.strip() for line in result.stderr.rstrip("\n").split("\n")]
    assert [line.split()[:2] for line in lines if line[:1].isdigit()] == [
        ["5", "country"],
        ["5", "mmr"],
        ["502", "race"],
    ]
    assert "'\\x1b[31mmuch' is not a whole number" in result.stderr
    assert '"[bold]orc[/bold]"' in result.stderr
    assert "did you mean GB?" in result.stderr
    assert lines[-1] == "toprung: Nothing was imported: the file has 3 problems. Mend the lines listed and try again."
    assert "\x1b" not in result.stderr
    assert look_json(ladder)["total_players"] == 0


def test_no_more_problems_than_the_limit_are_listed_and_the_rest_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text(csv_of({"player_name": f"Player {number}", "mmr": ""} for number in range(1003)), encoding="utf-8")
    result = invoke(Ladder(), "import", str(file))
    assert sum(line.strip()[:1].isdigit() for line in result.stderr.split("\n")) == 1000
    assert "… and 3 more that are not listed." in result.stderr
    assert "the file has 1003 problems" in result.stderr


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("latin.csv").write_bytes("a\nb\nJos\xe9\n".encode("latin-1"))
    Path("large.csv").write_bytes(b"x" * 100)
    assert refusal(Ladder(), "import", "none.csv") == "There is no file 'none.csv'."
    assert refusal(Ladder(), "import", ".") == "'.' cannot be read: Is a directory."
    sentence = "'latin.csv' is not in UTF-8 (a byte on line 3 cannot be); save it as UTF-8 and try again."
    assert refusal(Ladder(), "import", "latin.csv") == sentence
    assert "Standard input is not in UTF-8" in refusal(Ladder(), "import", "-", stdin=b"\xff\xfe")
    assert read_text("large.csv", bytes_max=100) == "x" * 100
    with pytest.raises(InvalidInput, match=r"'large\.csv' is larger than"):
        read_text("large.csv", bytes_max=99)


def test_progress_is_shown_on_a_terminal_only_and_wiped(tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text(csv_of([{"player_name": "Maru"}]), encoding="utf-8")
    assert invoke(Ladder(), "import", str(file)).stderr == ""
    shown = invoke(Ladder(), "import", str(file), terminal=True).stderr
    assert "Importing" in shown
    assert "1/1" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back
    assert shown.endswith("\x1b[2K")


def test_games_are_played_once_for_each_source(tmp_path: Path) -> None:
    ladder, file = Ladder(), tmp_path / "cup.csv"
    file.write_text(GAMES, encoding="utf-8")
    first = invoke(ladder, "import-games", str(file), "--database", "sqlite:///x.db")
    assert first.stdout.startswith("Played 2 games from 'cup'.\nPlayers: 2 new, ")
    assert invoke(ladder, "import-games", str(file)).stdout.startswith(
        "Played 0 games from 'cup', 2 known already.\nPlayers: 0 new, 0 changed, 2 unchanged.\n"
    )
    assert invoke(ladder, "import-games", "-", "--source", "league", stdin=GAMES).exit_code == 0
    keys = [match.source_key for match in ladder.storage.database.played.matches.values()]
    assert keys == ["cup:1", "cup:2", "league:1", "league:2"]
    assert ladder.options[0].database == "sqlite:///x.db"
    assert "--source" in refusal(ladder, "import-games", "-", stdin=GAMES)


# Export


def exported(ladder: Ladder, *arguments: str) -> bytes:
    result = invoke(ladder, "export", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout_bytes


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_everything_goes_to_standard_output_as_csv_that_import_takes(ladder: Ladder) -> None:
    data = exported(ladder)
    rows = rows_of(data)
    assert tuple(rows[0]) == (*COLUMNS, *OPTIONAL_COLUMNS)
    assert [row["player_name"] for row in rows] == ["김민철", "'=SUM(A1)", "Gone", "Fresh"]
    assert rows[0]["discord_id"] == "123456789012345678"
    assert exported(ladder, "-") == data
    other = Ladder()
    assert invoke(other, "import", "-", stdin=data).exit_code == 0
    there, again = exported(other), Ladder()
    # The ladder above knows numbers only; where they are brought to, they are taken to be off by so much.
    sure = {"rating": "", "deviation": "", "volatility": ""}
    assert [row | sure for row in rows_of(there)] == rows
    assert {row["deviation"] for row in rows_of(there)} == {"110.0"}
    assert invoke(again, "import", "-", stdin=there).exit_code == 0
    assert exported(again) == there


def test_everything_as_json(ladder: Ladder, tmp_path: Path) -> None:
    file = tmp_path / "all.JSON"
    result = invoke(ladder, "export", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Wrote 4 rows to {file}.\n"
    rows: list[dict[str, Any]] = json.loads(file.read_bytes())
    assert rows[0] == {
        "discord_id": "123456789012345678",
        "player_name": "김민철",
        "country": "KR",
        "race": "bw_zerg",
        "mmr": 2300,
        "games_played": 10,
        "games_won": 6,
        "games_lost": 4,
        "games_drawn": 0,
        "last_played": "2026-03-01T07:00:00Z",
        "player_id": "1",
        "rating": None,
        "deviation": None,
        "volatility": None,
    }
    assert (rows[1]["player_name"], rows[1]["country"], rows[3]["last_played"]) == ("=SUM(A1)", None, None)


def test_everything_as_parquet(ladder: Ladder, tmp_path: Path) -> None:
    file = tmp_path / "all.parquet"
    assert invoke(ladder, "export", str(file)).exit_code == 0
    frame = pl.read_parquet(file)
    assert frame.schema == EXPORT_SCHEMA
    assert frame.item(0, "last_played") == datetime(2026, 3, 1, 7, tzinfo=UTC)


def test_ranked_rows_say_what_the_site_says_and_no_more(ladder: Ladder) -> None:
    rows = rows_of(exported(ladder, "--ranked", "--now", NOW))
    assert [tuple(row) for row in rows] == [RANKED_COLUMNS, RANKED_COLUMNS]
    assert rows[1] == {
        "global_rank": "2",
        "filter_rank": "2",
        "letter_rank": "D",
        "percentile": "50.0",
        "player_id": "2",
        "player_name": "'=SUM(A1)",
        "country": "",
        "race": "sc2_zerg",
        "mmr": "2200",
        "games_played": "10",
        "games_won": "6",
        "games_lost": "4",
        "games_drawn": "0",
        "last_played": "2026-03-01T07:00:00Z",
    }


def test_a_filter_asks_for_ranked_rows(ladder: Ladder) -> None:
    data = exported(ladder, "--race", "z1", "--now", NOW, "--format", "json")
    (row,) = json.loads(data)
    assert (row["global_rank"], row["filter_rank"], row["player_id"]) == (1, 1, "1")
    off = rows_of(exported(ladder, "--country", "FI", "--inactivity-days", "off"))
    assert [row["player_name"] for row in off] == ["Gone"]
    assert rows_of(exported(ladder, "--best-race-only", "--rank", "s")) == []
    assert rows_of(exported(ladder, "--min-games", "1000", "--now", NOW)) == []
    assert json.loads(exported(ladder, "--rank", "S", "--format", "json")) == []


def test_ranked_rows_as_parquet(ladder: Ladder, tmp_path: Path) -> None:
    file = tmp_path / "top"
    assert invoke(ladder, "export", str(file), "--ranked", "--format", "parquet", "--now", NOW).exit_code == 0
    frame = pl.read_parquet(file)
    assert tuple(frame.columns) == RANKED_COLUMNS
    assert frame["percentile"].to_list() == [100.0, 50.0]


def test_a_file_that_exists_is_kept_unless_force_says_otherwise(ladder: Ladder, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text("precious", encoding="utf-8")
    assert "exists; add --force" in refusal(ladder, "export", str(file))
    assert file.read_text(encoding="utf-8") == "precious"
    assert ladder.options == []  # refused before the ladder is opened
    assert invoke(ladder, "export", str(file), "--force").exit_code == 0
    assert rows_of(file.read_bytes())[0]["player_name"] == "김민철"


def test_nothing_but_the_file_is_left_behind(ladder: Ladder, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("all.csv")
    assert invoke(ladder, "export", str(tmp_path / "link.csv")).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "link.csv"]
    assert (tmp_path / "link.csv").is_symlink()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
@pytest.mark.parametrize("name", ["all.csv", "all.json", "all.parquet"])
def test_an_export_is_its_owners_alone(ladder: Ladder, tmp_path: Path, umask: int, name: str) -> None:
    (tmp_path / name).write_text("old, and read by everybody", encoding="utf-8")
    before = os.umask(umask)
    try:
        assert invoke(ladder, "export", str(tmp_path / name), "--force").exit_code == 0
    finally:
        os.umask(before)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("all.xlsx", "'all.xlsx' does not say which format"),
        ("none/all.csv", "There is no folder 'none'."),
        ("folder.csv", "is not an ordinary file"),
        (f"{'x' * 300}.csv", "cannot be written: File name too long."),
    ],
)
def test_a_place_where_nothing_can_be_written_is_refused(
    ladder: Ladder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.csv").mkdir()
    assert words in refusal(ladder, "export", file)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_a_filter_that_cannot_be_leaves_no_file(ladder: Ladder, tmp_path: Path) -> None:
    assert "no race 'orc'" in refusal(ladder, "export", str(tmp_path / "all.csv"), "--race", "orc")
    assert list(tmp_path.iterdir()) == []
