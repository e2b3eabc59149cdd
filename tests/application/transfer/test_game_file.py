"""The file of games: what it must say for a game of one race and of several, and what is refused with which reason."""

from functools import cache
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.life.strategies import NOW_US, catalog, moments, name_keys, names
from toprung.adapters.catalog_files import load_catalog
from toprung.application.transfer.game_file import GameFileReader, GameRow
from toprung.application.transfer.table_file import ImportRefused
from toprung.domain.game.catalog import Catalog
from toprung.domain.moment import from_iso, to_iso
from toprung.domain.players.names import csv_cell

HALO2: Final = Path(__file__).parents[3] / "examples" / "games" / "halo2"
HEADER: Final = "ended_at,game_id,player_1,player_2,score_1,score_2"
WITH_RACES: Final = f"{HEADER},race_1,race_2"
END: Final = "2026-09-01T10:00:00Z"


@cache
def one_race() -> Catalog:
    return load_catalog(HALO2)


def read(header: str, *lines: str, races: Catalog | None = None) -> list[GameRow]:
    reader = GameFileReader(catalog=races or one_race(), name_keys=name_keys())
    return reader.read("\n".join((header, *lines)), now_us=NOW_US)


def problems_of(header: str, *lines: str, races: Catalog | None = None) -> list[tuple[int, str, str]]:
    with pytest.raises(ImportRefused) as raised:
        read(header, *lines, races=races)
    return [(problem.line, problem.column, problem.reason) for problem in raised.value.problems]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@given(
    players=st.lists(names, min_size=2, max_size=2, unique_by=lambda name: name_keys().key(name)),
    ended_at_us=moments,
    scores=st.tuples(*[st.integers(-100, 100) | st.floats(-1e15, 1e15)] * 2),
    game_id=names,
)
def test_every_lawful_game_is_read_as_it_was_written(
    players: list[str], ended_at_us: int, scores: tuple[float, float], game_id: str
) -> None:
    cells = (to_iso(ended_at_us), game_id, *map(csv_cell, players), *map(str, scores))
    (game,) = read(HEADER, ",".join(map(quoted, cells)))
    assert [player.name for player in game.players] == players
    assert [player.name_key for player in game.players] == [name_keys().key(name) for name in players]
    assert (game.game_id, game.ended_at_us) == (game_id, ended_at_us)
    assert game.scores == tuple(float(str(score)) for score in scores)
    assert game.races == ("spartan", "spartan")


def test_a_game_of_one_race_may_name_it_or_not() -> None:
    assert read(HEADER, f"{END},1,Ann,Bob,1,0")[0].races == ("spartan", "spartan")
    assert read(WITH_RACES, f"{END},1,Ann,Bob,1,0,spartan,")[0].races == ("spartan", "spartan")
    assert problems_of(WITH_RACES, f"{END},1,Ann,Bob,1,0,zerg,")[0][:2] == (2, "race_1")


