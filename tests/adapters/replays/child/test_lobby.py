"""Who sat where: name and account from the lobby, race and result from the details, whatever order each has."""

import json
import random
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.replays.synthetic_replay import SyntheticGame, SyntheticPlayer, details_of, replay_of
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.replays.child.parser import parse_replay
from toprung.adapters.replays.reading import decode_reading
from toprung.domain.replays.replay import READER, ReplayInvalid, ReplayReading

SC2 = load_catalog(find_game("sc2"))

MARU = SyntheticPlayer(name="Maru", uid=101, race="Terran", picked_race="Terr", result="win", slot_id=0)
SERRAL = SyntheticPlayer(name="Serral", uid=202, race="Zerg", picked_race="Zerg", result="loss", slot_id=1)
RANDY = SyntheticPlayer(name="Randy", uid=303, race="Protoss", picked_race="RAND", result="unknown", slot_id=2)
MACHINE = SyntheticPlayer(name="A.I. 1", uid=0, race="Zerg", result="loss", is_computer=True, slot_id=3)
GAME = SyntheticGame(players=(MARU, SERRAL))


def reading_of(game: SyntheticGame, details: SyntheticGame | None = None) -> ReplayReading:
    """What is read of a game; of one whose details are those of another, where they are given."""
    files = {} if details is None else {"replay.details": details_of(details)}
    data = replay_of(replace(game, extra_files=files))
    return decode_reading(json.dumps(parse_replay(data)).encode(), SC2)


def told(reading: ReplayReading) -> list[tuple[str, str | None, str, str | None, str, bool]]:
    """What is said of each player."""
    return [
        (player.name, player.handle, player.race_text, player.picked_race, player.result.value, player.is_computer)
        for player in reading.players
    ]


def anonymous(game: SyntheticGame) -> SyntheticGame:
    """The game without its players' accounts."""
    return replace(game, players=tuple(replace(player, uid=0) for player in game.players))


@pytest.mark.parametrize("has_slot_ids", [True, False], ids=["ids", "no ids"])
@pytest.mark.parametrize("has_accounts", [True, False], ids=["accounts", "no accounts"])
@pytest.mark.parametrize("order", list(permutations(range(4))), ids=lambda order: "".join(map(str, order)))
def test_the_order_of_the_details_says_nothing(order: tuple[int, ...], has_slot_ids: bool, has_accounts: bool) -> None:
    players = (MARU, SERRAL, RANDY, MACHINE)
    game = SyntheticGame(players=players, has_slot_ids=has_slot_ids)
    game = game if has_accounts else anonymous(game)
    shuffled = replace(game, players=tuple(game.players[at] for at in order))
    assert told(reading_of(game, shuffled)) == told(reading_of(game))
    assert [(name, race, result) for name, _, race, _, result, _ in told(reading_of(game))] == [
        (player.name, player.race, player.result) for player in players
    ]


def test_in_a_mirror_the_winner_has_won() -> None:
    maru, serral = replace(MARU, race="Zerg", picked_race="Zerg"), SERRAL
    reading = reading_of(replace(GAME, players=(maru, serral)), replace(GAME, players=(serral, maru)))
    assert [(player.name, player.result.value) for player in reading.players] == [("Maru", "win"), ("Serral", "loss")]


def test_two_of_one_name_are_told_apart_by_their_slots_and_by_their_accounts() -> None:
    twins = replace(MARU, name="IlIlIl"), replace(SERRAL, name="IlIlIl")
    for game in (
        SyntheticGame(players=twins),
        SyntheticGame(players=twins, has_slot_ids=False),
        anonymous(SyntheticGame(players=twins)),
    ):
        turned = replace(game, players=game.players[::-1])
        assert [player.result.value for player in reading_of(game, turned).players] == ["win", "loss"]


