"""A look over the nested structures of a replay before they are parsed: how deep, and whether they fit their file.

The parser follows lengths and nesting wherever they lead. The encoding is the "versioned" one of Blizzard's s2protocol:
a byte says what follows, a number of variable length how much of it.
"""

from typing import Final

from toprung.domain.replays.replay import ReplayBomb, ReplayDamaged

DEPTH_MAX: Final = 16
NUMBER_BYTES_MAX: Final = 10  # a number of 64 bits, seven in a byte

_ARRAY, _BITS, _BLOB, _CHOICE, _OPTIONAL, _STRUCT, _BYTE, _FOUR_BYTES, _EIGHT_BYTES, _NUMBER = range(10)
_FIXED_BYTES: Final = {_BYTE: 1, _FOUR_BYTES: 4, _EIGHT_BYTES: 8}


def check_nesting(data: bytes) -> None:
    """Raises `UnreadableReplay` for a structure that is nested too deeply, is cut short or is no structure at all."""
    scan = _Scan(data)
    scan.value(DEPTH_MAX)


class _Scan:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def value(self, depth_left: int) -> None:
        """Passes over one value and all that is in it."""
        if not depth_left:
            raise ReplayBomb
        kind = self._byte()
        if kind in _FIXED_BYTES:
            self._skip(_FIXED_BYTES[kind])
        elif kind == _NUMBER:
            self._number()
        elif kind == _BLOB:
            self._skip(self._number())
        elif kind == _BITS:
            self._skip((self._number() + 7) // 8)
        elif kind == _CHOICE:
            self._number()
            self.value(depth_left - 1)
        elif kind == _OPTIONAL:
            if self._byte():
                self.value(depth_left - 1)
        elif kind in (_ARRAY, _STRUCT):
            for _ in range(self._number()):
                if kind == _STRUCT:
                    self._number()
                self.value(depth_left - 1)
        else:
            raise ReplayDamaged

    def _byte(self) -> int:
        self._skip(1)
        return self._data[self._at - 1]

    def _skip(self, count: int) -> None:
        self._at += count
        if count < 0 or self._at > len(self._data):
            raise ReplayDamaged

    def _number(self) -> int:
        """The next number; its lowest bit is the sign, the highest of each byte says whether another follows."""
        raw, shift = 0, 0
        while True:
            byte = self._byte()
            raw |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return -(raw >> 1) if raw & 1 else raw >> 1
            if shift >= NUMBER_BYTES_MAX * 7:
                raise ReplayDamaged
