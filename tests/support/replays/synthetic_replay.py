"""A replay of a game that nobody played: small, in the format of client 5.0, and as the test wants it."""

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final

from tests.support.replays.archives import Method, archive, deflated, in_one_unit

BUILD: Final = 80_949
RESULTS: Final = {"unknown": 0, "win": 1, "loss": 2, "draw": 3}
FILE_TIME_OF_1970: Final = 116_444_736_000_000_000


@dataclass(frozen=True, kw_only=True)
class SyntheticPlayer:
    """One who plays. Computers have no account; `slot_id` is the lobby's id of the slot, by default its place there."""

    name: str
    uid: int
    race: str = "Zerg"
    picked_race: str = "Zerg"
    result: str = "unknown"
    is_computer: bool = False
    slot_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class SyntheticGame:
    """A game between two, as a replay of it would say. Clients of some versions left the slots' ids out."""

    players: tuple[SyntheticPlayer, ...] = (
        SyntheticPlayer(name="Maru", uid=101, race="Terran", picked_race="Terr", result="win"),
        SyntheticPlayer(name="Serral", uid=202, race="Zerg", picked_race="Zerg", result="loss"),
    )
    has_slot_ids: bool = True
    observers: tuple[str, ...] = ()
    map_name: str = "Keres Passage SEL"
    frames: int = 22_400
    ended_at_us: int = 1_790_251_200_000_000
    speed: str = "Fasr"
    privacy: str = "Norm"
    mode: str = "Priv"
    map_hash: str = hashlib.sha256(b"map").hexdigest()
    mod_hashes: tuple[str, ...] = tuple(
        hashlib.sha256(text).hexdigest() for text in (b"Standard Data: Void.SC2Mod", b"mod")
    )
    game_events: bytes = b"what they did"
    tracker_events: bytes = b"what became of it"
    extra_files: dict[str, bytes] = field(default_factory=dict)


def replay_of(game: SyntheticGame, method: Method = deflated) -> bytes:
    """The file that a client would have saved."""
    files = files_of(game)
    return archive({name: in_one_unit(content, method) for name, content in files.items()}, user_data=header_of(game))


def files_of(game: SyntheticGame) -> dict[str, bytes]:
    """The files in the replay's archive."""
    files = {
        "replay.details": details_of(game),
        "replay.initData": _init_data(game),
        "replay.attributes.events": _attributes(game),
        "replay.game.events": game.game_events,
        "replay.tracker.events": game.tracker_events,
        **game.extra_files,
    }
    return {**files, "(listfile)": "\r\n".join(files).encode()}


def header_of(game: SyntheticGame) -> bytes:
    """The block before the archive."""
    version = {number: _number(value) for number, value in enumerate((1, 5, 0, 0, BUILD, BUILD))}
    return _struct(
        {0: _blob(b"StarCraft II replay\x1b11"), 1: _struct(version), 2: _number(2), 3: _number(game.frames)}
    )


def details_of(game: SyntheticGame) -> bytes:
    """The file that names the players, the map and the results."""
    handles = [*game.mod_hashes, game.map_hash]
    fields = {
        0: _optional(_array([_detailed(game, number) for number in range(len(game.players))])),
        1: _blob(game.map_name.encode()),
        2: _blob(b""),
        3: _struct({0: _blob(b"Minimap.tga")}),
        4: _byte(1),
        5: _number(FILE_TIME_OF_1970 + game.ended_at_us * 10),
        6: _number(0),
        7: _blob(b""),
        8: _blob(b""),
        9: _blob(b""),
        10: _optional(_array([_blob(b"s2ma\0\0EU" + bytes.fromhex(handle)) for handle in handles])),
        11: _byte(0),
        12: _number(4),
        13: _number(3),
        14: _optional(None),
        15: _number(0),
        16: _optional(_byte(0)),
        17: _byte(0),
    }
    return _struct(fields)


def slot_id(game: SyntheticGame, number: int) -> int | None:
    """The id of the slot that this player sits in; None where the client wrote none."""
    given = game.players[number].slot_id
    return (number if given is None else given) if game.has_slot_ids else None


def _detailed(game: SyntheticGame, team: int) -> bytes:
    player, slot = game.players[team], slot_id(game, team)
    account = (0, b"\0\0\0\0", 0, 0) if player.is_computer or not player.uid else (2, b"\0\0S2", 1, player.uid)
    bnet = _struct({0: _number(account[0]), 1: _four(account[1]), 2: _number(account[2]), 4: _number(account[3])})
    return _struct(
        {
            0: _blob(player.name.encode()),
            1: bnet,
            2: _blob(player.race.encode()),
            3: _struct({0: _number(255), 1: _number(180), 2: _number(20), 3: _number(30)}),
            4: _number(3 if player.is_computer else 2),
            5: _number(team),
            6: _number(100),
            7: _number(0),
            8: _number(RESULTS[player.result]),
            9: _optional(None if slot is None else _number(slot)),
            10: _blob(b""),
        }
    )


def _attributes(game: SyntheticGame) -> bytes:
    attributes = [(3000, 16, game.speed), (4000, 16, game.privacy), (3009, 16, game.mode)]
    attributes += [(3001, number, player.picked_race) for number, player in enumerate(game.players, 1)]
    written = b"".join(
        struct.pack("<IIB", 999, attribute, owner) + value[::-1].encode().ljust(4, b"\0")
        for attribute, owner, value in attributes
    )
    return b"\0" * 5 + struct.pack("<I", len(attributes)) + written


