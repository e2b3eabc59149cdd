"""`toprung match create|confirm|abort|report|withdraw|cancel`, and looking at what came of it."""

import json

import pytest

from tests.interfaces.cli import ladder as ladder_module
from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal
from tests.support.map_links import AMERICAS, PAGE, with_links

CREATE = ("match", "create", "Maru", "Serral", "--race-1", "sc2_terran", "--race-2", "sc2_zerg")


@pytest.fixture
def ladder() -> Ladder:
    made = Ladder()
    for name in ("Maru", "Serral", "Goose"):
        said(made, "player", "add", name)
    return made


def said(ladder: Ladder, *arguments: str) -> str:
    result = invoke(ladder, *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def begin(ladder: Ladder) -> None:
    said(ladder, *CREATE)
    said(ladder, "match", "confirm", "1", "--as", "maru")
    said(ladder, "match", "confirm", "1", "--as", "Serral")


def test_a_match_goes_from_two_names_to_a_result(ladder: Ladder) -> None:
    assert said(ladder, *CREATE) == "Match 1 is open; both players have to confirm it.\n"
    assert said(ladder, "match", "confirm", "1", "--as", "Maru").startswith("Match 1 is assigned;")
    assert said(ladder, "match", "confirm", "1", "--as", "Serral").startswith("Match 1 is in progress;")
    assert said(ladder, "match", "report", "1", "win", "--as", "Maru").startswith("Match 1 is reported;")
    shown = said(ladder, "match", "show", "1")
    assert "Maru says: Maru won." in shown
    assert "Without an answer of Serral by 2026-03-02 12:00:00 UTC it counts as Maru won." in shown
    assert said(ladder, "match", "report", "1", "loss", "--as", "Serral").startswith("Match 1 is completed;")
    assert said(ladder, "why", "1").startswith("Maru won against Serral")
    assert json.loads(said(ladder, "why", "1", "--json"))["sentences"][0].startswith("Maru won against Serral")
    assert said(ladder, "verify").startswith("All adds up")


def test_an_open_match_says_where_its_map_is(ladder: Ladder, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = with_links(ladder_module.catalog_of(ladder.game), PAGE, AMERICAS)
    monkeypatch.setattr(ladder_module, "catalog_of", lambda _: catalog)
    begin(ladder)
    shown = said(ladder, "match", "show", "1").splitlines()
    assert f"The map: {PAGE.address}" in shown
    assert f"The map, Americas: {AMERICAS.address}" in shown
    assert "In the game's chat: SCEvoLadder" in shown
    links = [
        {"game_region": None, "address": PAGE.address},
        {"game_region": "Americas", "address": AMERICAS.address},
    ]
    assert json.loads(said(ladder, "match", "show", "1", "--json"))["map_links"] == links
    assert json.loads(said(ladder, "match", "list", "--json"))["matches"][0]["map_links"] == links
    said(ladder, "match", "report", "1", "loss", "--as", "Serral")
    assert "The map" not in said(ladder, "match", "show", "1")
    assert json.loads(said(ladder, "match", "show", "1", "--json"))["map_links"] == []


def test_the_same_key_is_the_same_match(ladder: Ladder) -> None:
    assert said(ladder, *CREATE, "--key", "friday 1") == said(ladder, *CREATE, "--key", "friday 1")
    assert "names another match already" in refusal(
        ladder,
        "match",
        "create",
        "Maru",
        "Goose",
        "--race-1",
        "sc2_terran",
        "--race-2",
        "sc2_zerg",
        "--key",
        "friday 1",
    )


def test_a_player_does_not_see_the_opponent_before_both_have_confirmed(ladder: Ladder) -> None:
    said(ladder, *CREATE)
    assert "Serral" not in said(ladder, "match", "show", "1", "--as", "Maru")
    assert json.loads(said(ladder, "match", "show", "1", "--as", "Maru", "--json"))["sides"][1] is None
    assert "Only its two players" in refusal(ladder, "match", "show", "1", "--as", "Goose")
    said(ladder, "match", "confirm", "1", "--as", "Maru")
    said(ladder, "match", "confirm", "1", "--as", "Serral")
    assert "Serral" in said(ladder, "match", "show", "1", "--as", "Maru")


def test_conflicts_list_themselves_and_are_judged_with_a_preview(ladder: Ladder) -> None:
    begin(ladder)
    for name in ("Maru", "Serral"):
        last = said(ladder, "match", "report", "1", "win", "--as", name)
    assert last.startswith("Match 1 is in conflict;")
    (match,) = json.loads(said(ladder, "match", "list", "--state", "conflict", "--json"))["matches"]
    assert [side["claim"]["result"] for side in match["sides"]] == ["side_1_won", "side_2_won"]
    assert "has no result to flip" in refusal(ladder, "match", "resolve", "1", "--flip", "--reason", "x", "--yes")
    judged = said(ladder, "match", "resolve", "1", "--winner", "Serral", "--reason", "replay", "--yes")
    assert judged.startswith("Match 1: in conflict, Maru against Serral; it would be a win of Serral against Maru.")
    assert "+79" in judged
    assert "conflict" not in said(ladder, "match", "list")
    assert said(ladder, "verify").startswith("All adds up")


def test_two_who_agree_cancel_and_one_who_aborts_sits_out(ladder: Ladder) -> None:
    begin(ladder)
    said(ladder, "match", "cancel", "1", "--as", "Maru")
    assert "Maru wants the match to count for nothing." in said(ladder, "match", "show", "1")
    assert said(ladder, "match", "cancel", "1", "--as", "Serral").startswith("Match 1 is void;")
    said(ladder, *CREATE)
    assert said(ladder, "match", "abort", "2", "--as", "Serral").startswith("Match 2 is aborted;")
    assert "Serral sits out for another 5 min after match 2" in refusal(ladder, *CREATE)
    assert said(ladder, "player", "pardon", "serral") == "1 penalty is lifted.\n"
    assert said(ladder, *CREATE) == "Match 3 is open; both players have to confirm it.\n"
    assert "has changed no rating" in refusal(ladder, "why", "2")


def test_what_cannot_be_is_refused_with_what_to_do(ladder: Ladder) -> None:
    assert "not in the map pool, which has" in refusal(ladder, *CREATE, "--map", "nowhere")
    assert "has no race" in refusal(ladder, *CREATE[:-1], "elf")
    assert "There is no player called 'Zoe'" in refusal(ladder, "match", "confirm", "1", "--as", "Zoe")
    begin(ladder)
    assert "no report of yours to withdraw" not in said(ladder, "match", "withdraw", "1", "--as", "Maru")
    said(ladder, "match", "report", "1", "draw", "--as", "Maru")
    assert said(ladder, "match", "withdraw", "1", "--as", "Maru").startswith("Match 1 is in progress;")
    assert "report its result, or agree to cancel it" in refusal(ladder, "match", "abort", "1", "--as", "Maru")
