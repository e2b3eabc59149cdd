"""What sc2reader says of a replay. Runs in a child process only, and nothing else may import the library.

sc2reader is asked for as little as answers the questions, which is what it calls level 2: the header, the lobby, the
attributes and the details; no messages, no events, never the map (which it would fetch from the network). It is given
the content of those files by our own reader, so that its archive library, which unpacks without a limit, never runs.
Who played is put together here (`lobby`), since the library takes the lobby and the details to be in one order.
"""

import hashlib
from typing import Any, Final

from sc2reader.decoders import BitPackedDecoder
from sc2reader.readers import AttributesEventsReader, DetailsReader, InitDataReader
from sc2reader.resources import Replay

from toprung.adapters.replays.child.lobby import COMPUTER, Fields, Lobby, Seat, lobby_of
from toprung.adapters.replays.child.mpq_archive import MpqArchive
from toprung.adapters.replays.child.nesting import check_nesting
from toprung.domain.replays.replay import READER, ReplayBomb, ReplayDamaged, UnreadableReplay

PARSED_FILE_BYTES_MAX: Final = 256 * 1024
"""Thirty times what any of the real replays has in one of the files that are parsed."""

_ATTRIBUTES: Final = "replay.attributes.events"
_READERS: Final[dict[str, Any]] = {
    "replay.initData.backup": InitDataReader(),
    "replay.details.backup": DetailsReader(),
    _ATTRIBUTES: AttributesEventsReader(),
    "replay.initData": InitDataReader(),
    "replay.details": DetailsReader(),
}
# The client writes these as the game goes on; they are what makes two recordings the same.
_EVENT_FILES: Final = ("replay.game.events", "replay.tracker.events")

_GAME: Final = 16  # the key of the attributes that belong to no player
_REGIONS: Final = {"sg": "sea"}
_RESULTS: Final = {1: "win", 2: "loss", 3: "draw"}


def parse_replay(data: bytes) -> dict[str, object]:
    """What a replay says, as JSON can carry it: `adapters/replays/reading.py` has the shape.

    `file_time` counts 100 ns since 1601, as the client wrote it; `frames` are the game's length. Raises
    `UnreadableReplay`, and nothing else but what says that memory or time are out.
    """
    archive = MpqArchive(data)
    fingerprint = _fingerprint(archive)
    try:
        return {**_facts(_parsed(archive)), "fingerprint": fingerprint}
    except (UnreadableReplay, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - the library answers damaged files with whatever it stumbles over
        raise ReplayDamaged from None


def _fingerprint(archive: MpqArchive) -> str:
    """The SHA-256 of the recording's event streams, each with its length before it. Old clients wrote no second one."""
    streams = [archive.read(name) or b"" for name in _EVENT_FILES]
    if not streams[0]:
        raise ReplayDamaged
    digest = hashlib.sha256()
    for content in streams:
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def _parsed(archive: MpqArchive) -> Replay:
    """The library's replay with the header read, and the lobby, the details and the attributes loaded."""
    replay = Replay(None, filename="", load_level=-1, engine=None, debug=False)
    check_nesting(archive.user_data)
    header = BitPackedDecoder(archive.user_data).read_struct()
    replay.versions = list(header[1].values())
    replay.frames = header[3]
    replay.build, replay.base_build = replay.versions[4], replay.versions[5]
    replay.release_string = ".".join(str(number) for number in replay.versions[1:5])
    for name, reader in _READERS.items():
        content = archive.read(name)
        if not content:
            continue
        if len(content) > PARSED_FILE_BYTES_MAX:
            raise ReplayBomb
        if isinstance(reader, DetailsReader):
            check_nesting(content)
        replay.raw_data[name] = reader(content, replay)
    if _ATTRIBUTES not in replay.raw_data:
        raise ReplayDamaged
    replay.load_init_data()
    replay.load_attribute_events()
    return replay


def _file(replay: Replay, name: str) -> Fields:
    """What a file of the archive says, or its backup where the file itself is gone."""
    content: Fields | None = replay.raw_data.get(name)
    return replay.raw_data[f"{name}.backup"] if content is None else content


def _region(details: Fields) -> str:
    server: str = details["cache_handles"][0].server.lower()
    return _REGIONS.get(server, server)


def _facts(replay: Replay) -> dict[str, object]:
    # Not `load_details`: it computes lengths and times that are wrong, and fails for mods without the standard data.
    details = _file(replay, "replay.details")
    lobby: Lobby = lobby_of(_file(replay, "replay.initData"), details)
    handles = [handle.hash for handle in details["cache_handles"]]
    attributes = replay.attributes[_GAME]
    return {
        "reader": READER,
        "players": [_player(seat, replay.attributes.get(seat.number, {})) for seat in lobby.players],
        "observers": list(lobby.observers),
        "map_name": details["map_name"],
        "map_handle": handles[-1],
        "mod_handles": handles[:-1],
        "frames": replay.frames,
        "file_time": details["file_time"],
        "region": _region(details),
        "speed": attributes.get("Game Speed"),
        "privacy": attributes.get("Game Privacy"),
        "category": attributes.get("Game Mode"),
        "is_matchmade": bool(replay.amm),
        "release": replay.release_string,
        "build": replay.build,
    }


def _player(seat: Seat, attributes: Fields) -> dict[str, object]:
    return {
        "name": seat.name,
        "handle": seat.account,
        "race": seat.details["race"],
        "picked_race": attributes.get("Race", "Unknown"),
        "result": _RESULTS.get(seat.details["result"], "unknown"),
        "is_computer": seat.slot["control"] == COMPUTER,
        "team": seat.details["team"],
    }
