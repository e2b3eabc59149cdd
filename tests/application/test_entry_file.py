"""The file of entries: what is written is read back, and whatever is wrong is named with its line and column."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.strategies import NOW_US, catalog, countries, ladders, name_keys
from toprung.application.ports.storage import StoredEntry
from toprung.application.transfer import entry_file, table_file
from toprung.application.transfer.entry_file import COLUMNS, EntryFileReader, EntryRow, entry_cells
from toprung.application.transfer.table_file import ImportRefused, read_table
from toprung.domain.moment import MICROSECONDS_PER_DAY, from_iso

HEADER: Final = ",".join(COLUMNS)
GOOD: Final = {
    "discord_id": "",
    "player_name": "Ann",
    "country": "KR",
    "race": "bw_zerg",
    "mmr": "1500",
    "games_played": "3",
    "games_won": "1",
    "games_lost": "1",
    "games_drawn": "1",
    "last_played": "2026-09-01T10:00:00Z",
}


def line(**cells: str) -> str:
    return ",".join({**GOOD, **cells}.values())


def read(*lines: str, header: str = HEADER, ending: str = "\n") -> list[EntryRow]:
    reader = EntryFileReader(catalog=catalog(), countries=countries(), name_keys=name_keys())
    return reader.read(ending.join((header, *lines)), now_us=NOW_US)


def problems_of(*lines: str, header: str = HEADER) -> list[tuple[int, str, str]]:
    with pytest.raises(ImportRefused) as raised:
        read(*lines, header=header)
    assert len(raised.value.problems) == raised.value.problem_count
    return [(problem.line, problem.column, problem.reason) for problem in raised.value.problems]


def as_csv(rows: Iterable[Sequence[str]], *, quoting: int, ending: str, columns: Sequence[str] = COLUMNS) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=ending)  # type: ignore[arg-type]  # one of csv's numbers
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


@given(
    entries=ladders(),
    quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    ending=st.sampled_from(("\n", "\r\n")),
    order=st.permutations(range(len(COLUMNS))),
)
def test_every_lawful_entry_is_read_as_it_was_written(
    entries: list[StoredEntry], quoting: int, ending: str, order: list[int]
) -> None:
    rows = [[entry_cells(stored)[place] for place in order] for stored in entries]
    text = as_csv(rows, quoting=quoting, ending=ending, columns=[COLUMNS[place] for place in order])
    reader = EntryFileReader(catalog=catalog(), countries=countries(), name_keys=name_keys())
    assert reader.read(text, now_us=NOW_US) == [
        EntryRow(
            line=number,
            discord_id=stored.player.discord_id,
            name=stored.player.name,
            name_key=name_keys().key(stored.player.name),
            country=stored.player.country,
            race=stored.entry.race,
            mmr=stored.entry.mmr,
            games_played=stored.entry.games_played,
            games_won=stored.entry.games_won,
            games_lost=stored.entry.games_lost,
            games_drawn=stored.entry.games_drawn,
            last_played_us=stored.entry.last_played_us,
        )
        for number, stored in enumerate(entries, 2)
    ]


@given(entries=ladders())
def test_no_cell_that_is_written_begins_like_a_formula(entries: list[StoredEntry]) -> None:
    for stored in entries:
        name = entry_cells(stored)[1]
        assert name[0] not in "=+-@＝＋－＠\t\r"


@given(cells=st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), max_size=12), max_size=6))
def test_whatever_stands_in_a_file_every_line_is_read_or_listed(cells: list[list[str]]) -> None:
    text = as_csv(cells, quoting=csv.QUOTE_ALL, ending="\n")
    reader = EntryFileReader(catalog=catalog(), countries=countries(), name_keys=name_keys())
    given_lines = [row for row in cells if row]
    try:
        assert len(reader.read(text, now_us=NOW_US)) == len(given_lines)
    except ImportRefused as refused:
        assert len({problem.line for problem in refused.problems}) == len(given_lines)  # noqa: PT017


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("discord_id", "0", "0 is not between 1 and"),
        ("discord_id", str(2**63), "is not between 1 and 9223372036854775807"),
        ("discord_id", "12a", "'12a' is not a whole number"),
        ("discord_id", "９", "'９' is not a whole number"),
        ("player_name", "", "at least one letter or digit"),
        ("player_name", "x" * 25, "at most 24 characters; this one has 25"),
        ("player_name", "a\u202eb", "invisible character (U+202E"),
        ("country", "ZQ", "'ZQ' is not a country code"),
        ("race", "", "race"),
        ("race", "orc", "orc"),
        ("mmr", "", "'' is not a whole number"),
        ("mmr", "1500.5", "'1500.5' is not a whole number"),
        ("mmr", "1000001", "1000001 is not between -1000000 and 1000000"),
        ("mmr", "1" * 20, "is not a whole number"),
        ("games_played", "-1", "-1 is not between 0 and"),
        ("games_won", "1e3", "'1e3' is not a whole number"),
        ("games_lost", "0x1", "'0x1' is not a whole number"),
        ("games_drawn", "1_0", "'1_0' is not a whole number"),
        ("last_played", "yesterday", "'yesterday' is not a time like"),
        ("last_played", "1969-12-31T23:59:59Z", "between the years 1970 and 9998"),
        ("last_played", "2026-09-25T12:00:00.000001Z", "lies in the future"),
    ],
)
def test_a_cell_that_cannot_be_is_named(column: str, cell: str, reason: str) -> None:
    (problem,) = problems_of(line(player_name="First"), line(**{column: cell}))
    assert problem[:2] == (3, column)
    assert reason in problem[2]


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("mmr", "+7", "mmr", 7),
        ("mmr", " -7 ", "mmr", -7),
        ("country", "", "country", None),
        ("country", " kr ", "country", "KR"),
        ("race", " bw_zerg ", "race", "bw_zerg"),
        ("discord_id", "9223372036854775807", "discord_id", 2**63 - 1),
        ("last_played", "2026-09-25T12:00:00Z", "last_played_us", NOW_US + MICROSECONDS_PER_DAY),
        ("last_played", "2026-09-01 10:00:00", "last_played_us", from_iso("2026-09-01T10:00:00Z")),
        ("last_played", "2026-09-01T12:00:00.000001+02:00", "last_played_us", from_iso("2026-09-01T10:00:00Z") + 1),
        ("player_name", "'=1+1", "name", "=1+1"),
        ("player_name", "''quoted", "name", "'quoted"),
        ("player_name", "'Ann", "name", "'Ann"),
        ("player_name", "  Ann  Bob ", "name", "Ann Bob"),
    ],
)
def test_cells_may_be_written_in_several_ways(column: str, cell: str, field: str, value: object) -> None:
    (row,) = read(line(**{column: cell}))
    assert getattr(row, field) == value


def test_every_wrong_cell_of_a_line_is_listed() -> None:
    found = problems_of(line(mmr="x", country="ZQ", race="orc"))
    assert [problem[:2] for problem in found] == [(2, "country"), (2, "race"), (2, "mmr")]


def test_games_must_add_up() -> None:
    assert problems_of(line(games_won="2")) == [(2, "games_played", "3 games, but 4 won, lost and drawn together")]


def test_an_entry_without_games_may_have_a_last_played_time_or_none() -> None:
    none = dict.fromkeys(("games_played", "games_won", "games_lost", "games_drawn"), "0")
    with_time, without = read(line(**none), line(race="bw_terran", last_played="", **none))
    assert (with_time.last_played_us, without.last_played_us) == (from_iso(GOOD["last_played"]), None)
    assert problems_of(line(last_played="")) == [(2, "last_played", "missing, although games were played")]


@pytest.mark.parametrize(
    ("second", "column", "reason"),
    [
        (line(mmr="1"), "race", "Ann has bw_zerg on line 2 already"),
        (line(race="sc2_zerg", country="US"), "country", "'US', but line 2 has 'KR' for the same player"),
        (line(race="sc2_zerg", player_name="ANN"), "player_name", "'ANN', but line 2 has 'Ann' for the same player"),
        (line(race="sc2_zerg", discord_id="9"), "discord_id", "9, but line 2 has nothing for the same player"),
    ],
    ids=["entry twice", "two countries", "two spellings", "two accounts"],
)
def test_lines_that_contradict_one_another_are_listed(second: str, column: str, reason: str) -> None:
    assert problems_of(line(), second) == [(3, column, reason)]


def test_one_account_cannot_be_two_players() -> None:
    found = problems_of(line(discord_id="5"), line(discord_id="5", player_name="Bob"))
    assert found == [(3, "discord_id", "5 is Ann on line 2")]


def test_names_that_look_the_same_are_one_player() -> None:
    found = problems_of(line(player_name="paypal"), line(player_name="раураl"))
    assert [problem[:2] for problem in found] == [(3, "race"), (3, "player_name")]


@pytest.mark.parametrize(
    ("header", "problems"),
    [
        ("", [(1, column, "the column is missing") for column in COLUMNS]),
        (HEADER.replace(",mmr", ""), [(1, "mmr", "the column is missing")]),
        (f"{HEADER},mmr", [(1, "mmr", "the column stands there twice")]),
        (f"{HEADER},elo", [(1, "elo", f"unknown column; the columns are {HEADER}")]),
        (HEADER.replace(",", ";"), None),
    ],
    ids=["empty", "missing", "twice", "unknown", "semicolons"],
)
def test_a_wrong_header_is_all_that_is_said(header: str, problems: list[tuple[int, str, str]] | None) -> None:
    found = problems_of(line(mmr="x"), header=header)
    assert {problem[0] for problem in found} == {1}
    if problems is not None:
        assert found == problems


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_blank_lines_and_any_line_ending_are_fine(ending: str) -> None:
    rows = read("", line(), "", line(race="bw_terran"), "", header=f"\ufeff{HEADER}", ending=ending)
    assert [(row.line, row.race) for row in rows] == [(3, "bw_zerg"), (5, "bw_terran")]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    found = problems_of(
        line(player_name='"two\nlines"'), line(mmr="x", player_name='"a\r\nb\nc"'), line(mmr="y", race="bw_terran")
    )
    assert [problem[:2] for problem in found] == [(2, "player_name"), (4, "player_name"), (4, "mmr"), (7, "mmr")]


def test_a_line_of_another_shape_is_listed_beside_all_others() -> None:
    found = problems_of(line(mmr="x"), "Ann,KR", line(race="orc"), line() + ",more", line(country="ZQ"))
    assert [problem[:2] for problem in found] == [(2, "mmr"), (3, ""), (4, "race"), (5, ""), (6, "country")]
    assert [reason for number, _, reason in found if number in (3, 5)] == [
        "2 cells where the header has 10",
        "11 cells where the header has 10",
    ]


def test_what_is_no_csv_any_more_is_named_where_it_begins_and_hides_nothing_before_it() -> None:
    found = problems_of(line(mmr="x"), line(race="bw_terran"), line(player_name='"Ann'), line(mmr="y"))
    assert [problem[:2] for problem in found] == [(2, "mmr"), (4, "")]
    assert found[1][2].startswith("not CSV from here on: ")
    (problem,) = problems_of(line(player_name="x" * 200_000))
    assert problem[:2] == (2, "")


def test_a_table_that_is_read_without_a_list_for_problems_raises_them_together() -> None:
    with pytest.raises(ImportRefused) as raised:
        list(read_table("a,b\n1\n1,2\n1,2,3\n", ("a", "b")))
    assert [problem.line for problem in raised.value.problems] == [2, 4]


def test_the_list_of_problems_has_a_limit_and_their_number_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "PROBLEMS_LISTED_MAX", 3)
    with pytest.raises(ImportRefused, match="the file has 5 problems") as raised:
        read(*[line(mmr="x")] * 5)
    assert (len(raised.value.problems), raised.value.problem_count) == (3, 5)


def test_a_file_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_file, "IMPORT_ROWS_MAX", 3)
    lines = [line(player_name=f"p{number}") for number in range(4)]
    assert len(read(*lines[:3])) == 3
    assert problems_of(*lines) == [(5, "", "more than 3 lines")]
