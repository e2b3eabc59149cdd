"""`toprung leaderboard`: what a person sees, and what a program gets."""

import json
import re

import pytest
from rich.cells import cell_len

from tests.interfaces.cli.ladder import Ladder, Standing
from tests.interfaces.cli.running import NOW, invoke, look, look_json, refusal

STANDINGS = (
    Standing(name="Maru", mmr=2400, race="sc2_terran", country="KR", won=30, lost=10, hours_ago=0.5),
    Standing(name="김민철", mmr=2300, race="bw_zerg", country="KR", won=20, lost=20, drawn=1, hours_ago=30),
    Standing(name="Serral", mmr=2200, race="sc2_zerg", country="FI", won=1, lost=3),
    Standing(name="Serral", mmr=2100, race="bw_terran", country="FI"),
    Standing(name="Иван", mmr=2000, race="sc2_protoss", country=None),
    Standing(name="Gone", mmr=2900, race="sc2_zerg", hours_ago=24 * 15),
    Standing(name="Fresh", mmr=1500, race="sc2_zerg", won=0, lost=0),
)


@pytest.fixture
def ladder() -> Ladder:
    return Ladder().put(*STANDINGS)


def rows_of(text: str) -> list[str]:
    """The lines of the table's body."""
    lines = text.split("\n")
    start = next(index for index, line in enumerate(lines) if line.startswith("──"))
    return lines[start + 1 : lines.index("", start)]


def test_the_table_shows_everything_of_a_row(ladder: Ladder) -> None:
    text = look(ladder)
    assert text.startswith("SC: Evo Complete · leaderboard\n")
    first, second, *others = rows_of(text)
    assert first.split() == ["1", "B", "T2", "🇰🇷", "KR", "Maru", "2400?", "30-10-0", "75%", "30", "min", "ago", "100.0"]
    assert second.split() == ["2", "C", "Z1", "🇰🇷", "KR", "김민철", "2300?", "20-20-1", "49%", "1", "d", "ago", "80.0"]
    assert [row.split()[2:5] for row in others] == [["Z2", "🇫🇮", "FI"], ["T1", "🇫🇮", "FI"], ["P2", "–", "Иван"]]
    assert "page 1 of 1 · 5 entries · version 1-5\n" in text
    assert text.rstrip("\n").split("\n")[-1].split("  ") == [
        "T1 BW Terran",
        "Z1 BW Zerg",
        "T2 SC2 Terran",
        "Z2 SC2 Zerg",
        "P2 SC2 Protoss",
    ]


def test_filters_are_in_the_title_and_add_the_rank_among_them(ladder: Ladder) -> None:
    text = look(ladder, "--country", "fi", "--race", "sc2_zerg", "--race", "bw_terran")
    assert text.startswith("SC: Evo Complete · SC2 Zerg · BW Terran · Finland\n")
    assert "in filter" in text
    assert [row.split()[:2] for row in rows_of(text)] == [["3", "1"], ["4", "2"]]
    assert "page 1 of 1 · 2 of 5 entries · version" in text


def test_a_minimum_of_games_counts_drawn_ones(ladder: Ladder) -> None:
    text = look(ladder, "--min-games", "41")
    assert text.startswith("SC: Evo Complete · at least 41 games\n")
    assert [row.split()[:2] for row in rows_of(text)] == [["2", "1"]]
    assert [row["player_name"] for row in look_json(ladder, "--min-games", "40")["players"]] == ["Maru", "김민철"]
    assert look_json(ladder, "--min-games", "0") == look_json(ladder)
    assert "  without --min-games 42: 5 entries\n" in look(ladder, "--min-games", "42")
    assert "leave some out: --min-games 11." in refusal(
        ladder, "leaderboard", "--now", NOW, "--find", "Serral", "--min-games", "11", "--country", "FI"
    )
    assert "whole number from 0" in refusal(ladder, "leaderboard", "--min-games", "-1")


def test_best_race_only_counts_players(ladder: Ladder) -> None:
    text = look(ladder, "--best-race-only")
    assert text.startswith("SC: Evo Complete · best race only\n")
    assert "4 players with 5 entries in all" in text
    assert len(rows_of(text)) == 4


def test_the_rank_may_be_said_in_any_case(ladder: Ladder) -> None:
    assert [row["player_name"] for row in look_json(ladder, "--rank", "b")["players"]] == ["Maru"]
    assert "· rank B\n" in look(ladder, "--rank", "b")


@pytest.mark.parametrize("said", ["sc2_zerg", "SC2 zerg", "z2", "저그"])
def test_a_race_may_be_said_by_its_mark_or_one_of_its_names(ladder: Ladder, said: str) -> None:
    assert [row["race"] for row in look_json(ladder, "--race", said)["players"]] == ["sc2_zerg"]


