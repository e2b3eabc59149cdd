"""The file of entries: what is written is read back, and whatever is wrong is named with its line and column."""

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.life.strategies import NOW_US, catalog, countries, ladders, name_keys
from toprung.application.ports.ratings import StoredEntry
from toprung.application.transfer.entry_file import (
    COLUMNS,
    IMPORT_ROWS_MAX,
    OPTIONAL_COLUMNS,
    EntryFileReader,
    EntryRow,
    entry_cells,
)
from toprung.application.transfer.table_file import ImportRefused, Problem, read_table
from toprung.domain.moment import MICROSECONDS_PER_DAY, from_iso

HEADER: Final = ",".join(COLUMNS)
ALL: Final = (*COLUMNS, *OPTIONAL_COLUMNS)
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


def read(*lines: str, header: str = HEADER, ending: str = "\n", rows_max: int = IMPORT_ROWS_MAX) -> list[EntryRow]:
    reader = EntryFileReader(catalog=catalog(), countries=countries(), name_keys=name_keys(), rows_max=rows_max)
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
    order=st.permutations(range(len(ALL))),
)
def test_every_lawful_entry_is_read_as_it_was_written(
    entries: list[StoredEntry], quoting: int, ending: str, order: list[int]
) -> None:
    rows = [[entry_cells(stored)[place] for place in order] for stored in entries]
    text = as_csv(rows, quoting=quoting, ending=ending, columns=[ALL[place] for place in order])
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
            games_played=stored.entry.state.games_played,
            games_won=stored.entry.state.games_won,
            games_lost=stored.entry.state.games_lost,
            games_drawn=stored.entry.state.games_drawn,
            last_played_us=stored.entry.state.last_played_us,
            player_id=stored.player.id,
            **(stored.entry.state.skill._asdict() if stored.entry.state.skill else {}),
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
        (line(race="sc2_zerg", discord_id="9"), "discord_id", "9, but line 2 has nothing for the same player"),
    ],
    ids=["entry twice", "two countries", "two accounts"],
)
def test_lines_that_contradict_one_another_are_listed(second: str, column: str, reason: str) -> None:
    assert problems_of(line(), second) == [(3, column, reason)]


def test_one_account_cannot_be_two_players() -> None:
    found = problems_of(line(discord_id="5"), line(discord_id="5", player_name="Bob"))
    assert found == [(3, "discord_id", "5 is Ann on line 2")]


@pytest.mark.parametrize(
    "alike",
    [
        ("paypal", "раураl"),
        ("HerO", "herO"),
        ("Corner", "Comer"),
        ("llIIll1ll1lI", "IIIIIIIIIIII", "lIlIlIlIlIlI"),
        ("Jose", "\N{FULLWIDTH LATIN CAPITAL LETTER J}ose", "JOSE", "josE"),
    ],
)
@pytest.mark.parametrize("race", ["bw_zerg", "sc2_zerg"])
def test_names_that_look_alike_are_a_question_with_every_line(alike: tuple[str, ...], race: str) -> None:
    lines = [line(player_name=name, race=race if number else "bw_zerg") for number, name in enumerate(alike)]
    found = problems_of(line(player_name="Other"), *lines)
    assert [problem[:2] for problem in found] == [(3 + place, "player_name") for place in range(len(alike))]
    for place, (_, _, reason) in enumerate(found):
        assert reason.startswith(f"{alike[place]!r} looks like ")
        assert all(f"{name!r} on line {3 + other}" in reason for other, name in enumerate(alike) if other != place)


def test_many_look_alikes_are_not_all_listed_with_each() -> None:
    spelled = ["".join(part) for part in itertools.product("lI1", repeat=3)]
    found = problems_of(*(line(player_name=f"x{name}") for name in spelled))
    assert len(found) == len(spelled)
    assert all("and 21 more: if it is one person" in reason for _, _, reason in found)


def test_one_name_on_several_lines_is_one_player_however_its_letters_are_made() -> None:
    composed, decomposed = "Jos\N{LATIN SMALL LETTER E WITH ACUTE}", "Jose\N{COMBINING ACUTE ACCENT}"
    rows = read(line(player_name=composed), line(player_name=decomposed, race="bw_terran"))
    assert {row.name for row in rows} == {composed}


