"""What is read of a replay: as two libraries read it, and of made ones as they were made."""

import io
import json
import random
import warnings
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import sc2reader

from tests.support.replays.archives import METHODS, repacked, unpacked
from tests.support.replays.sample_replays import (
    MADE_REPLAYS,
    SampleReplay,
    all_replays,
    each_decided_replay,
    each_replay,
)
from tests.support.replays.synthetic_replay import SyntheticGame, SyntheticPlayer, details_of, files_of, replay_of
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.replays.child.parser import PARSED_FILE_BYTES_MAX, parse_replay
from toprung.adapters.replays.reading import decode_reading
from toprung.domain.replays.replay import (
    PlayerResult,
    ReplayBomb,
    ReplayDamaged,
    ReplayInvalid,
    ReplayReading,
    UnreadableReplay,
)

SC2 = load_catalog(find_game("sc2"))
SC_EVO = load_catalog(find_game("sc_evo"))
# Of the 33 real replays; it knows no builds but those it was made for. Of one only the backup is there.
ORACLE_READS_OF_REAL = 13
UNKNOWN_RACES = {"Terran Tychus", "BW Zerg", "SC1异虫", "Ξ"}


def reading_of(data: bytes, catalog: Any = SC2) -> ReplayReading:
    return decode_reading(json.dumps(parse_replay(data)).encode(), catalog)


@pytest.fixture(autouse=True)
def _only_the_library_is_old() -> Iterator[None]:
    """s2protocol uses modules that Python will drop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@each_replay
def test_a_replay_says_what_the_library_itself_finds(replay: SampleReplay) -> None:
    data = replay.read()
    ours, theirs = reading_of(data), sc2reader.load_replay(io.BytesIO(data), load_level=2)
    assert [player.name for player in ours.players] == [player.name for player in theirs.players]
    assert [player.is_computer for player in ours.players] == [not player.is_human for player in theirs.players]
    assert list(ours.observers) == [observer.name for observer in theirs.observers]
    assert (ours.map_name, ours.map_handle) == (theirs.map_name, theirs.map_hash)
    assert (ours.region, ours.speed, ours.category) == (theirs.region, theirs.speed, theirs.category)
    assert (ours.release, ours.build, ours.frames) == (theirs.release_string, theirs.build, theirs.frames)
    assert abs(ours.ended_at_us / 1e6 - theirs.unix_timestamp) < 2
    assert all(player.race for player in ours.players if player.race_text not in UNKNOWN_RACES)


@each_replay
def test_a_replay_says_what_an_independent_library_reads(replay: SampleReplay) -> None:
    data = replay.read()
    oracle = Oracle(data)
    if oracle.protocol is None and replay.is_real:
        pytest.skip(f"s2protocol does not know build {oracle.base_build}")
    ours = reading_of(data)
    details = oracle.details()
    results = {0: PlayerResult.UNKNOWN, 1: PlayerResult.WIN, 2: PlayerResult.LOSS, 3: PlayerResult.DRAW}
    theirs = [
        (player["m_race"].decode(), results[player["m_result"]], player["m_control"] == 3)
        for player in details["m_playerList"]
    ]
    assert [(player.race_text, player.result, player.is_computer) for player in ours.players] == theirs
    for player, told in zip(ours.players, details["m_playerList"], strict=True):
        assert told["m_name"].decode().endswith(player.name)
        toon = told["m_toon"]
        account = f"{toon['m_region']}-S2-{toon['m_realm']}-{toon['m_id']}" if toon["m_id"] else None
        assert player.handle == account
    assert ours.map_name == details["m_title"].decode()
    assert ours.frames == oracle.header["m_elapsedGameLoops"]
    assert (*ours.mod_handles, ours.map_handle) == tuple(handle[8:].hex() for handle in details["m_cacheHandles"])


@all_replays
def test_the_oracle_reads_more_than_a_third(replays: list[SampleReplay]) -> None:
    reads = sum(Oracle(replay.read()).protocol is not None for replay in replays)
    assert reads == (len(MADE_REPLAYS) if replays is MADE_REPLAYS else ORACLE_READS_OF_REAL)


class Oracle:
    """A replay as s2protocol reads it. `protocol` is None where it does not know the client's build."""

    def __init__(self, data: bytes) -> None:
        versions = import_module("s2protocol.versions")
        user_data, self._files = unpacked(data)
        self.header = versions.latest().decode_replay_header(user_data)
        self.base_build = self.header["m_version"]["m_baseBuild"]
        try:
            self.protocol: Any = versions.build(self.base_build)
        except ImportError:
            self.protocol = None

    def details(self) -> Any:
        return self.protocol.decode_replay_details(
            self._files.get("replay.details") or self._files["replay.details.backup"]
        )


