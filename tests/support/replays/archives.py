"""Archives that tests write themselves, honest and hostile."""

import bz2
import io
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import mpyq

from toprung.adapters.replays.child.parser import parse_replay
from toprung.application.ports.replays import Parsed, ParseOutcome, Refused
from toprung.domain.replays.replay import UnreadableReplay

SINGLE_UNIT: Final = 0x0100_0000
PACKED: Final = 0x0000_0200
EXISTS: Final = 0x8000_0000


class InProcessParser:
    """Implements `ReplayParser` without a process of its own: for files that a test made itself."""

    async def parse(self, data: bytes) -> ParseOutcome:
        """What the parser says."""
        try:
            return Parsed(payload=json.dumps(parse_replay(data)).encode())
        except UnreadableReplay as error:
            return Refused(code=error.code, sentence=str(error))


Method = Callable[[bytes], bytes]


def stored(content: bytes) -> bytes:
    """No packing."""
    return content


def deflated(content: bytes) -> bytes:
    """Packed by zlib, the method's byte before it."""
    return b"\x02" + zlib.compress(content, 9)


def bzipped(content: bytes) -> bytes:
    """Packed by bzip2, the method's byte before it."""
    return b"\x10" + bz2.compress(content, 9)


METHODS: Final[tuple[Method, ...]] = (stored, deflated, bzipped)


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """A file as an archive holds it. What is claimed need not be so."""

    data: bytes
    claimed_bytes: int
    flags: int = EXISTS | SINGLE_UNIT | PACKED


def in_one_unit(content: bytes, method: Method) -> PackedFile:
    """A file in one piece, packed if that makes it shorter."""
    packed = method(content)
    data = packed if len(packed) < len(content) else content
    return PackedFile(data=data, claimed_bytes=len(content))


def in_sectors(content: bytes, method: Method, sector_bytes: int = 16_384) -> PackedFile:
    """A file in sectors, each packed if that makes it shorter."""
    pieces = [content[at : at + sector_bytes] for at in range(0, len(content), sector_bytes)]
    packed = [min(method(piece), piece, key=len) for piece in pieces]
    bounds = [4 * (len(pieces) + 1)]
    for piece in packed:
        bounds.append(bounds[-1] + len(piece))
    table = struct.pack(f"<{len(bounds)}I", *bounds)
    return PackedFile(data=table + b"".join(packed), claimed_bytes=len(content), flags=EXISTS | PACKED)


def archive(
    files: Mapping[str, PackedFile],
    *,
    user_data: bytes = b"",
    sector_size_shift: int = 5,
    hash_entries: int | None = None,
    block_entries: int | None = None,
) -> bytes:
    """An MPQ archive behind a block of user data, as replays are. Numbers of entries, if given, are only claimed."""
    body, blocks, hashes = bytearray(), [], []
    for index, (name, file) in enumerate(files.items()):
        blocks += [32 + len(body), len(file.data), file.claimed_bytes, file.flags]
        hashes += [_hash(name, "HASH_A"), _hash(name, "HASH_B"), 0, index]
        body += file.data
    hashes_at = 32 + len(body)
    blocks_at = hashes_at + 4 * len(hashes)
    tables = _encrypted(hashes, "(hash table)") + _encrypted(blocks, "(block table)")
    header = struct.pack(
        "<4s2I2H4I",
        b"MPQ\x1a",
        32,
        32 + len(body) + len(tables),
        3,
        sector_size_shift,
        hashes_at,
        blocks_at,
        len(files) if hash_entries is None else hash_entries,
        len(files) if block_entries is None else block_entries,
    )
    before = struct.pack("<4s3I", b"MPQ\x1b", 512, 1024, len(user_data)) + user_data
    return before.ljust(1024, b"\0") + header + bytes(body) + tables


def unpacked(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The user data and all files of an honest archive, as mpyq reads them."""
    opened = mpyq.MPQArchive(io.BytesIO(data), listfile=False)
    listed = opened.read_file("(listfile)") or b""
    names = [name.decode() for name in listed.split()]
    contents = {name: opened.read_file(name) or b"" for name in names}
    return opened.header["user_data_header"]["content"], contents


def repacked(data: bytes, method: Method, *, changed: Mapping[str, bytes] | None = None) -> bytes:
    """An archive packed anew, with some of its files changed."""
    user_data, files = unpacked(data)
    files = {**files, **(changed or {})}
    files["(listfile)"] = "\r\n".join(name for name in files if name != "(listfile)").encode()
    return archive(
        {name: in_one_unit(content, method) for name, content in files.items()},
        user_data=user_data,
    )


def _hash(name: str, kind: str) -> int:
    found: int = mpyq.MPQArchive._hash(mpyq.MPQArchive, name, kind)
    return found


def _encrypted(words: list[int], name: str) -> bytes:
    key, other = _hash(name, "TABLE"), 0xEEEE_EEEE
    encrypted = []
    for word in words:
        other = (other + mpyq.MPQArchive.encryption_table[0x400 + (key & 0xFF)]) & 0xFFFF_FFFF
        encrypted.append(word ^ ((key + other) & 0xFFFF_FFFF))
        key = (((~key << 21) + 0x1111_1111) | (key >> 11)) & 0xFFFF_FFFF
        other = (word + other * 33 + 3) & 0xFFFF_FFFF
    return struct.pack(f"<{len(encrypted)}I", *encrypted)