@pytest.mark.parametrize("cell", ["1.23457E+17", "1,23457E+17", "1e17"])
def test_an_account_in_the_notation_of_a_spreadsheet_is_named_as_that(cell: str) -> None:
    found = problems_of(
        as_csv([list({**GOOD, "discord_id": cell}.values())], quoting=csv.QUOTE_ALL, ending="\n").splitlines()[1]
    )
    assert [problem[:2] for problem in found] == [(2, "discord_id")]
    assert "was rounded by a spreadsheet" in found[0][2]


def test_accounts_that_a_spreadsheet_rounded_are_refused_and_such_as_only_end_so_are_not() -> None:
    rounded = [line(discord_id=f"12345678901234{digit}000", player_name=f"p{digit}") for digit in range(3)]
    assert [problem[:2] for problem in problems_of(*rounded)] == [(number, "discord_id") for number in (2, 3, 4)]
    whole = line(discord_id="123456789012345678", player_name="Whole")
    assert len(read(*rounded, whole)) == 4
    assert len(read(line(discord_id="12345678901234500"))) == 1  # one in a hundred ends so by itself
    assert problems_of(line(discord_id="121645100408832000"))[0][:2] == (2, "discord_id")  # one in a thousand
    assert len(read(line(discord_id="5000000"))) == 1


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        (("x", "", "", ""), "player_id", "'x' is not a whole number"),
        (("", "", "0", ""), "deviation", "0 is not above 0"),
        (("", "", "nan", ""), "deviation", "'nan' is not a number"),
        (("", "", "1e9", ""), "deviation", "1e9 is not between 0 and 1000"),
        (("", "", "80,5", ""), "deviation", "'80,5' is not a number"),
        (("", "", "80", "-1"), "volatility", "-1 is not between 0 and 10"),
        (("", "1500.2", "", ""), "deviation", "missing, although rating is given"),
        (("", "", "", "0.06"), "deviation", "missing, although volatility is given"),
    ],
)
def test_what_may_be_left_out_has_to_be_right_where_it_stands(cells: tuple[str, ...], column: str, reason: str) -> None:
    text = as_csv([[*GOOD.values(), *cells]], quoting=csv.QUOTE_ALL, ending="\n", columns=(*COLUMNS, *OPTIONAL_COLUMNS))
    header, row = text.splitlines()
    assert problems_of(row, header=header) == [(2, column, reason)]


@pytest.mark.parametrize("name", ["Deleted player 7", "'Deleted player 0"])
def test_who_left_the_ladder_is_not_brought_back_under_that_name(name: str) -> None:
    if name.startswith("'"):
        assert read(line(player_name=name))[0].name == name
        return
    assert [problem[:2] for problem in problems_of(line(player_name=name))] == [(2, "player_name")]


@pytest.mark.parametrize(
    ("header", "problems"),
    [
        ("", [(1, column, "the column is missing") for column in COLUMNS]),
        (HEADER.replace(",mmr", ""), [(1, "mmr", "the column is missing")]),
        (f"{HEADER},mmr", [(1, "mmr", "the column stands there twice")]),
        (f"{HEADER},elo", [(1, "elo", f"unknown column; the columns are {HEADER},{','.join(OPTIONAL_COLUMNS)}")]),
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


def test_the_list_of_problems_has_a_limit_and_their_number_has_none() -> None:
    with pytest.raises(ImportRefused, match="the file has 5 problems") as raised:
        read(*[line(mmr="x")] * 5)
    refused = ImportRefused(raised.value.problems, listed_max=3)
    assert str(refused) == str(raised.value)
    assert (len(refused.problems), refused.problem_count) == (3, 5)


def test_a_file_has_a_limit() -> None:
    lines = [line(player_name=f"p{number}") for number in range(4)]
    assert len(read(*lines[:3], rows_max=3)) == 3
    with pytest.raises(ImportRefused) as raised:
        read(*lines, rows_max=3)
    assert raised.value.problems == (Problem(line=5, column="", reason="more than 3 lines"),)
