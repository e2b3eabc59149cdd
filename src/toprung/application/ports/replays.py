"""What taking in replays needs of the world."""

from typing import Protocol

from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, ReplayUpload, UploadId, UploadState


class ReplayArchive(Protocol):
    """Where the bytes of replays are kept, under their SHA-256. Raises `StorageUnavailable` where it cannot."""

    async def put(self, sha256: str, data: bytes) -> None:
        """Keeps the bytes: when this returns they survive a power cut. Keeping them again changes nothing."""
        ...

    async def get(self, sha256: str) -> bytes | None:
        """The bytes, whole; None if they are not there or are not what they were."""
        ...


class ReplayRepository(Protocol):
    """Replay files and uploads."""

    def file(self, sha256: str) -> ReplayFile | None:
        """The file with this hash. Whoever changes it has its job to themselves, and needs no lock on it."""
        ...

    def add_file(self, file: ReplayFile) -> None:
        """Adds a file."""
        ...

    def save_file(self, file: ReplayFile) -> None:
        """Stores a file as given."""
        ...

    def files_of_game(self, fingerprint: str) -> list[ReplayFile]:
        """The files that hold the game with this fingerprint, the first one first."""
        ...

    def add_upload(self, new: NewUpload) -> ReplayUpload:
        """Adds an upload, as received."""
        ...

    def save_upload(self, upload: ReplayUpload) -> None:
        """Stores an upload as given."""
        ...

    def forget_file_names(self, player_id: PlayerId) -> None:
        """Forgets how this player's uploads were called."""
        ...

    def upload(self, upload_id: UploadId) -> ReplayUpload | None:
        """The upload with this id."""
        ...

    def same_upload(self, sha256: str, player_id: PlayerId, match_id: MatchId | None) -> ReplayUpload | None:
        """This player's first upload of this file for this match, or for none."""
        ...

    def uploads_of_file(self, sha256: str, state: UploadState | None = None) -> list[ReplayUpload]:
        """The uploads of a file, in this state or in any, the first one first."""
        ...

    def uploads_of_match(self, match_id: MatchId, state: UploadState) -> list[ReplayUpload]:
        """The uploads for a match that are in this state, the first one first."""
        ...

    def latest_uploads(
        self, limit: int, player_id: PlayerId | None = None, match_id: MatchId | None = None
    ) -> list[ReplayUpload]:
        """At most so many uploads, of one player or of all, for one match or for any, the newest first."""
        ...

    def bytes_uploaded(self, player_id: PlayerId, *, since_us: int) -> int:
        """The size of all that a player uploaded since then, in bytes."""
        ...

    def latest_read(self, limit: int) -> list[tuple[UploadId, str]]:
        """At most so many uploads whose file was read, the newest first, with the file's SHA-256."""
        ...

    def mod_versions(self) -> list[ModVersion]:
        """The versions of the mod that were approved, the first one first."""
        ...

    def add_mod_version(self, version: ModVersion) -> None:
        """Adds one that is not there."""
        ...

    def remove_mod_version(self, version: ModVersion) -> None:
        """Removes one, so that it may be added again; nothing where it is not there."""
        ...
