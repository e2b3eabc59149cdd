"""A reader of MPQ archives that spends no more than it is allowed to, whatever the archive claims.

The format: http://www.zezula.net/en/mpq/mpqformat.html. Read is what replays use: the archive behind a block of user
data, files in one unit or in sectors, stored or packed by zlib or bzip2. Everything else is refused by its kind.
"""

import bz2
import struct
import zlib
from itertools import pairwise
from typing import Final, NamedTuple

from toprung.domain.replays.replay import NotAReplay, ReplayBomb, ReplayDamaged, ReplayTruncated, ReplayUnsupported

TABLE_ENTRIES_MAX: Final = 4_096
DECLARED_BYTES_MAX: Final = 64 * 2**20
UNPACKED_BYTES_MAX: Final = 32 * 2**20
USER_DATA_BYTES_MAX: Final = 64 * 2**10
SECTOR_SIZE_SHIFT_MAX: Final = 15

_USER_DATA_MAGIC: Final = b"MPQ\x1b"
_ARCHIVE_MAGIC: Final = b"MPQ\x1a"
_USER_DATA_HEADER: Final = struct.Struct("<4x3I")
_ARCHIVE_HEADER: Final = struct.Struct("<4x2I2H4I")
_ENTRY_BYTES: Final = 16

_IMPLODED: Final = 0x0000_0100
_PACKED: Final = 0x0000_0200
_ENCRYPTED: Final = 0x0001_0000
_SINGLE_UNIT: Final = 0x0100_0000
_EXISTS: Final = 0x8000_0000

_HASH_OFFSET, _HASH_A, _HASH_B, _HASH_KEY = range(4)
_WORD: Final = 0xFFFF_FFFF


class _Block(NamedTuple):
    """Where a file lies, how long it is there and, as it claims, unpacked."""

    offset: int
    packed_bytes: int
    claimed_bytes: int
    flags: int


