"""`toprung watch`: what is unusual, said so that it accuses nobody."""

import json
from itertools import combinations
from typing import Any, Final

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal

TRADED: Final = 40
HEAD: Final = "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2"
NAMES: Final = ("Ann", "Bob", "Cid", "Dan", "Eve", "Fay")


def played(*, traded: int = TRADED) -> Ladder:
    """A ladder on which all win by turns, but that Cid always beats Fay in some more games."""
    ladder = Ladder()
    results = [(one, other, turn % 2) for turn in range(10) for one, other in combinations(NAMES, 2)]
    results += [("Cid", "Fay", 1)] * traded
    lines = [HEAD]
    for number, (one, other, won) in enumerate(results, 1):
        moment = f"2026-02-{number // 24 % 27 + 1:02}T{number % 24:02}:00:00Z"
        lines.append(f"{moment},{number},{one},{other},{won},{1 - won},sc2_zerg,sc2_zerg")
    result = invoke(ladder, "import-games", "-", "--source", "league", stdin="\n".join(lines))
    assert (result.exit_code, result.exception) == (0, None), result.stderr
    return ladder


def said(ladder: Ladder, *arguments: str, columns: int = 160) -> str:
    result = invoke(ladder, *arguments, columns=columns)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def told(ladder: Ladder, *arguments: str) -> dict[str, Any]:
    found = json.loads(said(ladder, "watch", "--json", *arguments))
    assert isinstance(found, dict)
    return found


def test_a_pair_is_listed_with_counts_expectation_and_match_numbers() -> None:
    ladder = played()
    shown = said(ladder, "watch", "--days", "3650")
    (row,) = [line for line in shown.splitlines() if line.startswith("Cid")]
    assert row.split()[:3] == ["Cid", "Fay", "50"]
    assert " 45 " in row
    assert " 40 + 40 " in row
    assert "and 38 earlier" in shown
    assert "15 pairs with 6 games or more were looked at." in shown
    assert "6 players with 20 games or more were looked at." in shown
    assert "accuses nobody" in shown
    report = told(ladder, "--days", "3650")
    (pair,) = report["pairs"]
    assert [side["player_name"] for side in pair["sides"]] == ["Cid", "Fay"]
    assert [side["other_games"] for side in pair["sides"]] == [40, 40]
    assert (pair["games"], pair["points"], len(pair["match_ids"])) == (50, 45, 50)
    assert 20 < pair["expected_points"] < 30
    assert (report["games"], report["season"], report["players"], report["accounts"]) == (190, None, [], [])


def test_where_nothing_is_unusual_that_is_said() -> None:
    shown = said(played(traded=0), "watch", "--days", "3650")
    assert "No pair has unusual results." in shown
    assert "No player has unusual results." in shown
    assert "150 games from " in shown
    empty = said(Ladder(), "watch")
    assert "0 games from " in empty


def test_what_cannot_be_looked_at_is_refused_in_a_sentence() -> None:
    ladder = Ladder()
    assert "There is no season 'summer'" in refusal(ladder, "watch", "--season", "summer")
    assert "not both" in refusal(ladder, "watch", "--season", "summer", "--days", "3")
    assert invoke(ladder, "watch", "--days", "0").exit_code == 2


def test_it_speaks_korean() -> None:
    ladder = played()
    shown = said(ladder, "--language", "ko", "watch", "--days", "3650")
    assert "누구를 탓하는 것이 아니며" in shown
    assert "상대" in shown
