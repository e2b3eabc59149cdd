"""Reduces Unicode's confusables.txt (UTS #39) to the table that name keys are made with.

    python scripts/make_confusables.py confusables.txt > src/toprung/adapters/data/confusables.tsv

The original is https://www.unicode.org/Public/security/latest/confusables.txt; the same input gives the same output.
"""

import re
import sys
from pathlib import Path

HEADER = """\
# Characters and what they look like, both as code points: a reduction of Unicode's confusables.txt,
# version {version} ({date}), made by scripts/make_confusables.py: without names and comments, else unchanged.
# {copyright} See UNICODE-LICENSE.txt.
"""


def reduced(text: str) -> str:
    """The table: a header, then one line `source TAB prototype` per source, sorted by source."""
    rows: dict[int, str] = {}
    for line in text.splitlines():
        fields = [part.strip() for part in line.split("#")[0].split(";")]
        if len(fields) == 3 and " " not in fields[0]:
            rows[int(fields[0], 16)] = " ".join(f"{int(point, 16):04X}" for point in fields[1].split())
    header = HEADER.format(
        version=_found(r"# Version: (\S+)", text),
        date=_found(r"# Date: ([0-9-]+)", text),
        copyright=_found(r"# (©.*)", text),
    )
    return header + "".join(f"{source:04X}\t{prototype}\n" for source, prototype in sorted(rows.items()))


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"the file's header has no {pattern!r}: is it confusables.txt?")
    return match[1].strip()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(reduced(Path(sys.argv[1]).read_text(encoding="utf-8-sig")))
