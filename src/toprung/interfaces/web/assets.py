"""Static files: addresses that change with the content, so that browsers may keep what they have for good."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_FOLDER: Final = Path(__file__).parent / "static"
STATIC_PATH: Final = "/static"
KEEP_FOR_GOOD: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"
VENDORED: Final = "vendor/"  # these files have their version in their name

_UNKNOWN_FLAG: Final = "flags/unknown.svg"


class Assets:
    """The files of a folder with their addresses."""

    def __init__(self, folder: Path = STATIC_FOLDER) -> None:
        files = [path for path in folder.rglob("*") if path.is_file()]
        self._hashes: Mapping[str, str] = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:10] for path in files
        }

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError where there is none."""
        version = "" if name.startswith(VENDORED) else f"?v={self._hashes[name]}"
        return f"{STATIC_PATH}/{name}{version}"

    def flag_url(self, country: str | None) -> str:
        """The address of a country's flag; a plain one where it is unknown, unsaid or "other"."""
        name = f"flags/{(country or '').lower()}.svg"
        return self.url(name if name in self._hashes else _UNKNOWN_FLAG)

    def is_lasting(self, name: str, query: str) -> bool:
        """Whether what is at this address never changes: a vendored file, or one asked for by its content's hash."""
        return name.startswith(VENDORED) or query == f"v={self._hashes.get(name)}"


class CachedFiles(StaticFiles):
    """Serves the files, to be kept for good where the address is of one content only."""

    def __init__(self, assets: Assets, folder: Path = STATIC_FOLDER) -> None:
        super().__init__(directory=folder)
        self._assets = assets

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file's response. Raises `HTTPException` with 404 or 405."""
        response = await super().get_response(path, scope)
        lasting = self._assets.is_lasting(path, scope["query_string"].decode("latin-1"))
        response.headers["Cache-Control"] = KEEP_FOR_GOOD if lasting else REVALIDATE
        return response
