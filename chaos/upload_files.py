"""Files to upload that say by themselves what reading them comes to."""

import random
from typing import Final

KINDS: Final = ("read", "read", "read", "read", "read", "read", "read", "refused", "kills", "hangs")
"""What reading a file comes to, by the last digit of its number."""


def file_of(number: int, chance: random.Random) -> bytes:
    """A file of some size with this number."""
    return b"MPQ\x1b" + f"{number:09d}".encode() + chance.randbytes(chance.randrange(1_000, 60_000))


def kind_of(data: bytes) -> str:
    """What reading it comes to."""
    return KINDS[int(data[4:13]) % len(KINDS)]