def test_a_game_of_several_races_needs_to_be_told_which() -> None:
    found = problems_of(HEADER, f"{END},1,Ann,Bob,1,0", races=catalog())
    assert found == [(1, column, "the column is missing") for column in ("race_1", "race_2")]
    (game,) = read(WITH_RACES, f"{END},1,Ann,Bob,1,0,bw_zerg,sc2_terran", races=catalog())
    assert game.races == ("bw_zerg", "sc2_terran")
    assert problems_of(WITH_RACES, f"{END},1,Ann,Bob,1,0,bw_zerg,", races=catalog())[0][:2] == (2, "race_2")


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ("soon,1,Ann,Bob,1,0", "ended_at", "'soon' is not a time like"),
        ("2026-09-26T12:00:00Z,1,Ann,Bob,1,0", "ended_at", "lies in the future"),
        (f"{END},,Ann,Bob,1,0", "game_id", "a game needs an id of 1 to 100 characters"),
        (f"{END},{'x' * 101},Ann,Bob,1,0", "game_id", "a game needs an id of 1 to 100 characters"),
        (f"{END},a\0b,Ann,Bob,1,0", "game_id", "character 2 of the id may not be there (control character)"),
        (f"{END},a\u202eb,Ann,Bob,1,0", "game_id", "character 2 of the id may not be there (invisible character)"),
        (f"{END},1,,Bob,1,0", "player_1", "at least one letter or digit"),
        (f"{END},1,Ann,a\u200bb,1,0", "player_2", "invisible character"),
        (f"{END},1,Ann,Ann,1,0", "player_2", "a player against themselves"),
        (f"{END},1,Ann,Bob,,0", "score_1", "'' is not a number"),
        (f"{END},1,Ann,Bob,nan,0", "score_1", "'nan' is not a score"),
        (f"{END},1,Ann,Bob,0,-inf", "score_2", "'-inf' is not a score"),
    ],
)
def test_a_line_that_cannot_be_is_named(cells: str, column: str, reason: str) -> None:
    (problem,) = problems_of(HEADER, f"{END},good,Ann,Bob,1,0", cells)
    assert problem[:2] == (3, column)
    assert reason in problem[2]


def test_every_wrong_line_is_listed_with_those_of_another_shape_and_ids_that_stand_there_twice() -> None:
    good = f"{END},1,Ann,Bob,1,0"
    found = problems_of(HEADER, good, "x,2,Ann,Bob,y,0", good, "1,2,3", f"{END},3,Ann,Ann,0,0")
    assert [problem[:2] for problem in found] == [
        (3, "ended_at"),
        (3, "score_1"),
        (4, "game_id"),
        (5, ""),
        (6, "player_2"),
    ]
    assert found[2][2] == "stands on line 2 already"


def test_games_stay_in_the_order_of_the_file() -> None:
    lines = [f"{END},{number},Ann,Bob,1,0" for number in (3, 1, 2)]
    assert [game.game_id for game in read(HEADER, *lines)] == ["3", "1", "2"]


def test_a_moment_is_read_to_the_microsecond() -> None:
    (game,) = read(HEADER, "2026-09-01T10:00:00.000001Z,1,Ann,Bob,1,0")
    assert game.ended_at_us == from_iso(END) + 1


@pytest.mark.parametrize(
    "alike",
    [
        ("llIIll1ll1lI", "IIIIIIIIIIII", "lIlIlIlIlIlI"),
        ("tiGer", "TigEr"),
        ("Corner", "Comer"),
        ("Ann", "\N{CYRILLIC CAPITAL LETTER A}nn"),
        ("x0x", "xOx", "xox"),
    ],
)
def test_names_that_look_alike_are_a_question_with_every_line(alike: tuple[str, ...]) -> None:
    found = problems_of(HEADER, *(f"{END},{number},{name},Other,1,0" for number, name in enumerate(alike)))
    assert [(line, column) for line, column, _ in found] == [(2 + place, "player_1") for place in range(len(alike))]
    for place, (_, _, reason) in enumerate(found):
        assert reason.startswith(f"{alike[place]!r} looks like ")
        assert all(f"{name!r} on line {2 + other}" in reason for other, name in enumerate(alike) if other != place)


def test_two_look_alikes_who_play_each_other_are_the_same_question() -> None:
    found = problems_of(HEADER, f"{END},1,tiGer,TigEr,1,0")
    assert [(line, column) for line, column, _ in found] == [(2, "player_1"), (2, "player_2")]


def test_the_same_name_composed_and_decomposed_is_one_name() -> None:
    first, second = read(
        HEADER,
        f"{END},1,Jos\N{LATIN SMALL LETTER E WITH ACUTE},Ann,1,0",
        f"{END},2,Ann,Jose\N{COMBINING ACUTE ACCENT},1,0",
    )
    assert first.players[0] == second.players[1]
