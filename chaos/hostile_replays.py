"""Hostile replays without end: spoilt copies of honest ones, archives that lie, and files that are something else."""

import gzip
import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from tests.support.replays.archives import (
    EXISTS,
    METHODS,
    Method,
    PackedFile,
    archive,
    deflated,
    in_one_unit,
    in_sectors,
    stored,
    unpacked,
)
from tests.support.replays.sample_replays import REAL_REPLAYS
from tests.support.replays.synthetic_replay import (
    SyntheticGame,
    SyntheticPlayer,
    details_of,
    files_of,
    header_of,
    replay_of,
    vint,
)
from toprung.adapters.replays.child.mpq_archive import TABLE_ENTRIES_MAX, UNPACKED_BYTES_MAX

SOURCE_BYTES_MAX: Final = 100_000
_EDGES: Final = (0, 1, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1)
_HOSTILE_NAMES: Final = ("\0", "\x1b[2J", "a\u202eb", "@everyone", "=1+1", "<script>", "Z" + "\u0301" * 60, "x" * 250)
_PARSED: Final = ("replay.details", "replay.initData", "replay.attributes.events")

Named = tuple[str, bytes]
"""A hostile file, and what kind of one it is."""


def hand_made() -> Iterator[Named]:
    """Every kind of lie that somebody thought of, once each."""
    yield from _other_files()
    yield from _bombs()
    yield from _lying_tables()
    yield from _lying_structures()
    yield from _lying_games()


def spoilt(chance: random.Random) -> Iterator[Named]:
    """Honest replays, each spoilt in one way; for ever."""
    whole = [path.read_bytes() for path in REAL_REPLAYS if path.stat().st_size <= SOURCE_BYTES_MAX]
    whole += [replay_of(SyntheticGame(game_events=bytes(range(256)) * 40), method) for method in METHODS]
    inside = [unpacked(data) for data in whole]
    ways: list[Callable[[bytes, random.Random], bytes]] = [_cut, _flipped, _overwritten, _zeroed, _doubled, _edged]
    while True:
        way = chance.choice([*ways, None])
        if way is not None:
            yield way.__name__.strip("_"), way(chance.choice(whole), chance)
        else:
            yield "spoilt_inside", _spoilt_inside(*chance.choice(inside), chance)


def _cut(data: bytes, chance: random.Random) -> bytes:
    edges = [4, 16, 1023, 1024, 1056, len(data) - 1, len(data) - 16]
    return data[: chance.choice([chance.choice(edges), chance.randrange(len(data))])]


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwritten(data: bytes, chance: random.Random) -> bytes:
    start, size = chance.randrange(len(data)), chance.choice((1, 16, 512, 4096))
    return (data[:start] + chance.randbytes(size) + data[start + size :])[: len(data)]


def _zeroed(data: bytes, chance: random.Random) -> bytes:
    start, size = chance.randrange(len(data)), chance.choice((16, 512, 4096))
    return (data[:start] + b"\0" * size + data[start + size :])[: len(data)]


def _doubled(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randrange(len(data)), chance.randrange(len(data))))
    return data[:end] + data[start:]


def _edged(data: bytes, chance: random.Random) -> bytes:
    """One number of one of the two headers is as small or as large as it can be."""
    at = chance.choice([*range(4, 16, 4), *range(1028, 1056, 4)])
    return data[:at] + struct.pack("<I", chance.choice(_EDGES)) + data[at + 4 :]


def _spoilt_inside(user_data: bytes, files: dict[str, bytes], chance: random.Random) -> bytes:
    """A sound archive whose content is spoilt."""
    ways = [_cut, _flipped, _overwritten, _zeroed, _doubled]
    there = [name for name in (*_PARSED, "replay.details.backup", "replay.initData.backup") if files.get(name)]
    name = chance.choice([*there, ""])
    if name:
        files = {**files, name: chance.choice(ways)(files[name], chance)}
    else:
        user_data = chance.choice(ways)(user_data + b"\0" * 20, chance)[:60_000]
    kept = {key: content for key, content in files.items() if key in {*there, "replay.game.events"}}
    layout = chance.choice((in_one_unit, in_sectors))
    method = chance.choice(METHODS)
    return archive({key: layout(content, method) for key, content in kept.items()}, user_data=user_data)


def _other_files() -> Iterator[Named]:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("replay.details", b"\0" * 10_000_000)
    others = (b"", b"\0", b"MPQ\x1b", b"MPQ\x1a" + b"\0" * 5000, b"<html></html>", gzip.compress(b"\0" * 10**7))
    for data in (*others, zipped.getvalue(), b"\x7fELF" + b"\0" * 100, b"MPQ\x1b" + b"\xff" * 100_000):
        yield "other_file", data
    yield "too_long", replay_of(SyntheticGame()) + b"\0" * 5 * 2**20


