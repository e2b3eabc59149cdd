"""Unicode's table of characters that look alike (UTS #39), from the data file beside this module."""

from pathlib import Path
from typing import Final

_TABLE: Final = Path(__file__).parent / "data" / "confusables.tsv"


def load_prototypes() -> dict[str, str]:
    """Each confusable character with the text that it looks like, as `NameKeys` wants it."""
    prototypes: dict[str, str] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            source, prototype = line.split("\t")
            prototypes[chr(int(source, 16))] = "".join(chr(int(point, 16)) for point in prototype.split())
    return prototypes
