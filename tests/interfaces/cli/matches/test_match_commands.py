"""`toprung match …`, `why`, `verify` and `ratings recompute` as somebody at a terminal sees them."""

import getpass
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal
from toprung.application.ports.ratings import StoredRatingSystem
from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.ratings.rating import EntryId
from toprung.domain.ratings.rating_system import rating_system

HEADER = "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2\n"
GAMES = (
    "Maru,Serral,1,0,sc2_terran,sc2_zerg",
    "Serral,마루[red],1,0,sc2_zerg,bw_protoss",
    "TheUnstoppableSpaceGoose,Grzegorz_Brzęczyszczykie,1,1,bw_zerg,bw_terran",
    "無敵鐵金剛無敵鐵金剛無敵,Maru,0,1,bw_zerg,sc2_terran",
)
RESOLVE = ("match", "resolve", "1", "--reason", "the replay shows it")


def play(ladder: Ladder, folder: Path, *games: str) -> Ladder:
    file = folder / "games.csv"
    rows = [f"2026-02-{1 + number:02}T10:00:00Z,{number},{game}" for number, game in enumerate(games)]
    file.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    said(ladder, "import-games", str(file), "--source", "cup")
    return ladder


def said(ladder: Ladder, *arguments: str, columns: int = 100, stdin: str | None = None) -> str:
    result = invoke(ladder, *arguments, columns=columns, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def rows_of(text: str) -> list[list[str]]:
    _head, _rule, *rows = text.rstrip("\n").split("\n")
    return [row.split() for row in rows]


def ratings(ladder: Ladder) -> dict[str, int]:
    players = ladder.storage.database.players
    return {players[entry.player_id].name: entry.mmr for entry in ladder.storage.database.entries.values()}


@pytest.fixture
def ladder(tmp_path: Path) -> Ladder:
    return play(Ladder(), tmp_path, *GAMES)


def test_the_list_begins_with_the_newest_match(ladder: Ladder) -> None:
    rows = rows_of(said(ladder, "match", "list", columns=120))
    assert [row[0] for row in rows] == ["4", "3", "2", "1"]
    assert " ".join(rows[3]) == "1 2026-02-01 10:00 Maru T2 1579 (+79) > Serral Z2 1421 (-79)"
    assert [row[7] for row in rows] == ["<", "=", ">", ">"]


def test_the_list_is_of_one_player_and_as_long_as_asked(ladder: Ladder) -> None:
    assert [row[0] for row in rows_of(said(ladder, "match", "list", "--player", "mARU"))] == ["4", "1"]
    assert [row[0] for row in rows_of(said(ladder, "match", "list", "--limit", "2"))] == ["4", "3"]
    assert [row[0] for row in rows_of(said(ladder, "match", "list", "--player", "maru", "--limit", "1"))] == ["4"]
    assert "no player called 'Nobody'" in refusal(ladder, "match", "list", "--player", "Nobody")
    assert invoke(ladder, "match", "list", "--limit", "201").exit_code == 2


def test_a_list_goes_on_where_its_cursor_says(ladder: Ladder) -> None:
    seen: list[str] = []
    arguments = ["match", "list", "--limit", "3", "--json"]
    while True:
        page = json.loads(said(ladder, *arguments))
        seen += [match["match_id"] for match in page["matches"]]
        if page["next"] is None:
            break
        arguments = ["match", "list", "--limit", "3", "--json", "--cursor", page["next"]]
    assert seen == ["4", "3", "2", "1"]
    result = invoke(ladder, "match", "list", "--limit", "3", terminal=True)
    (cursor,) = re.findall(r"--cursor (\w+)", result.stderr)
    assert [row[0] for row in rows_of(said(ladder, "match", "list", "--cursor", cursor))] == ["1"]
    assert "no cursor of this list" in refusal(ladder, "match", "list", "--cursor", "x")


def test_an_empty_ladder_has_no_matches_and_adds_up() -> None:
    assert said(Ladder(), "match", "list") == "There are no matches.\n"
    assert said(Ladder(), "verify").startswith("All adds up")
    assert said(Ladder(), "ratings", "recompute") == "Recomputed: all the same (0 new, 0 changed, 0 unchanged).\n"


@pytest.mark.parametrize("columns", [80, 120])
def test_every_row_has_one_width_and_fits(ladder: Ladder, columns: int) -> None:
    lines = said(ladder, "match", "list", columns=columns).rstrip("\n").split("\n")
    assert len(lines) == 2 + len(GAMES)
    assert len({cell_len(line) for line in lines}) == 1
    assert cell_len(lines[0]) <= columns


def test_narrow_terminals_cut_names_and_neither_races_nor_numbers(ladder: Ladder) -> None:
    goose = next(row for row in rows_of(said(ladder, "match", "list", columns=80)) if row[0] == "3")
    assert goose[3].endswith("…")
    assert goose[4:8] == ["Z1", "1500", "(+0)", "="]
    assert goose[-3:] == ["T1", "1500", "(+0)"]
    assert "TheUnstoppableSpaceGoose Z1" in said(ladder, "match", "list", columns=120)


def test_the_map_is_shown_where_there_is_room_for_it(ladder: Ladder) -> None:
    matches = ladder.storage.database.played.matches
    matches[MatchId(1)] = replace(matches[MatchId(1)], map_name="Fighting Spirit")
    assert "Fighting Spirit" in said(ladder, "match", "show", "1", columns=120)
    assert "Fighting" not in said(ladder, "match", "show", "1", columns=80)


@pytest.mark.parametrize("command", [("match", "list"), ("match", "show", "1"), ("why", "1"), (*RESOLVE, "--void")])
def test_a_hostile_name_cannot_steer_the_terminal(ladder: Ladder, command: tuple[str, ...]) -> None:
    players = ladder.storage.database.players
    for player_id, player in players.items():
        if player.name == "Maru":
            players[player_id] = replace(player, name="\x1b[2J[red]\n\u202e")
    result = invoke(ladder, *command, columns=120, stdin="n\n")
    assert "\\u001b[2J[red]\\u000a\\u202e" in result.stdout
    assert not {"\x1b", "\u202e"} & set(result.stdout)


def test_show_and_why_say_what_a_match_did_and_why(ladder: Ladder) -> None:
    sentences = said(ladder, "why", "1").splitlines()
    known = "The rating was sure to ± 201, and is now to ± 181; the less sure it is, the more one game moves it."
    assert sentences == [
        "Maru won against Serral and went from 1500 to 1579 (+79).",
        "Expected to score 50% and scored 100%, which gives +79.",
        known,
        "Serral lost against Maru and went from 1500 to 1421 (-79).",
        "Expected to score 50% and scored 0%, which gives -79.",
        known,
    ]
    shown = said(ladder, "match", "show", "1").splitlines()
    assert shown[2].split()[:5] == ["1", "2026-02-01", "10:00", "Maru", "T2"]
    assert shown[3:] == ["", *sentences]
    assert "drew against" in said(ladder, "why", "3")


@pytest.mark.parametrize("command", [("match", "show"), ("why",), ("match", "resolve", "--void", "--reason", "x")])
def test_a_match_that_is_not_there_is_said_not_to_be(ladder: Ladder, command: tuple[str, ...]) -> None:
    assert refusal(ladder, *command, "99").startswith("There is no match 99;")
    for number in ("0", str(2**63), "one"):
        assert invoke(ladder, *command, number).exit_code == 2


@pytest.mark.parametrize(
    "results", [(), ("--draw", "--flip"), ("--winner", "Maru", "--void"), ("--draw", "--flip", "--void")]
)
def test_exactly_one_result_is_needed(ladder: Ladder, results: tuple[str, ...]) -> None:
    assert refusal(ladder, *RESOLVE, *results) == "Say one of --winner NAME, --draw, --flip and --void."


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_a_reason_is_needed(ladder: Ladder, reason: tuple[str, ...]) -> None:
    assert refusal(ladder, "match", "resolve", "1", "--draw", *reason).startswith("Say why with --reason TEXT")


@pytest.mark.parametrize("reason", ["x" * 501, "\x1b[2J", "a\x00b"])
def test_a_reason_that_cannot_be_kept_is_refused_and_changes_nothing(ladder: Ladder, reason: str) -> None:
    before = ladder.storage.database.copied()
    result = invoke(ladder, "match", "resolve", "1", "--void", "--yes", "--reason", reason)
    assert (result.exit_code, "reason" in result.stderr) == (1, True)
    assert ladder.storage.database == before


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_whoever_does_not_say_yes_changes_nothing(ladder: Ladder, answer: str) -> None:
    before = ladder.storage.database.copied()
    result = invoke(ladder, *RESOLVE, "--flip", stdin=answer)
    assert "Correct it so? [y/N]" in result.stderr
    assert result.stdout.endswith("Nothing was changed.\n") or (answer, result.exit_code) == ("", 1)
    assert ladder.storage.database == before


def test_the_preview_says_who_moves_by_how_much_and_yes_makes_it_so(ladder: Ladder) -> None:
    lines = said(ladder, *RESOLVE, "--flip", stdin="y\n").splitlines()
    assert lines[:2] == [
        "Match 1: a win of Maru against Serral; it would be a win of Serral against Maru.",
        "This moves 4 ratings and rates 6 changes anew:",
    ]
    assert sorted(lines[2:4]) == ["   +133   1508 ->  1641  Serral Z2", "   -133   1641 ->  1508  Maru T2"]
    assert [line.split()[0] for line in lines[4:6]] == ["+31", "-31"]
    assert lines[-1] == "Match 1 is judged; 6 rating changes follow from it."
    assert (ratings(ladder)["Serral"], ratings(ladder)["Maru"]) == (1641, 1508)
    imported, audit = ladder.storage.database.audit
    assert imported.action == "import_games"
    assert (audit.actor, audit.subject, audit.reason) == (
        f"cli:{getpass.getuser()}",
        "match 1",
        "the replay shows it",
    )
    assert said(ladder, "verify") == "All adds up: the log leads to every rating that is stored.\n"
    assert said(ladder, "ratings", "recompute") == "Recomputed: all the same (0 new, 0 changed, 6 unchanged).\n"
    assert "This is revision 2" in said(ladder, "why", "1")


@pytest.mark.parametrize(
    ("wanted", "result"),
    [
        (("--winner", "sERRAL"), MatchResult.SIDE_2_WON),
        (("--winner", " serral "), MatchResult.SIDE_2_WON),
        (("--draw",), MatchResult.DRAW),
        (("--flip",), MatchResult.SIDE_2_WON),
    ],
)
def test_with_yes_nobody_is_asked(ladder: Ladder, wanted: tuple[str, ...], result: MatchResult) -> None:
    told = invoke(ladder, *RESOLVE, *wanted, "--yes")
    assert (told.exit_code, told.stderr) == (0, "")
    assert ladder.storage.database.played.matches[MatchId(1)].result is result
    assert said(ladder, "verify").startswith("All adds up")


def test_a_void_match_counts_for_nothing_until_it_is_judged_again(ladder: Ladder) -> None:
    said(ladder, *RESOLVE, "--void", "--yes")
    assert rows_of(said(ladder, "match", "show", "1"))[0] == (
        ["1", "2026-02-01", "10:00", "Maru", "T2", "void", "x", "Serral", "Z2", "void"]
    )
    assert said(ladder, "why", "1").startswith("Maru stays at 1500: the match is void")
    assert said(ladder, *RESOLVE, "--winner", "maru", "--yes").startswith(
        "Match 1: void, Maru against Serral; it would be a win of Maru against Serral."
    )
    assert said(ladder, "verify").startswith("All adds up")


def test_a_winner_who_did_not_play_is_refused_with_the_names_of_those_who_did(ladder: Ladder) -> None:
    assert refusal(ladder, *RESOLVE, "--winner", "Goose") == "Match 1 was played by Maru and Serral; name one."


@pytest.mark.parametrize(
    ("number", "wanted", "stands"),
    [
        ("1", ("--winner", "maru"), "counts as won by Maru"),
        ("4", ("--winner", "maru"), "counts as won by Maru"),
        ("3", ("--flip",), "counts as a draw"),
    ],
)
def test_a_correction_that_changes_nothing_is_refused(
    ladder: Ladder, number: str, wanted: tuple[str, ...], stands: str
) -> None:
    told = refusal(ladder, "match", "resolve", number, "--reason", "x", *wanted)
    assert told == f"Match {number} {stands} already; there is nothing to correct."


def test_a_match_that_is_void_already_is_not_voided_again(ladder: Ladder) -> None:
    said(ladder, *RESOLVE, "--void", "--yes")
    assert refusal(ladder, *RESOLVE, "--void") == "Match 1 is void already; there is nothing to correct."


def test_a_long_preview_is_cut_to_the_largest_moves(tmp_path: Path) -> None:
    later = [f"{one},{one} {n},{n % 2},{(n + 1) % 2},bw_zerg,bw_zerg" for n in range(13) for one in ("Ann", "Bob")]
    ladder = play(Ladder(), tmp_path, "Ann,Bob,1,0,bw_zerg,bw_zerg", *later)
    lines = said(ladder, *RESOLVE, "--flip", stdin="n\n").splitlines()
    moved = int(lines[1].split()[2])
    assert moved > 20
    moves = [abs(int(line.split()[0])) for line in lines if " -> " in line]
    assert len(moves) == 20
    assert moves == sorted(moves, reverse=True)
    assert f"  … and {moved - 20} more, none by more than these." in lines


def test_a_user_without_a_name_can_correct(ladder: Ladder, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nameless)
    said(ladder, *RESOLVE, "--void", "--yes")
    assert ladder.storage.database.audit[-1].actor == "cli"


def raise_a_rating(ladder: Ladder) -> None:
    entries = ladder.storage.database.entries
    entries[EntryId(1)] = replace(entries[EntryId(1)], state=replace(entries[EntryId(1)].state, mmr=9999))


def raise_a_row(ladder: Ladder) -> None:
    journal = ladder.storage.database.journal
    at = next(at for at, row in enumerate(journal) if row.match_id == 4)
    journal[at] = replace(journal[at], after=replace(journal[at].after, mmr=9999))


def lose_a_row(ladder: Ladder) -> None:
    journal = ladder.storage.database.journal
    del journal[next(at for at, row in enumerate(journal) if row.match_id == 2)]


def turn_a_result(ladder: Ladder) -> None:
    matches = ladder.storage.database.played.matches
    matches[MatchId(3)] = replace(matches[MatchId(3)], result=MatchResult.SIDE_1_WON)


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (raise_a_rating, "entry 1: mmr 9999 is stored, but the log leads to mmr 1641"),
        (raise_a_row, "played again, entry "),
        (lose_a_row, "match 2: 1 journal rows where there must be two"),
        (turn_a_result, "match 3: its rows do not count the game as it counts"),
    ],
)
def test_verify_names_what_was_tampered_with(ladder: Ladder, tamper: Callable[[Ladder], None], words: str) -> None:
    tamper(ladder)
    result = invoke(ladder, "verify")
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    count = len(result.stderr.splitlines()) - 1
    assert result.stderr.splitlines()[-1] == ("1 difference." if count == 1 else f"{count} differences.")