class MpqArchive:
    """One archive. `user_data` is the block before it, where a replay keeps its header.

    Raises `UnreadableReplay` for what is no replay's archive, is cut short, or claims more than the limits above.
    """

    def __init__(self, data: bytes) -> None:
        if not data.startswith(_USER_DATA_MAGIC):
            raise NotAReplay
        self._data = data
        self._unpacked_bytes = 0
        _, self._offset, user_data_bytes = _unpacked_header(_USER_DATA_HEADER, data, 0)
        if user_data_bytes > USER_DATA_BYTES_MAX:
            raise ReplayBomb
        self.user_data = self._slice(_USER_DATA_HEADER.size, user_data_bytes)
        _, archive_bytes, _, shift, hashes_at, blocks_at, hashes, blocks = _unpacked_header(
            _ARCHIVE_HEADER, data, self._offset
        )
        if not data.startswith(_ARCHIVE_MAGIC, self._offset):
            raise ReplayDamaged
        if self._offset + archive_bytes > len(data):
            raise ReplayTruncated
        if max(hashes, blocks) > TABLE_ENTRIES_MAX or shift > SECTOR_SIZE_SHIFT_MAX:
            raise ReplayBomb
        self._sector_bytes = 512 << shift
        self._block_index = self._read_hashes(hashes_at, hashes)
        self._blocks = self._read_blocks(blocks_at, blocks)

    def read(self, name: str) -> bytes | None:
        """The content of a file, None if there is no such file.

        All that is unpacked from one archive counts towards one limit. Raises `UnreadableReplay`.
        """
        index = self._block_index.get((_hash(name, _HASH_A), _hash(name, _HASH_B)))
        if index is None:
            return None
        if index >= len(self._blocks):
            raise ReplayDamaged
        block = self._blocks[index]
        if not block.flags & _EXISTS or not block.packed_bytes:
            return None
        if block.flags & (_ENCRYPTED | _IMPLODED):
            raise ReplayUnsupported
        packed = self._slice(self._offset + block.offset, block.packed_bytes)
        if block.flags & _SINGLE_UNIT:
            return self._unit(packed, block)
        return self._sectors(packed, block)

    def _read_hashes(self, offset: int, count: int) -> dict[tuple[int, int], int]:
        words = self._table(offset, count, "(hash table)")
        indexes: dict[tuple[int, int], int] = {}
        for at in range(0, len(words), 4):
            indexes.setdefault((words[at], words[at + 1]), words[at + 3])
        return indexes

    def _read_blocks(self, offset: int, count: int) -> list[_Block]:
        words = self._table(offset, count, "(block table)")
        blocks = [_Block(*words[at : at + 4]) for at in range(0, len(words), 4)]
        if sum(block.claimed_bytes for block in blocks if block.flags & _EXISTS) > DECLARED_BYTES_MAX:
            raise ReplayBomb
        return blocks

    def _table(self, offset: int, count: int, name: str) -> list[int]:
        encrypted = self._slice(self._offset + offset, count * _ENTRY_BYTES)
        return _decrypted(struct.unpack(f"<{count * 4}I", encrypted), _hash(name, _HASH_KEY))

    def _slice(self, start: int, size: int) -> bytes:
        if start + size > len(self._data):
            raise ReplayTruncated
        return self._data[start : start + size]

    def _unit(self, packed: bytes, block: _Block) -> bytes:
        """A file in one piece: stored as it is where packing would not have made it shorter.

        Some tools that change replays claim too small a size, so what looks stored but can be unpacked is.
        """
        left = UNPACKED_BYTES_MAX - self._unpacked_bytes
        if not block.flags & _PACKED:
            return self._counted(packed)
        try:
            return self._unpacked(packed, left)
        except (ReplayDamaged, ReplayUnsupported):
            if len(packed) < block.claimed_bytes:
                raise
            return self._counted(packed)

    def _sectors(self, packed: bytes, block: _Block) -> bytes:
        if block.claimed_bytes > UNPACKED_BYTES_MAX:
            raise ReplayBomb
        count = -(-block.claimed_bytes // self._sector_bytes)
        if 4 * (count + 1) > len(packed):
            raise ReplayDamaged
        bounds = struct.unpack_from(f"<{count + 1}I", packed)
        sectors: list[bytes] = []
        left = block.claimed_bytes
        for start, end in pairwise(bounds):
            claimed = min(left, self._sector_bytes)
            sector = packed[start:end]
            is_packed = block.flags & _PACKED and len(sector) < claimed
            sectors.append(self._unpacked(sector, claimed) if is_packed else self._counted(sector))
            left -= claimed
        return b"".join(sectors)

    def _unpacked(self, packed: bytes, bytes_max: int) -> bytes:
        # One byte more than may come, so that what goes beyond it is seen.
        try:
            match packed[:1]:
                case b"\x02":
                    zlib_stream = zlib.decompressobj()
                    content, is_whole = zlib_stream.decompress(packed[1:], bytes_max + 1), zlib_stream.eof
                case b"\x10":
                    bzip2_stream = bz2.BZ2Decompressor()
                    content, is_whole = bzip2_stream.decompress(packed[1:], bytes_max + 1), bzip2_stream.eof
                case b"\x00":
                    content, is_whole = packed, True
                case _:
                    raise ReplayUnsupported
        except (zlib.error, OSError):
            raise ReplayDamaged from None
        if len(content) > bytes_max:
            raise ReplayBomb
        if not is_whole:
            raise ReplayDamaged
        return self._counted(content)

    def _counted(self, content: bytes) -> bytes:
        self._unpacked_bytes += len(content)
        if self._unpacked_bytes > UNPACKED_BYTES_MAX:
            raise ReplayBomb
        return content


def _unpacked_header(layout: struct.Struct, data: bytes, offset: int) -> tuple[int, ...]:
    if offset + layout.size > len(data):
        raise ReplayTruncated
    return layout.unpack_from(data, offset)


def _make_key_table() -> tuple[int, ...]:
    """The 1,280 numbers of the format's hash and cipher."""
    seed = 0x0010_0001
    table = [0] * 0x500
    for column in range(0x100):
        for row in range(5):
            seed = (seed * 125 + 3) % 0x2A_AAAB
            high = (seed & 0xFFFF) << 16
            seed = (seed * 125 + 3) % 0x2A_AAAB
            table[row * 0x100 + column] = high | (seed & 0xFFFF)
    return tuple(table)


_KEY_TABLE: Final = _make_key_table()


def _hash(name: str, kind: int) -> int:
    one, other = 0x7FED_7FED, 0xEEEE_EEEE
    for char in name.upper().encode("ascii"):
        one = _KEY_TABLE[(kind << 8) + char] ^ ((one + other) & _WORD)
        other = (char + one + other * 33 + 3) & _WORD
    return one


def _decrypted(words: tuple[int, ...], key: int) -> list[int]:
    other = 0xEEEE_EEEE
    plain: list[int] = []
    for word in words:
        other = (other + _KEY_TABLE[0x400 + (key & 0xFF)]) & _WORD
        found = word ^ ((key + other) & _WORD)
        key = (((~key << 21) + 0x1111_1111) | (key >> 11)) & _WORD
        other = (found + other * 33 + 3) & _WORD
        plain.append(found)
    return plain
