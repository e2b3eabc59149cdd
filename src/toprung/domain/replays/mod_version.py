"""The versions of the mod that ladder games are played with."""

import hashlib
from dataclasses import dataclass

from toprung.domain.replays.replay_upload import UploadId


@dataclass(frozen=True, slots=True, kw_only=True)
class ModVersion:
    """A version that an organiser approved: the exact set of its files' handles, and the upload that showed it."""

    handles: frozenset[str]
    upload_id: UploadId
    approved_at_us: int

    @property
    def key(self) -> str:
        """The name of the set."""
        return mod_key(self.handles)


def mod_key(handles: frozenset[str]) -> str:
    """The name of a set of files: the SHA-256 of its handles in order, in hexadecimal."""
    return hashlib.sha256(" ".join(sorted(handles)).encode()).hexdigest()
