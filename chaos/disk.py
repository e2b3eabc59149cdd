"""What a disk may hold after a power cut, from a trace of what a process did to it.

The model: a write is safe once its file was synced after it, and a new or removed file once its folder was. Whatever is
not safe at the moment of the cut may have reached the disk or not, sector by sector, in any order.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Final

SECTOR_BYTES: Final = 512

_HEAD: Final = Struct("=cqqq")  # as in disk_trace.c


@dataclass(frozen=True, slots=True)
class Operation:
    """One record of a trace. `file` numbers an opened file; see disk_trace.c."""

    kind: str
    file: int
    offset: int
    data: bytes


def operations(trace: bytes) -> Iterator[Operation]:
    """The records of a trace, in order. Sync and truncate carry no bytes."""
    place = 0
    while place + _HEAD.size <= len(trace):
        kind, file, offset, length = _HEAD.unpack_from(trace, place)
        place += _HEAD.size
        yield Operation(kind.decode(), file, offset, trace[place : place + length])
        place += length


@dataclass
class _File:
    safe: bytearray = field(default_factory=bytearray)
    unsafe: list[Operation] = field(default_factory=list)

    def synced(self) -> None:
        for operation in self.unsafe:
            _apply(self.safe, operation)
        self.unsafe.clear()

    def after_a_cut(self, chance: random.Random, kept: float) -> bytes:
        """What may be left: of what is not safe, each sector is there with the probability `kept`."""
        content = bytearray(self.safe)
        for operation in self.unsafe:
            for piece in _sectors(operation):
                if chance.random() < kept:
                    _apply(content, piece)
        return bytes(content)


class Disk:
    """The files of one folder, by name: what of them is safe, and what is not yet."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = {name: _File(bytearray(content)) for name, content in files.items()}
        self._unsure: dict[str, _File | None] = {}
        """Names that were made or removed since the folder was synced, each with what it named before."""
        self._opened: dict[int, _File] = {}

    def do(self, operation: Operation) -> None:
        """What the process did."""
        if operation.kind == "o":
            name = Path(operation.data.decode()).name
            if name not in self._files:
                self._unsure.setdefault(name, None)
                self._files[name] = _File()
            self._opened[operation.file] = self._files[name]
        elif operation.kind in "wt":
            self._opened[operation.file].unsafe.append(operation)
        elif operation.kind == "s":
            self._opened[operation.file].synced()
        elif operation.kind == "d":
            self._unsure.clear()
        elif operation.kind == "u":
            name = Path(operation.data.decode()).name
            self._unsure.setdefault(name, self._files.pop(name))

    def after_a_cut(self, chance: random.Random) -> dict[str, bytes]:
        """The files as they may be when the power goes now: all of what is not safe, none of it, or some."""
        kept = chance.choice((0.0, chance.random(), 1.0))
        names = dict(self._files)
        for name, before in self._unsure.items():
            if chance.random() >= kept:
                names.pop(name, None)
                if before is not None:
                    names[name] = before
        return {name: file.after_a_cut(chance, kept) for name, file in names.items()}


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "t":
        del content[operation.offset :]
        content.extend(bytes(operation.offset - len(content)))
        return
    if len(content) < operation.offset:
        content.extend(bytes(operation.offset - len(content)))
    content[operation.offset : operation.offset + len(operation.data)] = operation.data


def _sectors(operation: Operation) -> Iterator[Operation]:
    """A write in pieces that reach the disk whole or not at all."""
    if operation.kind == "t":
        yield operation
        return
    place, end = operation.offset, operation.offset + len(operation.data)
    while place < end:
        border = min(end, (place // SECTOR_BYTES + 1) * SECTOR_BYTES)
        first = place - operation.offset
        yield Operation("w", operation.file, place, operation.data[first : first + border - place])
        place = border
