"""`toprung player …`."""

import json
from dataclasses import replace

import pytest

from tests.interfaces.cli.ladder import Ladder, Standing
from tests.interfaces.cli.running import NOW, invoke, look_json, refusal
from tests.support.fakes.ladder import FakeTransaction
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.moment import from_iso
from toprung.domain.players.departure import Departure
from toprung.domain.players.player import Player, PlayerId


@pytest.fixture
def ladder() -> Ladder:
    return Ladder().put(
        Standing(name="Maru", mmr=2300, race="sc2_terran"),
        Standing(name="Maru", mmr=2400, race="bw_terran"),
        Standing(name="마루", mmr=1500, country=None),
        Standing(name="Amaru", mmr=1400, country="PE", won=0, lost=0),
    )


def said(ladder: Ladder, *arguments: str) -> str:
    result = invoke(ladder, "player", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_search_shows_who_it_finds_and_where_they_stand(ladder: Ladder) -> None:
    head, _, *rows = said(ladder, "search", "maru", "--now", NOW).rstrip("\n").split("\n")
    assert head.split() == ["Player", "id", "#", "MMR"]
    assert [row.split() for row in rows] == [
        ["🇰🇷", "KR", "Maru", "1", "1", "C", "T1", "2400"],
        ["🇵🇪", "PE", "Amaru", "3", "not", "ranked"],
    ]
    assert said(ladder, "search", "maru", "--limit", "1", "--now", NOW).count("aru") == 1


def test_search_that_finds_nobody_says_so(ladder: Ladder) -> None:
    assert refusal(ladder, "player", "search", "nobody") == "Nobody on this ladder has 'nobody' in their name."
    assert "at most 64 characters" in refusal(ladder, "player", "search", "x" * 65)


def test_head_to_head(ladder: Ladder) -> None:
    assert said(ladder, "head-to-head", "Maru", "amaru") == "Maru and Amaru have not played each other yet.\n"
    maru, amaru = (Participant(player_id=ladder.player(name).id, race="bw_terran") for name in ("Maru", "Amaru"))
    played = FinalMatch(
        source_key="a", sides=((amaru,), (maru,)), result=MatchResult.SIDE_1_WON, ended_at_us=from_iso(NOW)
    )
    FakeTransaction(ladder.storage.database).matches.add([played], recorded_at_us=from_iso(NOW))
    told = f"Maru has played Amaru 1 time: 0 won, 1 lost, 0 drawn; last at {NOW}.\n"
    assert said(ladder, "head-to-head", "Maru", "Amaru") == told
    assert json.loads(said(ladder, "head-to-head", "amaru", "maru", "--json")) == {
        "player_id": str(amaru.player_id),
        "opponent_id": str(maru.player_id),
        "games_played": 1,
        "games_won": 1,
        "games_lost": 0,
        "games_drawn": 0,
        "last_played": NOW,
    }
    korean = invoke(ladder, "--language", "ko", "player", "head-to-head", "Maru", "Amaru").stdout
    assert korean == f"Amaru 상대 Maru의 전적 1경기: 0승 1패 0무. 마지막 경기: {NOW}.\n"
    assert "against themselves" in refusal(ladder, "player", "head-to-head", "Maru", "maru")
    assert "There is no player called 'Nobody'" in refusal(ladder, "player", "head-to-head", "Maru", "Nobody")


def test_add(ladder: Ladder) -> None:
    assert (
        said(ladder, "add", "Serral", "--country", "fi")
        == "Added Serral (FI), id 4: 1 new player, 0 changed, 0 unchanged.\n"
    )
    assert said(ladder, "add", "Nemo") == "Added Nemo, id 5: 1 new player, 0 changed, 0 unchanged.\n"
    assert "belongs to Serral" in refusal(ladder, "player", "add", "SERRAL")
    assert "did you mean GB" in refusal(ladder, "player", "add", "Fish", "--country", "UK")
    assert "control character" in refusal(ladder, "player", "add", "x\x1b[31m")


def test_rename(ladder: Ladder) -> None:
    assert said(ladder, "rename", "maru", "[red]마루2[/red]") == "maru is now [red]마루2[/red] (KR), id 1.\n"
    assert "There is no player called 'Maru'" in refusal(ladder, "player", "rename", "Maru", "Other")


def test_country(ladder: Ladder) -> None:
    assert said(ladder, "country", "마루", "kr") == "마루 now has KR.\n"
    assert said(ladder, "country", "마루", "None") == "마루 now has no country.\n"
    assert ladder.player("마루").country is None


def test_ban_and_unban(ladder: Ladder) -> None:
    assert said(ladder, "ban", "maru") == "Maru (KR), id 1 is banned and off the leaderboard.\n"
    assert look_json(ladder)["total_players"] == 1
    assert "banned" in said(ladder, "search", "MARU", "--now", NOW).split("\n")[2]  # this one is for organisers
    assert refusal(ladder, "leaderboard", "--find", "maru") == "Maru is banned."
    assert said(ladder, "unban", "maru") == "Maru (KR), id 1 is not banned any more.\n"
    assert look_json(ladder)["total_players"] == 3


def test_where_the_ladder_is_reaches_the_builder(ladder: Ladder) -> None:
    said(ladder, "ban", "maru", "--database", "sqlite:///x.db", "--game", "sc2")
    assert (ladder.options[-1].database, ladder.options[-1].game) == ("sqlite:///x.db", "sc2")


def test_a_name_that_begins_with_a_dash_can_be_said(ladder: Ladder) -> None:
    assert said(ladder, "add", "--", "-dash-") == "Added -dash-, id 4: 1 new player, 0 changed, 0 unchanged.\n"


def test_restore(ladder: Ladder) -> None:
    database = ladder.storage.database
    database.players[PlayerId(4)] = Player(id=PlayerId(4), name="Deleted player 4")
    database.name_keys[PlayerId(4)] = "\n4"
    assert "Nothing is known of Amaru" in refusal(ladder, "player", "restore", "amaru")
    departure = Departure(player_id=PlayerId(4), account_hash="a", name_hash="b", left_at_us=0)
    database.departures[PlayerId(4)] = departure
    assert "has not come back" in refusal(ladder, "player", "restore", "deleted player 4")
    database.departures[PlayerId(4)] = replace(departure, returned_as=ladder.player("Amaru").id)
    assert said(ladder, "restore", "amaru", "--reason", "x") == "Amaru (PE), id 4 has the old entry back.\n"
    assert ladder.player("Amaru").id == 4