# Games that nobody played


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_a_made_replay_says_what_it_was_made_to_say(method: Any) -> None:
    game = SyntheticGame(observers=("Caster", "해설"), mode="Amm")
    reading = reading_of(replay_of(game, method))
    first, second = reading.players
    assert (first.name, first.handle, first.race, first.result) == ("Maru", "2-S2-1-101", "terran", PlayerResult.WIN)
    assert (second.name, second.handle, second.race, second.team) == ("Serral", "2-S2-1-202", "zerg", 1)
    assert reading.observers == ("Caster", "해설")
    assert (reading.map_name, reading.map_handle) == (game.map_name, game.map_hash)
    assert reading.mod_handles == game.mod_hashes
    assert reading.length_seconds == pytest.approx(1000)
    assert reading.ended_at_us == game.ended_at_us
    assert reading.started_at_us == game.ended_at_us - 1_000_000_000
    assert (reading.speed, reading.privacy, reading.category) == ("Faster", "Normal", "Ladder")
    assert reading.is_matchmade
    assert (reading.region, reading.release, reading.build) == ("eu", "5.0.0.80949", 80_949)


@pytest.mark.parametrize(
    ("catalog", "text", "code"),
    [
        (SC_EVO, "BW Zerg", "bw_zerg"),
        (SC_EVO, "스1 저그", "bw_zerg"),
        (SC_EVO, "SC1异虫", "bw_zerg"),
        (SC_EVO, "저그", "sc2_zerg"),
        (SC2, "Terrano", "terran"),
        (SC2, "BW Zerg", None),
        (SC2, "Ξενος", None),
    ],
)
def test_races_are_known_in_the_client_s_language_and_kept_as_text(catalog: Any, text: str, code: str | None) -> None:
    player = SyntheticPlayer(name="A", uid=1, race=text, picked_race="RAND")
    reading = reading_of(replay_of(SyntheticGame(players=(player,))), catalog)
    assert (reading.players[0].race_text, reading.players[0].race) == (text, code)
    assert reading.players[0].picked_race == ("random" if catalog is SC2 else None)


@pytest.mark.parametrize("results", [("unknown", "unknown"), ("draw", "draw"), ("win", "win")])
def test_results_are_given_as_they_stand(results: tuple[str, str]) -> None:
    game = SyntheticGame()
    players = tuple(replace(player, result=result) for player, result in zip(game.players, results, strict=True))
    found = reading_of(replay_of(replace(game, players=players)))
    assert tuple(player.result.value for player in found.players) == results


def test_a_computer_has_no_account() -> None:
    machine = SyntheticPlayer(name="A.I. 1 (Elite)", uid=0, is_computer=True)
    found = reading_of(replay_of(SyntheticGame(players=(SyntheticGame().players[0], machine))))
    assert [(player.is_computer, player.handle) for player in found.players] == [(False, "2-S2-1-101"), (True, None)]


def test_the_backup_serves_where_the_details_are_gone() -> None:
    files = files_of(SyntheticGame())
    game = SyntheticGame(extra_files={"replay.details.backup": details_of(SyntheticGame()), "replay.details": b""})
    assert "replay.details" in files
    assert [player.name for player in reading_of(replay_of(game)).players] == ["Maru", "Serral"]


def test_a_mod_without_the_standard_data_is_read() -> None:
    assert reading_of(replay_of(SyntheticGame(mod_hashes=()))).mod_handles == ()


# The same game in another file, another game in nearly the same file


@each_replay
def test_a_game_that_is_packed_anew_is_known_again(replay: SampleReplay) -> None:
    data = replay.read()
    again = [repacked(data, method) for method in METHODS]
    assert len({data, *again}) >= len(METHODS)
    assert [parse_replay(one) for one in again] == [parse_replay(data)] * len(METHODS)