def test_pages(ladder: Ladder) -> None:
    text = look(ladder, "--page", "2", "--page-size", "2")
    assert [row.split()[0] for row in rows_of(text)] == ["3", "4"]
    assert "page 2 of 3 · 5 entries · version 1-5 · next: --page 3\n" in text
    assert "next:" not in look(ladder, "--page", "99", "--page-size", "2")


def test_the_json_is_exactly_the_shape_that_the_web_has(ladder: Ladder) -> None:
    found = look_json(ladder, "--country", "KR", "--page-size", "1")
    assert found == {
        "players": [
            {
                "global_rank": 1,
                "filter_rank": 1,
                "letter_rank": "B",
                "percentile": 100.0,
                "player_id": "1",
                "player_name": "Maru",
                "country": "KR",
                "race": "sc2_terran",
                "mmr": 2400,
                "games_played": 40,
                "games_won": 30,
                "games_lost": 10,
                "games_drawn": 0,
                "last_played": "2026-03-01T11:30:00Z",
                "deviation": 201,
                "is_provisional": True,
            }
        ],
        "total_pages": 2,
        "current_page": 1,
        "total_players": 2,
        "version": "1-5",
    }


def test_json_is_utf_8_wherever_it_goes(ladder: Ladder) -> None:
    result = invoke(ladder, "leaderboard", "--json", "--now", NOW)
    assert "김민철" in result.stdout_bytes.decode("utf-8")
    assert json.loads(result.stdout_bytes)["total_players"] == 5


def test_now_and_the_inactivity_window_reach_the_ladder(ladder: Ladder) -> None:
    assert look_json(ladder, "--inactivity-days", "off")["total_players"] == 6
    assert look_json(ladder, "--inactivity-days", "1")["total_players"] == 4
    assert look_json(ladder, "--now", "2026-03-15T11:00:00Z")["total_players"] == 1
    assert "9 h ago" in look(ladder, "--now", "2026-03-01T20:30:00+00:00", "--country", "KR")