def test_verify_knows_that_changes_of_elo_add_up_to_zero(tmp_path: Path) -> None:
    ladder = Ladder()
    ladder.storage.database.systems.append(StoredRatingSystem(version=1, system=rating_system("elo"), at_us=0))
    play(ladder, tmp_path, *GAMES)
    assert said(ladder, "verify").startswith("All adds up")
    raise_a_row(ladder)
    assert "match 4: the changes" in invoke(ladder, "verify").stderr


def test_recompute_mends_what_verify_finds(ladder: Ladder) -> None:
    raise_a_rating(ladder)
    said_so = said(ladder, "ratings", "recompute")
    assert said_so == "Recomputed: 1 rating came out otherwise (0 new, 1 changed, 5 unchanged).\n"
    assert ratings(ladder)["Maru"] == 1641
    assert said(ladder, "verify").startswith("All adds up")
    turn_a_result(ladder)
    said_so = said(ladder, "ratings", "recompute")
    assert said_so == "Recomputed: 2 ratings came out otherwise (0 new, 2 changed, 4 unchanged).\n"


@pytest.mark.parametrize("number", ["1", None])
def test_a_log_that_lost_a_row_is_not_played(ladder: Ladder, number: str | None) -> None:
    lose_a_row(ladder)
    command = ("ratings", "recompute") if number is None else ("match", "resolve", number, "--void", "--reason", "x")
    assert refusal(ladder, *command) == (
        "The rating log cannot be played: match 2 has not two rows; see `toprung verify`."
    )


@pytest.mark.parametrize("command", [("match", "list"), ("match", "show", "1"), ("why", "1"), ("verify",)])
def test_where_the_ladder_is_reaches_the_builder(ladder: Ladder, command: tuple[str, ...]) -> None:
    said(ladder, *command, "--database", "sqlite:///x.db", "--game", "sc_evo")
    assert (ladder.options[-1].database, ladder.options[-1].game) == ("sqlite:///x.db", "sc_evo")