class _Bits:
    """Writes numbers of any width, the high bits first, into bytes that are filled from their low bits."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._used = 0

    def bits(self, value: int, count: int) -> "_Bits":
        while count:
            if not self._used:
                self._bytes.append(0)
            taken = min(8 - self._used, count)
            count -= taken
            self._bytes[-1] |= (value >> count & ((1 << taken) - 1)) << self._used
            self._used = (self._used + taken) % 8
        return self

    def flags(self, *values: int) -> "_Bits":
        for value in values:
            self.bits(value, 1)
        return self

    def text(self, content: bytes, length_bits: int) -> "_Bits":
        self.bits(len(content), length_bits)
        self._used = 0
        self._bytes += content
        return self

    def raw(self, content: bytes) -> "_Bits":
        self._used = 0
        self._bytes += content
        return self

    def done(self) -> bytes:
        return bytes(self._bytes)


def _init_data(game: SyntheticGame) -> bytes:
    """The lobby. Its fields and their widths are those of client build 80949, as s2protocol describes them."""
    people = [player for player in game.players if not player.is_computer]
    users = [*(player.name for player in people), *game.observers]
    out = _Bits().bits(len(users), 5)
    for number, name in enumerate(users):
        _user(out, name, is_observer=number >= len(people))
    _description(out, game)
    _lobby(out, game)
    return out.done()


def _user(out: _Bits, name: str, *, is_observer: bool) -> None:
    out.text(name.encode(), 8).flags(0, 0, 0, 0)  # no clan, no clan's picture, no league, no levels
    out.bits(7, 32).flags(0, 0)  # a seed; no preferred race or team
    out.flags(0, 0, 0, 0).bits(0, 32).bits(2 if is_observer else 0, 2)
    out.text(b"", 9).text(b"", 9).text(b"", 9).text(b"", 7).flags(0)


def _description(out: _Bits, game: SyntheticGame) -> None:
    out.bits(1, 32).text(b"Dflt", 10)
    out.flags(1, 0, 0, 0, 1, 1 if game.mode == "Amm" else 0, 0, 0, 0, 0, 0)
    out.bits(0, 2).bits(0, 2).bits(0, 2).bits(0, 64).flags(0)
    out.bits(4, 3).bits(0, 3).bits(2, 5).bits(6, 5).bits(2, 5).bits(1, 4).bits(15, 6)
    out.bits(3, 8).bits(3, 8).bits(160, 8).bits(160, 8).bits(1, 32)
    out.text(b"map.SC2Map", 11).text(b"somebody", 8).bits(1, 32)
    out.bits(0, 5)  # no descriptions of slots
    out.bits(3, 6).bits(0, 8)
    handles = [*game.mod_hashes, game.map_hash]
    out.bits(len(handles), 6)
    for handle in handles:
        out.raw(b"s2ma\0\0EU" + bytes.fromhex(handle))
    out.flags(0, 0, 0, 0, 0, 0)


def _lobby(out: _Bits, game: SyntheticGame) -> None:
    out.bits(0, 3).bits(2, 5).bits(6, 5).bits(len(game.players) + len(game.observers), 5)
    user = 0
    for team, player in enumerate(game.players):
        handle = b"" if player.is_computer or not player.uid else f"2-S2-1-{player.uid}".encode()
        _slot(out, None if player.is_computer else user, team, handle, slot_id(game, team), is_observer=False)
        user += not player.is_computer
    for number in range(len(game.observers)):
        _slot(out, user + number, 0, b"2-S2-1-999", 15 - number if game.has_slot_ids else None, is_observer=True)
    out.bits(7, 32).flags(0, 0).bits(0, 8).bits(0, 32).bits(3, 6).bits(0, 8)


def _slot(out: _Bits, user: int | None, team: int, handle: bytes, slot_id: int | None, *, is_observer: bool) -> None:
    out.bits(3 if user is None else 2, 8)
    out.flags(0) if user is None else out.flags(1).bits(user, 4)
    out.bits(team, 4).flags(0, 0).bits(3, 6).bits(0, 8).bits(100, 32).bits(2 if is_observer else 0, 2).bits(0, 32)
    out.text(b"", 9).text(b"", 9).text(b"", 9).bits(0, 4)
    out.flags(0) if slot_id is None else out.flags(1).bits(slot_id, 8)
    out.bits(0, 17).text(handle, 7)
    out.bits(0, 16).flags(0).text(b"", 9).bits(0, 32).flags(0, 0).bits(0, 32).bits(0, 3).bits(0, 32).bits(0, 17)
    out.bits(0, 32).bits(0, 3).bits(0, 32).bits(0, 32).bits(0, 32)


def vint(value: int) -> bytes:
    """A number of variable length: seven bits in a byte, the lowest of all the sign."""
    raw = abs(value) << 1 | (value < 0)
    out = bytearray()
    while True:
        out.append(raw & 0x7F | (0x80 if raw >> 7 else 0))
        raw >>= 7
        if not raw:
            return bytes(out)


def _array(values: list[bytes]) -> bytes:
    return b"\x00" + vint(len(values)) + b"".join(values)


def _blob(content: bytes) -> bytes:
    return b"\x02" + vint(len(content)) + content


def _optional(value: bytes | None) -> bytes:
    return b"\x04\x00" if value is None else b"\x04\x01" + value


def _struct(fields: dict[int, bytes]) -> bytes:
    return b"\x05" + vint(len(fields)) + b"".join(vint(number) + value for number, value in fields.items())


def _byte(value: int) -> bytes:
    return b"\x06" + bytes((value,))


def _four(value: bytes) -> bytes:
    return b"\x07" + value


def _number(value: int) -> bytes:
    return b"\x09" + vint(value)
