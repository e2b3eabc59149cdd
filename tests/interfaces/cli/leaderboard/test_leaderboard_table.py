"""The table alone: it fits whatever the terminal's width is, in every script."""

import pytest
from rich.cells import cell_len

from tests.interfaces.cli.ladder import HOUR_US, NOW_US, Ladder, Standing
from tests.interfaces.cli.running import look
from toprung.interfaces.cli.leaderboard.leaderboard_screen import histogram
from toprung.interfaces.cli.leaderboard.leaderboard_table import ago, player_name

NAMES = ("김민철이영호선수임요환", "Иван Грозный", "王小明", "ﾊﾝｶｸ", "Żółw", "a" * 24, "테란의황제" * 4, "Maru")


@pytest.fixture(scope="module")
def ladder() -> Ladder:
    standings = [
        Standing(name=f"{NAMES[number % len(NAMES)][:22]}{number or ''}", mmr=2900 - 31 * number, won=number * 7)
        for number in range(40)
    ]
    return Ladder().put(*standings)


def table_of(text: str) -> list[str]:
    """The table's lines, its head included."""
    return text.split("\n\n")[1].split("\n")


@pytest.mark.parametrize("columns", [40, 60, 72, 80, 100, 120, 200])
@pytest.mark.parametrize("arguments", [(), ("--country", "KR"), ("--find", "Maru7")])
def test_every_row_is_one_line_of_the_same_width_that_fits(
    ladder: Ladder, columns: int, arguments: tuple[str, ...]
) -> None:
    head, rule, *rows = table_of(look(ladder, *arguments, columns=columns))
    assert len(rows) == 40
    assert len({cell_len(row) for row in (rule, *rows)}) == 1
    assert cell_len(rule) <= columns
    assert "Player" in head
    for row in rows:
        assert int(row.split()[0]) >= 1
    assert [row.split()[0] for row in rows] == [str(number) for number in range(1, 41)]


def test_narrow_terminals_drop_the_least_useful_columns(ladder: Ladder) -> None:
    heads = [table_of(look(ladder, columns=columns))[0].split() for columns in (120, 72, 64, 58, 50)]
    every = ["#", "Player", "MMR", "W-L-D", "won", "played", "percentile"]
    assert heads == [every, every[:6], [*every[:4], "played"], every[:4], every[:3]]
    rows = [table_of(look(ladder, columns=columns))[2].split() for columns in (46, 40, 34)]
    assert [row[:-2] for row in rows] == [["1", "A", "Z2", "🇰🇷", "KR"], ["1", "A", "Z2"], ["1", "A"]]


def test_long_names_are_cut_last(ladder: Ladder) -> None:
    assert "테란의황제테란의황제테란의황제테란의황제6" in look(ladder, columns=120)
    assert "테란의황제테란…" in look(ladder, columns=31)
    assert "Maru7 " in look(ladder, columns=31)


def test_a_name_is_cut_between_characters_that_are_two_cells_wide() -> None:
    assert player_name("김민철이영호", 7) == "김민철…"
    assert player_name("김민철이영호", 6) == "김민…"
    assert player_name("김민철", 6) == "김민철"
    assert cell_len(player_name("محمد علي محمد", 6)) <= 6


def test_what_the_letters_look_like(ladder: Ladder) -> None:
    from tests.interfaces.cli.running import NOW, invoke

    text = invoke(ladder, "leaderboard", "--now", NOW, terminal=True).stdout
    styles = {letter: text.split(f" {letter} \x1b[0m")[0].rsplit("\x1b[", 1)[1] for letter in "ABCDEF"}
    assert len(set(styles.values())) == 6


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (-5, "just now"),
        (0, "just now"),
        (0.5, "30 min ago"),
        (1, "1 h ago"),
        (47, "1 d ago"),
        (24 * 45, "1 mo ago"),
        (24 * 800, "2 y ago"),
    ],
)
def test_how_long_ago(hours: float, words: str) -> None:
    assert ago(NOW_US - int(hours * HOUR_US), NOW_US) == words


def test_the_histogram_has_a_line_for_each_stretch_that_has_reads() -> None:
    assert histogram([0.01, 0.05, 0.3, 400, 0.06, 0.04]) == [
        "  up to 0.05 ms ██████████████████████████████ 3",
        "   up to 0.1 ms ██████████ 1",
        "   up to 0.5 ms ██████████ 1",
        "    over 100 ms ██████████ 1",
    ]