def _bombs() -> Iterator[Named]:
    game = SyntheticGame()
    honest = {name: in_one_unit(content, deflated) for name, content in files_of(game).items()}
    layouts: tuple[Callable[[bytes, Method], PackedFile], ...] = (in_one_unit, in_sectors)
    for size in (2**20 + 1, UNPACKED_BYTES_MAX + 1, 2 * UNPACKED_BYTES_MAX):
        for method in METHODS[1:]:
            bomb = in_one_unit(b"\0" * size, method)
            for name in ("replay.game.events", "replay.details", "replay.initData"):
                yield "bomb", archive({**honest, name: bomb}, user_data=header_of(game))
                yield "bomb", archive({**honest, name: replace(bomb, claimed_bytes=9)}, user_data=header_of(game))
    for layout in layouts:
        for method in METHODS:
            third = layout(b"\0" * 2**20, method)
            many = {f"replay.{number}": third for number in range(3)}
            yield "many", archive({**honest, **many}, user_data=header_of(game))
    body = b"\xff" * 1_000_000
    bounds = [8_004 + len(body) * (number % 2) for number in range(2_001)]
    again = PackedFile(data=struct.pack("<2001I", *bounds) + body, claimed_bytes=2_000 * 16_384 - 1, flags=EXISTS)
    yield "overlapping", archive({**honest, "replay.game.events": again}, user_data=header_of(game))


def _lying_tables() -> Iterator[Named]:
    game = SyntheticGame()
    honest = {name: in_one_unit(content, stored) for name, content in files_of(game).items()}
    for count in (0, 1, TABLE_ENTRIES_MAX, TABLE_ENTRIES_MAX + 1, 300_000, 2**31, 2**32 - 1):
        for pad in (0, 5_000_000):
            yield "table", archive(honest, user_data=header_of(game), hash_entries=count) + b"\0" * pad
            yield "table", archive(honest, user_data=header_of(game), block_entries=count) + b"\0" * pad
    for shift in (0, 15, 16, 2**16 - 1):
        files = {name: in_sectors(content, deflated) for name, content in files_of(game).items()}
        yield "sectors", archive(files, user_data=header_of(game), sector_size_shift=shift)
    for claimed in _EDGES:
        for flags in (EXISTS, EXISTS | 0x0200, EXISTS | 0x0100_0200, EXISTS | 0x0001_0200, EXISTS | 0x0100):
            lie = {"replay.details": PackedFile(data=b"\x02" + b"x" * 500, claimed_bytes=claimed, flags=flags)}
            yield "claim", archive({**honest, **lie}, user_data=header_of(game))


def _lying_structures() -> Iterator[Named]:
    game = SyntheticGame()
    openings = (b"\x00\x02", b"\x03\x00", b"\x04\x01", b"\x05\x02\x00")
    deep = [opening * depth + b"\x06\x00" for opening in openings for depth in (15, 17, 900, 20_000)]
    huge = [bytes((kind,)) + vint(number) for kind in (0, 1, 2, 5) for number in (-1, 2**20, 2**40, 2**62)]
    endless = [b"\x09" + b"\xff" * size for size in (11, 60_000)]
    for content in (*deep, *huge, *endless, b"", b"\x0a"):
        yield (
            "structure",
            archive(
                {name: in_one_unit(held, deflated) for name, held in files_of(game).items()}, user_data=content[:65_000]
            ),
        )
        yield "structure", replay_of(replace(game, extra_files={"replay.details": content or b"\0"}))
    for name in _PARSED:
        for size in (1, 1_000, 2**20):
            for filler in (b"\0", b"\xff", b"\x55"):
                yield "filler", replay_of(replace(game, extra_files={name: filler * size}))


def _lying_games() -> Iterator[Named]:
    game = SyntheticGame()
    one, other = game.players
    for name in _HOSTILE_NAMES:
        yield "name", replay_of(replace(game, players=(replace(one, name=name), other)))
        yield "name", replay_of(replace(game, players=(replace(one, race=name), other)))
        yield "name", replay_of(replace(game, map_name=name))
        yield "name", replay_of(replace(game, observers=(name,)))
    for frames in (-1, 2**31, 2**62, 6 * 3600 * 23):
        yield "length", replay_of(replace(game, frames=frames))
    for ended_at_us in (-(2**60), 0, 2**59):
        yield "time", replay_of(replace(game, ended_at_us=ended_at_us))
    machines = tuple(SyntheticPlayer(name=f"A.I. {number}", uid=0, is_computer=True) for number in range(15))
    for players in ((), (one,), (one, *machines), machines, (one, one)):
        yield "players", replay_of(replace(game, players=players))
    crowd = details_of(replace(game, players=(one,) * 5_000))
    yield "players", replay_of(replace(game, extra_files={"replay.details": crowd}))
    handles = details_of(replace(game, mod_hashes=("ab" * 32,) * 20_000))
    yield "handles", replay_of(replace(game, extra_files={"replay.details": handles}))
