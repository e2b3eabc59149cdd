"""What taking in replays needs of the world, and what front ends ask of whoever takes them in."""

from dataclasses import dataclass
from typing import Protocol

from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, ReplayUpload, UploadId, UploadState


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The replay was read. `payload` is JSON from a process that read a hostile file: decode it by a strict schema."""

    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The file is no replay that can be used: a code for programs, a sentence for its uploader. It stays so."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooBig:
    """The file, the memory that it takes or what it says is larger than allowed. It stays so."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """Reading took longer than allowed, and whoever read was killed. An error of this job, not a death."""

    seconds_max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """Whoever read this replay died of it, by itself (`exit_code`) or of a `signal`: one of them is there."""

    exit_code: int | None
    signal: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolViolated:
    """Whoever read this replay spoke nonsense afterwards and was killed for it; it counts like a death."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The readers were shut down before there was an outcome. Nothing is held against the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Nobody can read replays at this moment. Nothing is held against the job; it is worth trying after this long."""

    retry_after_seconds: float
    sentence: str = "Replays cannot be read at this moment; try again later."


ParseOutcome = Parsed | Refused | TooBig | TimedOut | Died | ProtocolViolated | Returned | Unavailable


class ReplayParser(Protocol):
    """Reads replays without trusting them."""

    async def parse(self, data: bytes) -> ParseOutcome:
        """What came of reading these bytes, within a time that has a limit. Whatever they are, it does not raise."""
        ...


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedReplay:
    """What is kept of an upload, and what is to be said to the player.

    It is not new where the same player brought the same file for the same match before.
    """

    upload_id: UploadId
    sha256: str
    player_id: PlayerId
    match_id: MatchId | None
    state: UploadState
    sentence: str
    is_new: bool


class Intake(Protocol):
    """Taking in replays. Raises what the use cases behind it raise."""

    async def submit_replay(
        self,
        player_name: str,
        match_id: MatchId | None,
        data: bytes,
        file_name: str | None,
        *,
        by_discord: bool = False,
    ) -> SubmittedReplay:
        """Takes in a replay as that player, who is told the verdict on Discord if it was handed in there."""
        ...