def test_where_the_ladder_is_reaches_the_builder(ladder: Ladder) -> None:
    look(ladder, "--database", "sqlite:///x.db", "--game", "sc_evo")
    assert (ladder.options[-1].database, ladder.options[-1].game) == ("sqlite:///x.db", "sc_evo")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--now", "yesterday"), "--now: 'yesterday' is not a time like 2026-01-31T18:00:00Z."),
        (("--race", "orc"), "There is no race 'orc' in this game; its races are bw_terran"),
        (("--country", "UK"), "did you mean GB"),
        (("--rank", "G"), "There is no rank 'G'"),
        (("--page-size", "0"), "A page needs at least one row"),
        (("--find", "Maru", "--page", "2"), "leave out --page"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(ladder: Ladder, arguments: tuple[str, ...], words: str) -> None:
    assert words in refusal(ladder, "leaderboard", *arguments)


# Finding a player


def test_find_goes_to_the_page_and_marks_the_row(ladder: Ladder) -> None:
    text = look(ladder, "--find", "иВан", "--page-size", "2")
    assert [row.split()[:2] for row in rows_of(text)] == [["5", "▸"]]
    assert "page 3 of 3" in text


def test_find_marks_every_row_of_the_player_on_the_page(ladder: Ladder) -> None:
    assert [("▸" in row) for row in rows_of(look(ladder, "--find", "Serral"))] == [False, False, True, True, False]


def test_the_marked_row_also_stands_out_in_colour(ladder: Ladder) -> None:
    text = invoke(ladder, "leaderboard", "--now", NOW, "--find", "maru", terminal=True).stdout
    row = next(line for line in text.split("\n") if "Maru" in line)
    assert "\x1b[1;7m" in row


def test_a_name_that_is_exactly_so_is_the_one(ladder: Ladder) -> None:
    ladder.put(Standing(name="Maru2", mmr=1000), Standing(name="Amaru", mmr=900))
    assert "Maru " in next(row for row in rows_of(look(ladder, "--find", "MARU")) if "▸" in row)


def test_several_names_are_listed(ladder: Ladder) -> None:
    text = look(ladder, "--find", "r")
    assert text.startswith("Several players have that in their name")
    assert "  🇰🇷 KR  Maru\n" in text
    assert "  🇰🇷 KR  Fresh  not ranked\n" in text
    assert "Several players" in refusal(ladder, "leaderboard", "--now", NOW, "--json", "--find", "r")


def test_find_with_json_gives_the_page(ladder: Ladder) -> None:
    found = look_json(ladder, "--find", "Иван", "--page-size", "2")
    assert (found["current_page"], [row["player_name"] for row in found["players"]]) == (3, ["Иван"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--find", "Nobody"), "Nobody on this ladder has 'Nobody' in their name."),
        (("--find", "Gone"), "Gone is not ranked: no games yet, or none recently enough; try --inactivity-days off."),
        (("--find", "Maru", "--race", "z2", "--rank", "B"), "leave some out: --race sc2_zerg."),
    ],
)
def test_a_player_who_is_not_there_is_said_to_be_missing_and_why(
    ladder: Ladder, arguments: tuple[str, ...], words: str
) -> None:
    assert words in refusal(ladder, "leaderboard", "--now", NOW, *arguments)


# Nothing to show


def test_nobody_under_the_filters_says_which_to_leave_out(ladder: Ladder) -> None:
    text = look(ladder, "--race", "bw_zerg", "--country", "FI", "--rank", "S")
    assert text.split("\n")[2:] == [
        "Nobody is listed under these filters.",
        "  without --race bw_zerg: still nobody",
        "  without --country FI: still nobody",
        "  without --rank S: still nobody",
        "",
    ]
    assert "  without --race bw_zerg: 2 entries\n" in look(ladder, "--race", "bw_zerg", "--country", "FI")


def test_everybody_inactive_says_since_when_and_what_to_change(ladder: Ladder) -> None:
    text = look(ladder, "--now", "2026-06-01T12:00:00Z")
    assert "the last game was played 3 mo ago, on 2026-03-01T11:30:00Z." in text
    assert "within the last 14 days" in text
    assert "--inactivity-days off" in text
    assert "TOPRUNG_INACTIVITY_DAYS=off" in text


def test_an_empty_ladder_says_how_to_begin() -> None:
    for ladder in (Ladder(), Ladder().put(Standing(name="Fresh", mmr=1500, won=0, lost=0))):
        text = look(ladder, "--race", "bw_zerg")
        assert "Nobody has played on this ladder yet." in text
        assert "toprung import FILE.csv" in text
        assert "toprung demo" in text


def test_an_empty_ladder_is_an_empty_page_in_json() -> None:
    assert look_json(Ladder()) == {
        "players": [],
        "total_pages": 1,
        "current_page": 1,
        "total_players": 0,
        "version": "0-0",
    }


# Timing


def test_timing_goes_to_stderr(ladder: Ladder) -> None:
    result = invoke(ladder, "leaderboard", "--now", NOW, "--json", "--timing")
    assert json.loads(result.stdout)["total_players"] == 5
    lines = result.stderr.rstrip("\n").split("\n")
    assert lines[0] == "opened in 12.3 ms"
    assert re.fullmatch(r"1 read: fastest \d+\.\d{3} ms, median \d+\.\d{3} ms, slowest \d+\.\d{3} ms", lines[1])
    assert re.fullmatch(r" +(up to|over) [\d.]+ ms █{30} 1", lines[2])


# Hostile names


def test_markup_in_a_name_is_text(ladder: Ladder) -> None:
    name = "[red]x[/red] :smile:"
    ladder.put(Standing(name=name, mmr=2500))
    assert name in look(ladder)
    assert name in invoke(ladder, "leaderboard", "--now", NOW, "--find", name, terminal=True).stdout


def test_no_control_character_of_a_name_reaches_the_terminal(ladder: Ladder) -> None:
    ladder.put(Standing(name="\x1b]0;own\x07\x1b[2J\r\n\x9b31m\u202eevil", mmr=2500))
    for arguments in (("leaderboard",), ("leaderboard", "--find", "evil"), ("player", "search", "evil")):
        text = invoke(ladder, *arguments, "--now", NOW).stdout
        assert "evil" in text or "…" in text
        assert not {"\x1b", "\x07", "\r", "\x9b", "\u202e"} & set(text)
    assert "\\u001b]0;own" in look(ladder, columns=140)


def test_a_name_from_right_to_left_is_isolated_from_the_numbers_beside_it(ladder: Ladder) -> None:
    ladder.put(Standing(name="محمد علي", mmr=2500))
    text = look(ladder)
    assert "\u2068محمد علي\u2069" in text
    assert len({cell_len(row) for row in rows_of(text)}) == 1


def test_a_terminal_without_unicode_gets_question_marks(ladder: Ladder) -> None:
    from typer.testing import CliRunner

    from toprung.interfaces.cli.app import create_cli

    result = CliRunner(charset="ascii").invoke(create_cli(ladder), ["leaderboard", "--now", NOW])
    assert (result.exit_code, result.exception) == (0, None)
    assert "???" in result.stdout
    assert "Maru" in result.stdout