def test_who_watched_from_the_first_slots_takes_nobodys_place() -> None:
    game = replace(GAME, observers=("Caster", "Referee"))
    reading = reading_of(game, replace(game, players=(SERRAL, MARU)))
    assert reading.observers == ("Caster", "Referee")
    assert [(player.name, player.race) for player in reading.players] == [("Maru", "terran"), ("Serral", "zerg")]


def test_a_lobby_without_ids_is_joined_by_account_though_the_details_have_them() -> None:
    game = SyntheticGame(players=(MARU, SERRAL), has_slot_ids=False)
    details = SyntheticGame(players=(SERRAL, MARU))
    assert told(reading_of(game, details)) == told(reading_of(game))


@pytest.mark.parametrize("clan", ["[Clan]<sp/>", "[Clan]", "&lt;Clan&gt;<sp/>", "<Clan><sp/>"])
def test_a_clan_before_a_name_is_no_contradiction(clan: str) -> None:
    game = anonymous(SyntheticGame(players=(MARU, SERRAL), has_slot_ids=False))
    marked = tuple(replace(player, name=clan + player.name) for player in game.players[::-1])
    assert told(reading_of(game, replace(game, players=marked))) == told(reading_of(game))


IDS = {
    "an id that no slot has": (replace(MARU, slot_id=7), SERRAL),
    "one id twice": (MARU, replace(SERRAL, slot_id=0)),
    "ids turned round, accounts not": (replace(MARU, slot_id=1), replace(SERRAL, slot_id=0)),
}
CONTRADICTIONS = {
    "another account in that slot": (MARU, replace(SERRAL, uid=999)),
    "another name in that slot": (MARU, replace(SERRAL, name="Reynor")),
    "accounts turned round": (replace(MARU, uid=202), replace(SERRAL, uid=101)),
    "a computer where somebody sat": (MARU, replace(SERRAL, is_computer=True)),
    "one too many": (MARU, SERRAL, RANDY),
    "one too few": (MARU,),
    "nobody": (),
}


@pytest.mark.parametrize("players", [*IDS.values(), *CONTRADICTIONS.values()], ids=[*IDS, *CONTRADICTIONS])
def test_files_that_contradict_each_other_say_nothing(players: tuple[SyntheticPlayer, ...]) -> None:
    with pytest.raises(ReplayInvalid):
        reading_of(GAME, replace(GAME, players=players))


@pytest.mark.parametrize("players", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_files_without_ids_can_contradict_each_other_too(players: tuple[SyntheticPlayer, ...]) -> None:
    game = replace(GAME, has_slot_ids=False)
    with pytest.raises(ReplayInvalid):
        reading_of(game, replace(game, players=players))


@given(
    names=st.lists(st.sampled_from(["Maru", "Serral", "IlI", "lIl", "herO"]), min_size=2, max_size=6),
    order=st.randoms(use_true_random=False),
    has_slot_ids=st.booleans(),
)
def test_each_players_result_stays_with_the_account(names: list[str], order: random.Random, has_slot_ids: bool) -> None:
    results = ("win", "loss", "unknown")
    players = tuple(
        SyntheticPlayer(name=name, uid=100 + at, result=results[at % 3], slot_id=at) for at, name in enumerate(names)
    )
    game = SyntheticGame(players=players, has_slot_ids=has_slot_ids)
    shuffled = list(players)
    order.shuffle(shuffled)
    reading = reading_of(game, replace(game, players=tuple(shuffled)))
    assert [(player.handle, player.name, player.result.value) for player in reading.players] == [
        (f"2-S2-1-{player.uid}", player.name, player.result) for player in players
    ]


def test_a_reading_says_which_reader_made_it_and_an_old_one_that_the_first_did() -> None:
    answer = parse_replay(replay_of(GAME))
    assert decode_reading(json.dumps(answer).encode(), SC2).reader == READER
    del answer["reader"]
    assert decode_reading(json.dumps(answer).encode(), SC2).reader == 1
    with pytest.raises(ReplayInvalid):
        decode_reading(json.dumps({**answer, "reader": READER + 1}).encode(), SC2)