def test_two_bytes_flip_the_winner_and_nothing_else() -> None:
    game = SyntheticGame()
    one, other = game.players
    lie = replace(game, players=(replace(one, result="loss"), replace(other, result="win")))
    honest, forged = details_of(game), details_of(lie)
    assert sum(a != b for a, b in zip(honest, forged, strict=True)) == 2
    before, after = parse_replay(replay_of(game)), parse_replay(replay_of(lie))
    assert before["fingerprint"] == after["fingerprint"]
    assert before["players"] != after["players"]
    assert {**before, "players": None} == {**after, "players": None}


@each_decided_replay
def test_two_bytes_flip_the_winner_in_the_file(replay: SampleReplay) -> None:
    data = replay.read()
    before = reading_of(data)
    is_decided = [player.result for player in before.players].count(PlayerResult.WIN) == 1 and len(before.players) == 2
    if replay.is_real and not is_decided:
        pytest.skip("this game has no winner among two")
    _, files = unpacked(data)
    forged: dict[str, bytes] = {
        name: bytes(_swapped_results(files[name]))
        for name in ("replay.details", "replay.details.backup")
        if files.get(name)
    }
    after = reading_of(repacked(data, METHODS[1], changed=forged))
    assert [player.result for player in after.players] == [player.result for player in reversed(before.players)]
    assert after.fingerprint == before.fingerprint


def _swapped_results(details: bytes) -> bytearray:
    """The details with win and loss changed for one another: the values of the players' ninth fields."""
    changed = bytearray(details)
    win, loss = b"\x10\x09\x02\x12", b"\x10\x09\x04\x12"  # field 8, a number: 1 or 2; then field 9
    at = {marker: details.find(marker) for marker in (win, loss)}
    assert all(place >= 0 and details.count(marker) == 1 for marker, place in at.items())
    changed[at[win] + 2], changed[at[loss] + 2] = 0x04, 0x02
    return changed


@pytest.mark.parametrize(
    "other", [SyntheticGame(game_events=b"another"), SyntheticGame(tracker_events=b"another")], ids=["game", "tracker"]
)
def test_another_game_has_another_fingerprint(other: SyntheticGame) -> None:
    assert parse_replay(replay_of(other))["fingerprint"] != parse_replay(replay_of(SyntheticGame()))["fingerprint"]


def test_what_one_stream_lacks_the_other_cannot_lend() -> None:
    one = SyntheticGame(game_events=b"ab", tracker_events=b"c")
    other = SyntheticGame(game_events=b"a", tracker_events=b"bc")
    assert parse_replay(replay_of(one))["fingerprint"] != parse_replay(replay_of(other))["fingerprint"]


# Hostile


@pytest.mark.parametrize("name", ["replay.details", "replay.initData", "replay.attributes.events"])
def test_a_file_that_is_larger_than_the_game_makes_it_is_a_bomb(name: str) -> None:
    game = SyntheticGame(extra_files={name: b"\0" * (PARSED_FILE_BYTES_MAX + 1)})
    with pytest.raises(ReplayBomb):
        parse_replay(replay_of(game))


def test_nesting_is_a_bomb() -> None:
    with pytest.raises(ReplayBomb):
        parse_replay(replay_of(SyntheticGame(extra_files={"replay.details": b"\x04\x01" * 100_000})))


@pytest.mark.parametrize(
    "name", ["replay.details", "replay.initData", "replay.attributes.events", "replay.game.events"]
)
def test_a_replay_without_one_of_its_files_says_nothing(name: str) -> None:
    with pytest.raises((ReplayDamaged, ReplayInvalid)):
        reading_of(replay_of(SyntheticGame(extra_files={name: b""})))


def test_spoilt_files_are_read_or_refused_and_nothing_else() -> None:
    chance = random.Random(5)
    originals = files_of(SyntheticGame())
    codes = set()
    for _ in range(200):
        name = chance.choice(["replay.details", "replay.initData", "replay.attributes.events"])
        content = bytearray(originals[name])
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        cut = bytes(content[: chance.choice([len(content), chance.randrange(len(content))])])
        try:
            json.dumps(parse_replay(replay_of(SyntheticGame(extra_files={name: cut}))))
            codes.add("read")
        except UnreadableReplay as error:
            codes.add(error.code)
    assert {"read", "damaged"} <= codes
