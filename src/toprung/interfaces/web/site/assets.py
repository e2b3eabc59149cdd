"""Static files: kept in memory, at addresses that change with the content, so that browsers may keep them for good."""

import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from toprung.interfaces.web.site.kept import KeptAnswer

STATIC_FOLDER: Final = Path(__file__).parent / "static"
STATIC_PATH: Final = "/static"
KEEP_FOR_GOOD: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"
VENDORED: Final = "vendor/"  # these files have their version in their name

_UNKNOWN_FLAG: Final = "flags/unknown.svg"
_TEXTS: Final = frozenset({"text/css", "text/javascript", "application/javascript", "text/plain"})
_SVG: Final = "image/svg+xml"


class Assets:
    """The files of a folder with their addresses and bytes, read once; each is compressed when first asked for."""

    def __init__(self, folder: Path = STATIC_FOLDER) -> None:
        files = [path for path in folder.rglob("*") if path.is_file()]
        self._bytes: Mapping[str, bytes] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        self._hashes: Mapping[str, str] = {
            name: hashlib.sha256(content).hexdigest()[:10] for name, content in self._bytes.items()
        }
        self._answers: dict[tuple[str, bool], KeptAnswer] = {}

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError where there is none."""
        version = "" if name.startswith(VENDORED) else f"?v={self._hashes[name]}"
        return f"{STATIC_PATH}/{name}{version}"

    def flag_url(self, country: str | None) -> str:
        """The address of a country's flag; a plain one where it is unknown, unsaid or "other"."""
        name = f"flags/{(country or '').lower()}.svg"
        return self.url(name if name in self._hashes else _UNKNOWN_FLAG)

    def answer(self, name: str, query: str = "") -> KeptAnswer | None:
        """The answer at a file's address; None where there is no such file.

        It may be kept for good where what is at this address never changes: a vendored file, or one that is asked for
        by its content's hash.
        """
        if name not in self._bytes:
            return None
        is_lasting = name.startswith(VENDORED) or query == f"v={self._hashes[name]}"
        answer = self._answers.get((name, is_lasting))
        if answer is None:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            headers = {
                "Content-Type": f"{kind}; charset=utf-8" if kind in _TEXTS else kind,
                "Cache-Control": KEEP_FOR_GOOD if is_lasting else REVALIDATE,
            }
            answer = KeptAnswer.of(self._bytes[name], headers, is_text=kind in _TEXTS or kind == _SVG)
            self._answers[name, is_lasting] = answer
        return answer
